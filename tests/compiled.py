"""Each test has engines and apps of its own, but what they compile is compiled once: that was half of their time.

A statement that is compiled is looked up by dialect, too, and each engine has one; all of one kind in these tests are
alike. Of a route, it is the function that writes its address.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, util
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from werkzeug.routing import Rule

from domains.kernel import database

ALIKE = (PGDialect_psycopg, SQLiteDialect_pysqlite)
_compiled: util.LRUCache = util.LRUCache(20_000)
_make_engine = database.make_engine
_writers: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}
_make_writer = Rule._compile_builder


def make_engine(url: str) -> Engine:
    """An engine that knows what the engines before it have compiled."""
    engine = _make_engine(url)
    if isinstance(engine.dialect, ALIKE):
        engine._compiled_cache = _compiled
    return engine


def make_writer(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """The function that writes a route's address; it is given the route, so that routes that look alike share it."""
    alike = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
    if alike not in _writers:
        _writers[alike] = _make_writer(rule, append_unknown)
    return _writers[alike]


for _dialect in ALIKE:
    _dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    _dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
database.make_engine = make_engine
Rule._compile_builder = make_writer  # type: ignore[method-assign]
gc.set_threshold(100_000, 50, 100)  # models and statements stay; looking through them again and again finds nothing
