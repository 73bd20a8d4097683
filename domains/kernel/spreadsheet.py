"""Tables for spreadsheets, in which no cell is taken for a formula. The only place that writes CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

MEDIA_TYPE = "text/csv"
FORMULA = tuple("=+-@|%＝＋－＠")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows below their columns' names. Texts are made harmless; numbers and days stay as programs write them."""
    out = io.StringIO()
    made = csv.writer(out, lineterminator="\r\n")
    made.writerow(columns)
    for row in rows:
        made.writerow([harmless(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in row])
    return out.getvalue()


def harmless(text: str) -> str:
    """A text that a spreadsheet shows as it is: one that begins like a formula gets an apostrophe before it."""
    return f"'{text}" if text.lstrip()[:1] in FORMULA or text[:1] in ("\t", "\r", "\n") else text
