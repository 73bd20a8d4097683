"""The press: makes one PDF in a process of its own, from a job on its standard input, and ends.

Typst is native code with threads of its own: here it cannot hang or break the worker, and forked processes can use it.
"""

import json
import sys
from pathlib import Path

import typst


def main() -> None:
    """Read {template, facts, standards} as JSON, write the PDF."""
    job = json.load(sys.stdin)
    template = Path(job["template"])
    made = typst.compile(
        str(template), root=str(template.parent), sys_inputs={"facts": json.dumps(job["facts"])},
        pdf_standards=job["standards"],
    )  # fmt: skip
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
