"""The press: makes one PDF in a process of its own, from a job on its standard input, and ends.

Typst is native code with threads of its own: here it cannot hang or break the worker, and forked processes can use it.
A PDF for the archive may not hold a character that no font shows: such a one is written as a question mark.
"""

import json
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

import typst

STAND_IN = "?"
UNSEEN = dict.fromkeys([0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # marks that turn the reading order
PATIENCE = 200  # different characters without a font until we give up
# what Typst says: the text `"🦄"` could not be displayed with font …, the PDF contains the codepoint `"\u{e000}"`
_NAMED = re.compile(r'(?:the text|codepoint) `"(.+?)"`', re.DOTALL)


def printable(text: str) -> str:
    """The text on one line; what means nothing on paper (controls, private characters) is replaced."""
    known = " ".join(text.translate(UNSEEN).split())
    return "".join(STAND_IN if unicodedata.category(one) in ("Cc", "Co", "Cs", "Cn") else one for one in known)


def put_right(found: object, missing: str = "") -> object:
    """A job's facts with every text in them printable, and `missing` replaced."""
    if isinstance(found, dict):
        return {name: put_right(inner, missing) for name, inner in found.items()}
    if isinstance(found, list):
        return [put_right(inner, missing) for inner in found]
    if not isinstance(found, str):
        return found
    return found.replace(missing, STAND_IN) if missing else printable(found)


def press(job: dict[str, Any]) -> bytes:
    """The PDF; what no font shows is found out by trying, because only the machine knows its fonts."""
    template, facts = Path(job["template"]), put_right(job["facts"])
    for _ in range(PATIENCE):
        try:
            made: bytes = typst.compile(
                str(template), root=str(template.parent), sys_inputs={"facts": json.dumps(facts)},
                pdf_standards=job["standards"],
            )  # fmt: skip
            return made
        except typst.TypstError as no:
            named = _NAMED.search(str(no))
            if named is None:
                raise
            facts = put_right(facts, re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), named[1]))
    raise RuntimeError("there is no end of characters without a font")


def main() -> None:
    """Read {template, facts, standards} as JSON, write the PDF."""
    sys.stdout.buffer.write(press(json.load(sys.stdin)))


if __name__ == "__main__":
    main()
