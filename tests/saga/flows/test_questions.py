"""An offer that asks is ordered with its answers, which reach the provider; without them nothing is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domains import services
from domains.kernel.errors import Invalid, Refused
from domains.services import commands, queries
from saga.flows.place_order import ordering, place_order
from tests.factories.services import EVERYBODY, a_line

from .seen import order_of, run_of
from .shop import Shop
from .waiting import buyer, decide, limit, owner, signed_up

PORTAL = "northfield-api-portal"
SAID = {"domain": "developers.northwind.example", "hosting": "European Union", "no_military_use": "yes"}


def terms(shop: Shop, answers: dict[str, str] | None = SAID, **but: Any) -> Any:
    with services.db.begin_read() as session:
        wish = a_line(session, 5, PORTAL, answers=answers)
        return queries.order_terms(session, shop.scope, account_id=shop.account_id, lines=[wish], **but)


def at_the_provider(shop: Shop, order_id: Any) -> Any:
    (order,) = shop.sandbox.orders(order_id)
    return order["lines"][0]["answers"]


def test_the_catalogue_says_what_is_asked(shop: Shop) -> None:
    with services.db.begin_read() as session:
        offer = queries.get_offer(session, EVERYBODY, a_line(session, 5, PORTAL).offer_id, account_id=shop.account_id)

    assert [(one.key, one.kind, one.required) for one in offer.questions] == [
        ("domain", "domain", True), ("hosting", "choice", True), ("tax_exemption", "text", False),
        ("no_military_use", "yes_no", True),
    ]  # fmt: skip


def test_answers_are_kept_with_the_order_and_reach_the_provider(shop: Shop) -> None:
    found = terms(shop)

    run = shop.run(place_order, place_order.payload.of(found, shop.caller))

    assert run_of(run.id).status == "completed"
    assert order_of(found.order_id).lines[0].answers == SAID
    assert at_the_provider(shop, found.order_id) == SAID


def test_without_its_answers_nothing_is_ordered_and_a_look_at_the_price_is_free(shop: Shop) -> None:
    with pytest.raises(Invalid) as no:
        terms(shop, {"domain": "x.example"})

    assert (no.value.code, no.value.field) == ("answer_missing", "lines[0].answers.hosting")
    assert terms(shop, None, answered=False).charge_now.minor > 0


def test_an_order_names_the_answers_of_its_preview_or_none(shop: Shop) -> None:
    with services.db.begin() as session:
        wish = a_line(session, 5, PORTAL, answers=SAID)
        promise = commands.preview_order(session, scope=shop.scope, account_id=shop.account_id, lines=[wish])

    assert terms(shop, None, preview_id=promise.id).lines[0].answers == SAID
    assert terms(shop, SAID | {"domain": "Developers.Northwind.example"}, preview_id=promise.id)
    with pytest.raises(Refused) as no:
        terms(shop, SAID | {"hosting": "United States"}, preview_id=promise.id)
    assert no.value.code == "preview_mismatch"


def test_an_order_that_has_waited_is_sent_with_its_answers(shop: Shop) -> None:
    signed_up(shop)
    limit(shop, "1.00")
    found, who = terms(shop), buyer(shop)
    with services.db.begin_read() as session:
        flow, payload = ordering(found, who, *queries.order_waits(session, shop.scope, found, who))
    run = shop.run(flow, payload)
    shop.clock.now += timedelta(days=2)
    decide(shop, "approve", owner(shop), payload.approval.id)  # type: ignore[attr-defined]

    assert run_of(run.id).status == "completed"
    assert at_the_provider(shop, found.order_id) == SAID


def test_a_cart_keeps_answers_and_says_what_is_missing(shop: Shop) -> None:
    with services.db.begin() as session:
        offer_id = a_line(session, 5, PORTAL).offer_id
        cart_id = commands.ensure_cart(session, scope=shop.scope, account_id=shop.account_id)
        known: dict[str, Any] = {"scope": shop.scope, "cart_id": cart_id}
        line_id = commands.add_line(session, **known, offer_id=offer_id, quantity=5)
    with services.db.begin_read() as session:
        before = queries.get_cart(session, shop.scope, cart_id).lines[0]
    with services.db.begin() as session:
        commands.change_line(session, **known, line_id=line_id, changes={"answers": SAID})
    with services.db.begin_read() as session:
        after = queries.get_cart(session, shop.scope, cart_id)
        wishes = queries.cart_wishes(session, shop.scope, cart_id)

    assert before.error is not None and before.error.code == "answer_missing"
    assert (after.lines[0].error, after.lines[0].answers) == (None, SAID)
    assert replace(wishes[0], answers=None).answers is None and wishes[0].answers == SAID


def test_what_the_provider_finds_wanting_is_its_no(shop: Shop) -> None:
    found = terms(shop)
    lines = tuple(replace(line, answers=None) for line in found.lines)  # as if the question were newer than the order

    run = shop.run(place_order, place_order.payload.of(replace(found, lines=lines), shop.caller))

    assert run_of(run.id).status == "compensated"
    assert order_of(found.order_id).state == "rejected"
