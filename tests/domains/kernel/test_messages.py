"""Events leave with the change they tell about, and are reacted to once, whatever the bus does to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.accounts import db
from domains.kernel import messages
from domains.kernel.config import Settings
from domains.kernel.database import insert_new, new_id
from domains.kernel.messages import Event, acting, context, fitted, on, publish, react
from domains.kernel.money import Money
from domains.kernel.tenancy import SYSTEM, Actor

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NAME = "billing.BudgetRaised"


@dataclass(frozen=True)
class BudgetRaised(Event):
    """A fact with everything that facts are made of."""

    label: str
    budget_id: UUID
    customer_id: UUID
    budget: Money
    on: date
    at: datetime


def a_fact(**but: Any) -> BudgetRaised:
    known: dict[str, Any] = {
        "version": 3, "label": "HQ", "budget_id": new_id(), "customer_id": new_id(),
        "budget": Money.of("12.50", "EUR"), "on": date(2026, 3, 10), "at": datetime(2026, 3, 10, 9, tzinfo=UTC),
    }  # fmt: skip
    return BudgetRaised(**known | but)


def published() -> list[Any]:
    with db.begin_read() as session:
        return list(session.execute(db.outbox.select().order_by(db.outbox.c.position)))


def an_event(**but: Any) -> dict[str, Any]:
    """An event as the relay sends it."""
    body = msgspec.to_builtins(a_fact())
    return {"event_id": str(new_id()), "type": NAME, "version": 3, "body": body} | but


@pytest.fixture
def kept() -> Iterator[list[tuple[int, str]]]:
    """What the consumer knows of each budget: it keeps the newest version and skips what is older."""
    done: list[tuple[int, str]] = []

    def keep(session: Session, event: dict[str, Any]) -> None:
        row = {"series": event["budget_id"], "last": 0}
        insert_new(session, db.number_series, row, "series")
        newer = db.number_series.c.series == event["budget_id"], db.number_series.c.last < event["version"]
        changed = session.execute(db.number_series.update().where(*newer).values(last=event["version"]))
        if changed.rowcount:
            done.append((event["version"], event["label"]))
        if event["label"] == "broken":
            raise RuntimeError(event["label"])

    keep.__module__ = "domains.consumer.reactions"
    on(NAME)(keep)
    yield done
    del messages._reactions["consumer"]


def consume(event: dict[str, Any]) -> bool:
    with db.begin() as session:
        return react(session, "consumer", event)


def test_an_event_holds_the_fact_its_thing_its_version_and_its_trace(databases: Settings) -> None:
    fact = a_fact()

    with acting(traceparent=TRACE), db.begin() as session:
        publish(session, fact)

    (row,) = published()
    assert (row.type, row.aggregate_id, row.version) == ("accounts.BudgetRaised", fact.budget_id, 3)
    assert (row.traceparent, row.published_at) == (TRACE, None)
    assert row.at.tzinfo is UTC
    assert msgspec.convert(row.body, BudgetRaised, strict=False) == fact


def test_events_are_kept_in_the_order_of_their_publishing(databases: Settings) -> None:
    with db.begin() as session:
        for version in (1, 2, 3):
            publish(session, a_fact(version=version))

    assert [row.version for row in published()] == [1, 2, 3]
    assert len({row.event_id for row in published()}) == 3


def test_a_change_that_is_taken_back_tells_nobody(databases: Settings) -> None:
    def change() -> None:
        with db.begin() as session:
            publish(session, a_fact())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()

    assert published() == []


def test_an_event_that_comes_twice_is_reacted_to_once(databases: Settings, kept: list[Any]) -> None:
    event = an_event()

    assert [consume(event), consume(event), consume(dict(event))] == [True, False, False]
    assert kept == [(3, "HQ")]


def test_a_reaction_that_fails_is_tried_again_when_the_event_comes_again(databases: Settings, kept: list[Any]) -> None:
    event = an_event()
    broken = event | {"body": event["body"] | {"label": "broken"}}

    with pytest.raises(RuntimeError):
        consume(broken)
    with db.begin_read() as session:
        assert session.scalar(select(func.count()).select_from(db.consumed)) == 0

    assert consume(event) is True
    assert kept[-1] == (3, "HQ")


def test_an_older_version_that_comes_late_changes_nothing(databases: Settings, kept: list[Any]) -> None:
    newer = an_event()
    older = an_event(body=newer["body"] | {"version": 2, "label": "old name"})

    assert consume(newer) and consume(older)
    assert kept == [(3, "HQ")]


def test_what_concerns_nobody_leaves_no_trace(databases: Settings, kept: list[Any]) -> None:
    assert consume(an_event(type="billing.SomethingElse")) is False
    with db.begin_read() as session:
        assert session.scalar(select(func.count()).select_from(db.consumed)) == 0


def test_arguments_are_picked_and_become_what_the_function_declares() -> None:
    def know(session: Session, *, budget_id: UUID, budget: Money, on: date, at: datetime, rate: Decimal | None = None,
             lines: tuple[Money, ...] = ()) -> None: ...  # fmt: skip

    fact = a_fact()
    values = msgspec.to_builtins(fact) | {"lines": [{"amount": "1.00", "currency": "EUR"}], "rate": "0.5"}

    found = fitted(know, values)

    assert found == {
        "budget_id": fact.budget_id, "budget": fact.budget, "on": fact.on, "at": fact.at, "rate": Decimal("0.5"),
        "lines": (Money.of(1, "EUR"),),
    }  # fmt: skip


def test_what_is_missing_is_left_to_the_function_and_what_does_not_fit_is_refused() -> None:
    def know(*, budget_id: UUID, version: int = 1) -> None: ...

    assert fitted(know, {"label": "x"}) == {}
    with pytest.raises(msgspec.ValidationError):
        fitted(know, {"budget_id": "not an id"})


def test_the_context_is_added_to_and_given_back() -> None:
    user = Actor("user", "u", "Olivia Owen")

    assert context().actor == SYSTEM
    with acting(actor=user, request_id="r-1"):
        with acting(run_id=(run := new_id())):
            assert (context().actor, context().request_id, context().run_id) == (user, "r-1", run)
        assert context().run_id is None
    assert (context().actor, context().request_id) == (SYSTEM, "")
