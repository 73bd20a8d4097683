"""The real sandbox's catalogue, pulled and sold at our prices."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from domains.kernel.errors import NotNow
from domains.kernel.money import UnitPrice
from domains.services import db, exchanges, queries
from tests.factories.services import EVERYBODY, ask
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.slow


def test_the_whole_catalogue_is_pulled_in_seconds_and_then_only_compared(sandbox: Sandbox) -> None:
    begun = time.perf_counter()
    first = exchanges.sync_catalogue()
    took = time.perf_counter() - begun
    again = ask(exchanges.pull_catalogue)

    assert first.added == first.offers >= 300
    assert (again.added, again.changed, again.ended) == (0, 0, 0)
    assert took < 6.0  # the provider's pages included


def test_analytics_pro_is_sold_at_31_50(sandbox: Sandbox) -> None:
    exchanges.sync_catalogue()
    with db.begin_read() as session:
        page = queries.search_offers(session, EVERYBODY, currency="EUR", q="tailspin-analytics-pro")

    found = next(card for card in page.items if card.name == "Analytics Pro")
    assert (found.unit_price, found.term, found.billing_cycle) == (
        UnitPrice(Decimal("31.50"), "EUR"), "P1Y", "monthly",
    )  # fmt: skip


def test_every_offer_has_a_price_in_every_currency(sandbox: Sandbox) -> None:
    exchanges.sync_catalogue()
    with db.begin_read() as session:
        for currency in ("EUR", "GBP", "NOK", "SEK", "CHF", "PLN", "SGD", "AUD", "JPY", "NZD", "INR"):
            page = queries.search_offers(session, EVERYBODY, currency=currency, limit=200)
            assert page.total >= 300
            assert all(card.unit_price is not None for card in page.items)


def test_a_catalogue_that_breaks_off_changes_nothing(sandbox: Sandbox) -> None:
    exchanges.sync_catalogue()
    sandbox.fault("list_offers", "error", status=500, count=1)

    with pytest.raises(NotNow):
        exchanges.sync_catalogue()
    with db.begin_read() as session:
        assert queries.search_offers(session, EVERYBODY, currency="EUR").total >= 300
