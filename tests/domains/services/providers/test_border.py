"""Whatever a provider says, what we keep of it fits every database, and a page can be drawn of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from domains.kernel import database
from domains.kernel.columns import cut
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Refused
from domains.services import commands, db, exchanges, queries
from domains.services.models import Offer, Subscription
from domains.services.pricing import FOREVER
from domains.services.providers import CatalogueOffer, HeldSubscription, PlacedOrder, UnknownOutcome, facts
from domains.services.providers.border import Unreadable, decoded
from domains.services.providers.readings import words_for
from tests.conftest import Clock
from tests.domains.services.scripted import Scripted
from tests.factories.services import (
    EVERYBODY,
    a_catalogue,
    a_line,
    a_running,
    an_account,
    ask,
    begin,
    change_of,
    place,
    terms_of,
)

NASTY = "a\0" + "ü🙂" * 3000
OFFER: dict[str, Any] = {
    "id": "offer-1", "vendor": "v", "category": "c", "name": "n", "kind": "seat", "unit": "seat",
    "plans": [{"term": "P1Y", "billing_cycle": "monthly", "prices": [{"currency": "EUR", "purchase_price": "10"}]}],
}  # fmt: skip
HELD: dict[str, Any] = {
    "id": "CS-0", "reference": None, "quantity": 20, "status": "active", "start_date": "2026-03-10",
    "valid_to": "2027-03-09", "version": 1,
}  # fmt: skip


@pytest.fixture
def provider(databases: Settings, clock: Clock, scripted: Scripted) -> Scripted:
    """A provider that says what the test wants, behind this test's settings."""
    database.bind(replace(databases, provider_url=scripted.url, provider_timeout=1.0))
    return scripted


def read(shape: Any, said: dict[str, Any], **but: Any) -> Any:
    return decoded(json.dumps(said | but).encode(), shape)


def units(text: str) -> int:
    """How long Azure SQL takes a text to be."""
    return len(text.encode("utf-16-le")) // 2


