"""What was bought directly costs what the price book said on the day it began, for as many units as there are."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import to_builtins

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.services import commands, db
from domains.services.models import Drift, Seen
from domains.services.pricing import Rule
from domains.services.queries.adoptions import bought_of
from tests.conftest import Clock
from tests.factories.services import a_catalogue, an_account, on


@pytest.mark.parametrize(("quantity", "price"), [(5, "EUR 30.24"), (50, "EUR 27.72")])
def test_what_was_bought_directly_costs_what_the_book_said_then_for_so_many(
    databases: Settings, clock: Clock, quantity: int, price: str
) -> None:
    then = [Rule("all", markup_percent=Decimal(20)), Rule("all", markup_percent=Decimal(10), min_quantity=50)]
    with db.begin() as session:
        a_catalogue(session)
        commands.set_price_book(session, name="Own", rules=then)
        account = an_account(session, price_book="Own")
    clock.advance(days=5)
    seen = Seen(
        "S-1", None, quantity, "active", "active", on("2026-03-10"), on("2027-03-09"), True,
        offer="tailspin-analytics-pro", term="P1Y", billing_cycle="monthly",
    )  # fmt: skip
    drift = Drift(
        id=new_id(), customer_id=account.customer_id, account_id=account.id, provider="sandbox",
        seen=to_builtins(seen),
    )  # fmt: skip
    with db.begin() as session:
        commands.set_price_book(session, name="Own", rules=[Rule("all", markup_percent=Decimal(90))])
        found = bought_of(session, drift)

    assert str(found.unit_price) == price
