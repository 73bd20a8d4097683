"""Finding rows by a part of their text, which means the same on all three databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false

_ESCAPE = "/"


def holds(column: Any, text: str) -> ColumnElement[bool]:
    """Whether a column holds `text` somewhere, every character standing for itself.

    Also the bracket, which Azure SQL reads as a set, and the NUL, which no row has and PostgreSQL cannot be asked for.
    """
    if "\0" in text:
        return false()
    for special in (_ESCAPE, "%", "_", "["):
        text = text.replace(special, _ESCAPE + special)
    found: ColumnElement[bool] = column.like(f"%{text}%", escape=_ESCAPE)
    return found
