"""The real sandbox's catalogue, pulled and sold at our prices."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from domains.kernel import config, database
from domains.kernel.errors import NotNow
from domains.kernel.money import UnitPrice
from domains.services import db, exchanges, queries
from tests.domains.services.scripted import Scripted
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


def beside(scripted: Scripted) -> None:
    """A further provider that answers what a test writes down."""
    said = json.dumps([{"key": "another", "adapter": "sandbox", "url": scripted.url, "client_secret": "s"}])
    database.bind(replace(config.current(), providers=said))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b'{"code": "moved", "message": ""}'),
        (400, b'{"code": "field_missing", "message": ""}'),
        (409, b'{"code": "operation_pending", "message": ""}'),
        (503, b"{}"),
        (200, b"<html>"),
    ],
)
def test_a_further_provider_that_says_no_keeps_nobody_elses_catalogue_away(
    sandbox: Sandbox, scripted: Scripted, status: int, body: bytes
) -> None:
    beside(scripted)
    scripted.say(status, body)

    assert exchanges.sync_catalogue().added >= 300


def test_a_further_provider_whose_catalogue_comes_empty_keeps_its_own_and_nobody_elses_away(
    sandbox: Sandbox, scripted: Scripted
) -> None:
    beside(scripted)
    offer = {"id": "one", "vendor": "v", "category": "c", "name": "Only one", "kind": "seat", "unit": "seat"}
    plan = {"term": "P1M", "billing_cycle": "monthly", "prices": [{"currency": "EUR", "purchase_price": "1"}]}
    nothing = b'{"items": [], "next_cursor": null}'
    scripted.say(200, json.dumps({"items": [offer | {"plans": [plan]}], "next_cursor": None}).encode())
    for _ in range(3):
        scripted.say(200, nothing)
    exchanges.sync_catalogue()
    sandbox.control("PUT", "offers/tailspin-analytics-pro", name="Analytics Plus")
    again = exchanges.sync_catalogue()
    sandbox.control("PUT", "offers/tailspin-analytics-pro", name="Analytics Pro")

    assert (again.changed, again.ended) == (1, 0)
    with db.begin_read() as session:
        assert queries.search_offers(session, EVERYBODY, currency="EUR", q="Only one").total == 1
