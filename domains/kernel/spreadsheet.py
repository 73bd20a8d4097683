"""Tables for spreadsheets, in which no cell is taken for a formula. The only place that writes CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any
from unicodedata import category

MEDIA_TYPE = "text/csv"
FORMULA, ENDS = "=+-@|%＝＋－＠", ";\t\r\n"
UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")  # controls, marks such as U+200B and U+FEFF, blanks
# seldom, so that most texts are spared the walk
RISKY = re.compile(rf"^[\t\r\n]|(?:^|[;\t\r\n])[^\w;\t\r\n]*?[{re.escape(FORMULA)}]")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows below their columns' names. Texts are made harmless; numbers and days stay as programs write them."""
    out = io.StringIO()
    made = csv.writer(out, lineterminator="\r\n")
    made.writerow(columns)
    for row in rows:
        made.writerow([harmless(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in row])
    return out.getvalue()


def harmless(text: str) -> str:
    """A text that a spreadsheet shows as it is: an apostrophe stands before all that it could take for a formula.

    That is a formula at the beginning, after signs that nobody sees, and after whatever parts cells where commas do
    not: a semicolon, a tab, a new line. Quotes do not help there: who reads them ends a cell where we do not.
    """
    if not RISKY.search(text):
        return text
    made, begins = ["'"] if text[0] in ENDS[1:] else [], True
    for sign in text:
        made += ["'", sign] if begins and sign in FORMULA else [sign]
        begins = sign in ENDS or (begins and (sign == '"' or category(sign) in UNSEEN))
    return "".join(made)
