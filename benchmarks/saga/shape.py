"""The saga that both sides run: four steps, each one INSERT and one UPSERT in a PostgreSQL database of its own.

Neither belongs to the product: the domains are the measurement's own and so are their tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, Integer, MetaData, String, Table, Uuid
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

OURS, THEIRS, TWO_OF_THEIRS = "ours", "dbos", "dbos x2"  # the sides; DBOS in one process, and in two
DOMAINS = ("one", "two", "three", "four")
KEYS = 1000  # rows that the upserts meet in each domain: two sagas seldom want the same one at the same time


def tables(metadata: MetaData) -> tuple[Table, Table]:
    """What a step writes to: a row for each effect, and a sum that it adds to."""
    effect = Table(
        "effect", metadata,
        Column("id", Uuid, primary_key=True),
        Column("thing", Uuid, nullable=False),
        Column("amount", Integer, nullable=False),
    )  # fmt: skip
    balance = Table(
        "balance", metadata, Column("key", String(20), primary_key=True), Column("amount", Integer, nullable=False)
    )
    return effect, balance


def effect_of(metadata: MetaData) -> Callable[[Session, UUID, int], None]:
    """What a step does in its domain."""
    effect, balance = tables(metadata)
    new = insert(balance)
    upsert = new.on_conflict_do_update(
        index_elements=[balance.c.key], set_={"amount": balance.c.amount + new.excluded.amount}
    )

    def happen(session: Session, thing: UUID, amount: int) -> None:
        session.execute(effect.insert(), {"id": uuid4(), "thing": thing, "amount": amount})
        session.execute(upsert, {"key": f"account {thing.int % KEYS}", "amount": amount})

    return happen


def told(waited: list[float], begun: float, ended: float) -> dict[str, Any]:
    """What a process that has started sagas says about them: how long each took, and from when to when."""
    return {"seconds": waited, "begun": begun, "ended": ended}
