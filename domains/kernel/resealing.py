"""Moves what is kept sealed under the key that seals now, so that an older key can be dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, select

from . import config
from .crypto import sealing_keys
from .database import Database
from .envelope import MARK, VERSION, CannotOpen, rewrapped

BATCH = 500


def columns(database: Database) -> Iterator[tuple[Table, Column[str]]]:
    """The sealed columns of a database: those that carry the mark."""
    for table in database.metadata.sorted_tables:
        for column in table.columns:
            if column.info.get("sealed") == MARK["sealed"]:
                yield table, column


def reseal(database: Database) -> Iterator[str]:
    """Rewrap every sealed value under the first key, in short transactions; yields a line for each that does not open.

    It may be cut short and run again, beside everything else: a value that changed meanwhile is left to who wrote it.
    """
    current = f"{VERSION}.{next(iter(sealing_keys(config.current().sealing_keys)))}."
    for table, column in columns(database):
        (key,) = table.primary_key.columns
        old = select(key, column).where(column.is_not(None), column.not_like(f"{current}%")).order_by(key).limit(BATCH)
        last: Any = None
        while True:
            with database.begin() as session:
                rows = session.execute(old if last is None else old.where(key > last)).all()
                for row_id, sealed in rows:
                    try:
                        moved = {column.name: rewrapped(sealed)}
                    except CannotOpen as why:
                        yield f"{database.name}: {table.name}.{column.name} of {row_id}: {why}"
                        continue
                    session.execute(table.update().where(key == row_id, column == sealed).values(moved))
            if not rows:
                break
            last = rows[-1][0]