@given(
    st.text(alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\0🙂ü"))), st.integers(0, 40)
)
@settings(max_examples=200)
def test_a_text_that_was_cut_fits_and_says_as_much_as_fits(text: str, most: int) -> None:
    kept = cut(text, most)

    assert "\0" not in kept
    assert units(kept) <= most
    clean = text.replace("\0", "")
    assert clean.startswith(kept)
    assert units(clean) <= most or units(clean[: len(kept) + 1]) > most


@pytest.mark.parametrize(
    "said",
    [{"id": "x" * 81}, {"id": ""}, {"id": "a\0b"}, {"id": "🙂" * 41}, {"min_quantity": 2**31}, {"min_quantity": -1},
     {"valid_from": "someday"}],
)  # fmt: skip
def test_what_cannot_be_cut_makes_an_offer_unreadable(said: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read(CatalogueOffer, OFFER, **said)


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-0.01", "1e13", "1e999999"])
def test_a_price_that_is_none_makes_an_offer_unreadable(price: str) -> None:
    with pytest.raises(Unreadable):
        read(facts.Price, {"currency": "EUR", "purchase_price": price})


@pytest.mark.parametrize(
    "said",
    [{"quantity": 2**31}, {"quantity": -1}, {"version": 2**40}, {"start_date": "0001-01-01"}, {"id": "a\0b"},
     {"cancelable_until": "0001-01-01T00:00:00+14:00"}],
)  # fmt: skip
def test_what_cannot_be_kept_makes_a_subscription_unreadable(said: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read(HeldSubscription, HELD, **said)


@pytest.mark.parametrize("body", [b"\xff", b'{"code": "\xff"}', b'{"code": "c", "data": ' + b'{"a":' * 100_000])
def test_what_is_no_text_at_all_cannot_be_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decoded(body, facts.Refusal)


def test_an_end_beyond_all_reckoning_is_none_and_a_time_without_a_zone_is_in_utc() -> None:
    held = read(HeldSubscription, HELD, valid_to="9999-06-30", cancelable_until="2026-03-17T09:00:00")

    assert held.valid_to is None
    assert held.cancelable_until.isoformat() == "2026-03-17T09:00:00+00:00"


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_a_moment_that_stands_for_never_can_be_shown_in_every_zone(never: str, zone: str) -> None:
    held = read(HeldSubscription, HELD, cancelable_until=never)

    assert held.cancelable_until.astimezone(ZoneInfo(zone)).year in (1899, 1900, 8999)


@pytest.mark.parametrize(("said", "kept"), [(7, 7.0), (1e300, 300.0), (-1, None), ("nan", None), ("inf", None)])
def test_a_wait_is_one_that_can_be_believed(said: Any, kept: float | None) -> None:
    order = {"id": "PO-1", "reference": "r", "status": "pending", "lines": [], "retry_after": said}

    assert read(PlacedOrder, order).retry_after == kept


def test_rules_that_cannot_be_reckoned_with_are_left_out_and_others_kept() -> None:
    policy = {"cancel_window_hours": "x", "return_window_hours": 1e300, "max_term_months": True, "extend": "none"}

    assert read(CatalogueOffer, OFFER, policy=policy | {"a\0": ["b\0"]}).policy == {"extend": "none", "a": ["b"]}


def test_a_whole_hostile_catalogue_is_kept_and_sold(provider: Scripted) -> None:
    plan = OFFER["plans"][0]
    odd = [plan | {"term": term} for term in ("P1W", "x" * 500, *(f"P{n}M" for n in range(1, 60)))]
    offer = OFFER | dict.fromkeys(("vendor", "category", "name", "kind", "unit", "description", "version"), NASTY)
    offer |= {"plans": [plan, *odd, plan | {"billing_cycle": NASTY}], "countries": ["NL", NASTY, *["DE"] * 5000],
              "addon_of": [], "policy": {"odd": NASTY}}  # fmt: skip
    promotion = {"id": "p", "name": NASTY, "percent": "5", "countries": [NASTY], "vendors": [NASTY]}
    provider.say(200, json.dumps({"items": [offer], "mark": "1"}).encode())
    provider.say(200, json.dumps({"items": [promotion]}).encode())

    exchanges.sync_catalogue()
    with db.begin_read() as session:
        row = session.scalars(select(Offer)).one()
        page = queries.search_offers(session, EVERYBODY, currency="EUR", q="ü")

    for column in Offer.__table__.columns:
        value, most = getattr(row, column.name), getattr(column.type, "length", None)
        assert not (isinstance(value, str) and most) or units(value) <= most, column.name
    assert row.countries == ",NL,DE,"
    assert [card.name for card in page.items] == [row.name]
    assert set(page.items[0].billing_cycles) == {"monthly"}


def test_a_hostile_no_takes_everything_back(provider: Scripted) -> None:
    with db.begin() as session:
        a_catalogue(session)
        terms = terms_of(session, an_account(session), a_line(session))
        place(session, terms)
    provider.say(422, json.dumps({"code": NASTY, "message": NASTY, "data": {"x": NASTY}}).encode())

    with pytest.raises(Refused):
        ask(exchanges.send_order, order_id=terms.order_id, provider_operation_id=new_id())
    with db.begin() as session:
        commands.discard_order(session, order_id=terms.order_id)
        order = queries.get_order(session, EVERYBODY, terms.order_id)

    assert order.state == "rejected"
    assert order.error is not None
    assert units(order.error["code"]) <= 80
    assert units(order.error["detail"]) <= 1000


def test_a_reason_that_looks_like_one_of_our_texts_is_a_reason(databases: Settings, clock: Clock) -> None:
    reason = words_for(facts.Refusal("sold_out", "Only 50%(at most) more"))
    with db.begin() as session:
        held = a_running(session)
        held.policy = held.policy | {"can_increase": False, "reasons": {"increase": reason}}
        session.flush()
        asked = {"subscription_id": held.id, "action": "change_quantity", "quantity": 25}
        preview = queries.change_preview(session, EVERYBODY, **asked)

    assert (preview.reason_code, preview.reason) == ("increase_not_allowed", "Only 50% (at most) more")


def test_a_hostile_state_is_kept_as_unknown(provider: Scripted) -> None:
    with db.begin() as session:
        held = a_running(session)
        held.provider_subscription_id = "CS-0"
        terms = change_of(session, held, "change_quantity", quantity=25)
        begin(session, terms)
    reasons = {"increase": {"code": NASTY, "message": NASTY}}
    policy = {"extend_mode": NASTY, "allowed_end_dates": ["9999-12-31"], "reasons": reasons}
    done = {"id": "CH-1", "reference": str(terms.change_id), "subscription_id": "CS-0", "status": "succeeded"}
    for said in (HELD, done, HELD | {"status": NASTY, "valid_to": "9999-01-01"}, policy):
        provider.say(200, json.dumps(said).encode())

    answer = ask(exchanges.send_change, change_id=terms.change_id, provider_operation_id=new_id())
    with db.begin() as session:
        commands.apply_change(session, change_id=terms.change_id, outcome=answer.outcome)
        row = session.get_one(Subscription, held.id)
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert (row.state, row.valid_to) == ("unknown", FOREVER)
    assert units(row.raw_state or "") <= 40
    assert not any(action.enabled for action in view.allowed_actions)


def test_an_answer_that_is_no_text_is_no_answer(provider: Scripted) -> None:
    provider.say(200, b'{"items": [{"id": "\xff"}]}')

    with pytest.raises(UnknownOutcome):
        exchanges.sync_catalogue()
