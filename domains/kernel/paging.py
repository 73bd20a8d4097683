"""Pages of a list: opaque cursors over ids that sort by time, so that new rows never shift a page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from .crypto import canonical, digest
from .errors import Invalid

MAX_LIMIT = 200
T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list and the cursor of the next ones (None on the last page)."""

    items: list[T]
    next_cursor: str | None


def page(
    session: Session, query: Select[Any], key: Any, *, cursor: str | None, limit: int, filters: dict[str, Any]
) -> Page[Any]:
    """Run a query newest first and cut it to one page.

    `key` is the id column to page by; `filters` are the other arguments of the list: a cursor made for other filters
    is refused. Items are the first column of each row (a mapped object).
    """
    size = checked_limit(limit)
    if cursor:
        query = query.where(key < UUID(bytes=decode_cursor(cursor, filters)))
    rows = list(session.scalars(query.order_by(key.desc()).limit(size + 1)))
    more = len(rows) > size
    last = getattr(rows[size - 1], key.key) if more else None
    return Page(rows[:size], encode_cursor(last.bytes, filters) if last else None)


def checked_limit(limit: int) -> int:
    """A page's size; refused outside 1 to 200."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"limit is {limit}: use 1 to {MAX_LIMIT}.", code="limit_invalid", field="limit")
    return limit


def _tag(filters: dict[str, Any]) -> bytes:
    return bytes.fromhex(digest(canonical(filters))[:16])


def encode_cursor(position: bytes, filters: dict[str, Any]) -> str:
    """An opaque cursor for a position in a list with these filters."""
    return base64.urlsafe_b64encode(_tag(filters) + position).rstrip(b"=").decode()


def decode_cursor(
    cursor: str, filters: dict[str, Any], check: Callable[[bytes], bool] = lambda p: len(p) == 16
) -> bytes:
    """The position a cursor holds; refused when it is not ours or was made for other filters."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if raw[:8] != _tag(filters) or not check(raw[8:]):
        raise Invalid(
            "This cursor belongs to another list or other filters: start again without it.",
            code="cursor_invalid",
            field="cursor",
        )
    return raw[8:]
