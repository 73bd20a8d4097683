"""Each test has engines of its own, but a statement is compiled once for all of them: that was a third of their time.

What is compiled is looked up by dialect, too, and each engine has one; all of one kind in these tests are alike.
"""

from __future__ import annotations

import gc

from sqlalchemy import Engine, util
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from domains.kernel import database

ALIKE = (PGDialect_psycopg, SQLiteDialect_pysqlite)
_compiled: util.LRUCache = util.LRUCache(20_000)
_make_engine = database.make_engine


def make_engine(url: str) -> Engine:
    """An engine that knows what the engines before it have compiled."""
    engine = _make_engine(url)
    if isinstance(engine.dialect, ALIKE):
        engine._compiled_cache = _compiled
    return engine


for _dialect in ALIKE:
    _dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    _dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
database.make_engine = make_engine
gc.set_threshold(100_000, 50, 100)  # models and statements stay; looking through them again and again finds nothing
