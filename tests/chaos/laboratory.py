"""Three small domains and two flows shaped like an order, cheap enough that thousands run while everything breaks.

Each step is an INSERT and an UPSERT in its own domain's database. `delivery` asks the real sandbox provider at its
pivot; `errand` takes and reserves at the same time, and says yes or no itself. What a run shall meet on its way is in
its payload.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domains.kernel import config
from domains.kernel.columns import Count, Id, Text
from domains.kernel.database import Database, database_of, insert_new, new_id
from domains.kernel.errors import Locked, NotNow, Refused
from domains.kernel.messages import Event, Exchange, on, publish
from domains.services.providers import PlacedOrder, provider
from saga.definition import Saga, pivot, step, together

larder, purse, ledger = Database("larder"), Database("purse"), Database("ledger")
DATABASES = (larder, purse, ledger)
OFFER = {"offer_id": "tailspin-analytics-pro", "term": "P1Y", "billing_cycle": "monthly", "quantity": 1}

for database in DATABASES:
    Table(
        "effect", database.metadata,
        Column("id", Id, primary_key=True),
        Column("thing", Id, nullable=False, index=True),
        Column("name", Text(20), nullable=False),
        Column("amount", Count, nullable=False),
        Column("said", Text(80)),
    )  # fmt: skip
    Table(
        "balance", database.metadata,
        Column("place", Count, primary_key=True, autoincrement=False),
        Column("amount", Count, nullable=False),
    )  # fmt: skip
hold = Table("hold", larder.metadata, Column("shelf", Count, primary_key=True, autoincrement=False),
             Column("thing", Id, nullable=False))  # fmt: skip
heard = Table("heard", purse.metadata, Column("id", Id, primary_key=True), Column("thing", Id, nullable=False))


@dataclass(frozen=True)
class Errand:
    """What is wanted, and `trouble`: what a step shall do to it (`no_take`, `stumble_reserve`, …) or nothing."""

    thing: UUID
    customer_id: UUID
    reseller_id: UUID | None
    shelf: int
    amount: int
    trouble: str
    customer: str  # at the provider, whose faults go by it


@dataclass(frozen=True)
class Signed(Event):
    """The point of no return was passed."""

    thing_id: UUID


def _note(session: Session, thing: UUID, name: str, amount: int, place: int, said: str | None = None) -> None:
    """One INSERT and one UPSERT."""
    tables = database_of(session).metadata.tables
    row = {"id": new_id(), "thing": thing, "name": name, "amount": amount, "said": said}
    session.execute(tables["effect"].insert().values(row))
    balance = tables["balance"]
    upsert = insert(balance).values(place=place, amount=amount)
    more = {"amount": balance.c.amount + upsert.excluded.amount}
    session.execute(upsert.on_conflict_do_update(index_elements=[balance.c.place], set_=more))


def _trip(name: str, thing: UUID, trouble: str) -> None:
    """What the step shall do after its effect: say no, or fail the first time."""
    if trouble == f"no_{name}":
        raise Refused("The laboratory says no.", code="laboratory_refused")
    if trouble == f"stumble_{name}" and _is_first(f"{name}-{thing}"):
        raise NotNow("the laboratory stumbles")


def _is_first(mark: str) -> bool:
    """Whether nobody was here before, in whichever process."""
    folder = Path(config.current().var) / "stumbled"
    folder.mkdir(exist_ok=True)
    try:
        (folder / mark).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def take(session: Session, *, thing: UUID, shelf: int, amount: int, trouble: str) -> None:
    if not insert_new(session, hold, {"shelf": shelf, "thing": thing}, "shelf"):
        raise Locked(Refused("Another run holds the shelf.", code="shelf_held"))
    _note(session, thing, "take", amount, shelf % 100)
    _trip("take", thing, trouble)


def put_back(session: Session, *, thing: UUID, shelf: int, amount: int, trouble: str) -> None:
    _note(session, thing, "put_back", -amount, shelf % 100)
    session.execute(hold.delete().where(hold.c.thing == thing))
    _trip("put_back", thing, trouble)


def reserve(session: Session, *, thing: UUID, shelf: int, amount: int, trouble: str) -> None:
    _note(session, thing, "reserve", amount, shelf % 100)
    _trip("reserve", thing, trouble)


def release(session: Session, *, thing: UUID, shelf: int, amount: int) -> None:
    _note(session, thing, "release", -amount, shelf % 100)


def sign(session: Session, *, thing: UUID, shelf: int, amount: int, trouble: str) -> None:
    _note(session, thing, "sign", amount, shelf % 100)
    publish(session, Signed(version=1, thing_id=thing))
    _trip("sign", thing, trouble)


def hand_over(session: Session, *, thing: UUID, shelf: int, trouble: str) -> None:
    _note(session, thing, "hand_over", 0, shelf % 100)
    session.execute(hold.delete().where(hold.c.thing == thing))
    _trip("hand_over", thing, trouble)


def _intend(_session: Session, *, thing: UUID, customer: str) -> tuple[UUID, str]:
    return thing, customer


def _call(wanted: tuple[UUID, str], asked_before: bool) -> PlacedOrder:
    thing, customer = wanted
    placed = provider().find_order(thing) if asked_before else None
    if placed is None:
        line = OFFER | {"reference": f"{thing}/1"}
        body: dict[str, Any] = {"reference": str(thing), "customer": customer, "currency": "EUR", "lines": [line]}
        placed = provider().place_order(thing, body)
    if placed.status != "completed":
        raise NotNow(f"the provider's order is {placed.status}")
    return placed


def _record(session: Session, answer: PlacedOrder, *, thing: UUID, shelf: int, amount: int) -> None:
    _note(session, thing, "sign", amount, shelf % 100, answer.id)
    publish(session, Signed(version=1, thing_id=thing))


order = Exchange("ledger.order", _intend, _call, _record)


def hear(session: Session, body: dict[str, Any]) -> None:
    session.execute(heard.insert().values(id=new_id(), thing=UUID(body["thing_id"])))


def _settle_in(database: Database, *commands: Any) -> None:
    """Let a database and its commands stand where the product's domains stand, so that its own worker finds them."""
    for command in commands:
        command.__module__ = f"domains.{database.name}.commands"
    package, models = (ModuleType(f"domains.{database.name}{end}") for end in ("", ".models"))
    package.__path__ = []
    models.db = database  # type: ignore[attr-defined]
    sys.modules |= {package.__name__: package, models.__name__: models}


_settle_in(larder, take, put_back, hand_over)
_settle_in(purse, reserve, release)
_settle_in(ledger, sign)
hear.__module__ = "domains.purse.reactions"
on("ledger.Signed")(hear)

_FIRST = (
    step(take, compensation=put_back, title="Take"),
    step(reserve, compensation=release, title="Reserve"),
)
errand = Saga("errand", Errand, (*together(*_FIRST), pivot(sign, title="Sign"), step(hand_over, title="Hand over")))
delivery = Saga("delivery", Errand, (*_FIRST, pivot(order, title="Order"), step(hand_over, title="Hand over")))
