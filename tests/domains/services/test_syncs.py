"""What a sync of the catalogue changes is kept, before and after; an incremental one ends only what it is told of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import func, select

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from domains.services import commands, db, queries
from domains.services.models import CatalogueChange, CatalogueSync, Offer, PastPrice
from domains.services.providers import CatalogueOffer
from tests.conftest import Clock
from tests.factories.services import EVERYBODY, a_plan, an_offer

BACKUP = an_offer("adatum-backup", name="Backup")


def store(*offers: CatalogueOffer, **but: Any) -> CatalogueChange:
    with db.begin() as session:
        return commands.store_catalogue(session, provider="sandbox", offers=offers, **but)


def changes(scope: Scope = EVERYBODY, **but: Any) -> list[Any]:
    with db.begin_read() as session:
        return list(queries.list_offer_changes(session, scope, **but).items)


def test_what_a_sync_changes_is_told_before_and_after(databases: Settings, clock: Clock) -> None:
    store(an_offer(), BACKUP)
    clock.advance(hours=1)
    dearer = a_plan(EUR="27.00", JPY="3900")
    store(msgspec.structs.replace(an_offer(), name="Analytics Pro 2", max_quantity=500, plans=(dearer,)), BACKUP)

    found = changes(kind="changed")

    assert [(one.field, one.before, one.after) for one in found[0].fields] == [
        ("max_quantity", 300, 500), ("name", "Analytics Pro", "Analytics Pro 2"),
    ]  # fmt: skip
    assert found[0].prices == [
        {"term": "P1Y", "billing_cycle": "monthly", "currency": "EUR", "purchase_price": ["25.2", "27"],
         "list_price": [None, None]},
    ]  # fmt: skip
    with db.begin_read() as session:
        past = session.scalars(select(PastPrice)).one()
        assert (past.purchase_price, past.until) == (Decimal("25.20"), clock.now)


def test_customers_are_not_told_what_it_costs_us(databases: Settings, clock: Clock) -> None:
    store(an_offer(), BACKUP)
    clock.advance(hours=1)
    store(msgspec.structs.replace(an_offer(), plans=(a_plan(EUR="27.00"),)), BACKUP)

    told = changes(Scope.customer(new_id()))

    assert [(one.kind, one.prices) for one in told] == [("added", None), ("added", None)]
    assert len(changes()) == 3


def test_a_sync_of_what_has_changed_ends_only_what_it_is_told_of(databases: Settings, clock: Clock) -> None:
    store(an_offer(), BACKUP, mark="1", etag='"1"')
    clock.advance(minutes=1)
    new = an_offer("new", name="New")

    told = store(new, full=False, ended=("adatum-backup", "never-heard-of"), mark="2")

    assert (told.added, told.changed, told.ended) == (1, 0, 1)
    with db.begin_read() as session:
        assert sorted(session.scalars(select(Offer.name).where(Offer.active))) == ["Analytics Pro", "New"]
        runs = queries.list_syncs(session).items
    assert [(run.kind, run.mark, run.added, run.ended) for run in runs] == [
        ("incremental", "2", 1, 1), ("full", "1", 2, 0),
    ]  # fmt: skip


def test_an_empty_answer_to_what_has_changed_changes_nothing(databases: Settings, clock: Clock) -> None:
    store(an_offer())
    told = store(full=False)

    assert (told.added, told.changed, told.ended) == (0, 0, 0)
    with db.begin_read() as session:
        assert session.scalar(select(func.count()).select_from(CatalogueSync)) == 2


def test_what_comes_back_is_told_as_sold_again(databases: Settings, clock: Clock) -> None:
    store(an_offer(), BACKUP)
    store(an_offer())
    clock.advance(minutes=1)
    store(an_offer(), BACKUP)

    newest = changes()[0]

    assert (newest.kind, [(one.field, one.after) for one in newest.fields]) == ("changed", [("active", True)])
