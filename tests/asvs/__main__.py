"""Prints the table of demands and what shows them, and writes var/asvs.json; exit status 1 while one is open."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict

from tests.architecture.reading import ROOT

from .table import Row, table


def line(row: Row) -> str:
    """One row of the printed table."""
    shown = f"{len(row.tests)} test{'s' * (len(row.tests) != 1)}, {row.tests[0]}" if row.tests else ""
    return (
        f"{row.id:8} {row.status:8} {row.text}\n{'':17} {shown or row.absent or row.manual or 'nothing shows it yet'}"
    )


def main() -> int:
    rows = table()
    counts = Counter(row.status for row in rows)
    told = [asdict(row) | {"status": row.status} for row in rows]
    (ROOT / "var").mkdir(exist_ok=True)
    (ROOT / "var" / "asvs.json").write_text(json.dumps({"counts": counts, "rows": told}, indent=1), encoding="utf-8")
    print("\n".join(map(line, rows)))
    words = ", ".join(f"{counts[status]} {status}" for status in ("covered", "absent", "manual", "open"))
    print(f"ASVS 5.0, level 2: {len(rows)} demands: {words}; {sum(len(row.tests) for row in rows)} marks")
    return 1 if counts["open"] else 0


if __name__ == "__main__":
    sys.exit(main())
