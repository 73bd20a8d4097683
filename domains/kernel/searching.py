"""Finding rows by a part of their text, which means the same on all three databases."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, false

_ESCAPE = "/"
BEFORE, BEHIND = r"(?<![\w.+-])", r"(?![\w-]|\.\w)"  # no more of an e-mail address


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


def spellings(word: str) -> list[str]:
    """A word as a column may keep it: as it is, and as JSON writes it."""
    return sorted({word, json.dumps(word)[1:-1]} - {""})


@lru_cache(maxsize=256)
def whole(address: str) -> re.Pattern[str]:
    """What finds an e-mail address where it stands by itself, and an id anywhere.

    In `ann.lee@mail.example` there is no `lee@mail.example`, nor in `lee@mail.example.org`.
    """
    if "@" not in address:
        return re.compile(re.escape(address))
    return re.compile(BEFORE + re.escape(address) + BEHIND)


def tells_of(value: Any, words: tuple[str, ...]) -> bool:
    """Whether one of some addresses or ids stands in a text or, however deep, in JSON."""
    if isinstance(value, dict):
        return any(tells_of(one, words) for one in (*value, *value.values()))
    if isinstance(value, (list, tuple)):
        return any(tells_of(one, words) for one in value)
    return isinstance(value, str) and any(whole(word).search(value) for word in words if word)
