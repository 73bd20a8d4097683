"""The databases of both sides with their tables: ours as the product makes them, theirs by DBOS itself."""

from __future__ import annotations

from sqlalchemy import MetaData, create_engine

from benchmarks.saga.ours import databases
from benchmarks.saga.shape import DOMAINS, tables
from benchmarks.saga.sides import Bench
from saga.tables import db


def make_tables(bench: Bench) -> None:
    """Make all tables but DBOS's own, which it makes when it is started for the first time."""
    for name, metadata in (("saga", db.metadata), *((one, databases[one].metadata) for one in DOMAINS)):
        _make(bench, name, metadata)
    for name in DOMAINS:
        theirs = MetaData()
        tables(theirs)
        _make(bench, f"dbos_{name}", theirs)


def _make(bench: Bench, name: str, metadata: MetaData) -> None:
    engine = create_engine(bench.url.replace("{domain}", name))
    metadata.create_all(engine)
    engine.dispose()
