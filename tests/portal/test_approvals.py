"""Approvals, the cart and quotes at the portal: asked for by a buyer, decided by an owner, ordered together."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from saga.flows.place_order import place_order
from tests.saga.flows.seen import order_of
from tests.saga.flows.shop import CONNECTOR, PRO, Shop
from tests.saga.flows.waiting import limit

from .test_buying import app as app
from .test_buying import asked, ended, link_to_one, offer_id
from .test_buying import buyer as buyer
from .test_buying import clock as clock
from .test_buying import opened as opened
from .test_buying import shop as shop
from .test_buying import transport as transport
from .visitor import Visitor, a_person, form_on, summary_of, text_of

pytestmark = pytest.mark.slow


@pytest.fixture
def owner(app: Flask, shop: Shop) -> Visitor:
    return Visitor(app, a_person(shop.customer_id, role="owner"))


def waiting(buyer: Visitor, shop: Shop) -> TestResponse:
    """The page of an order that waits for an approval."""
    limit(shop, "100.00")
    check = asked(buyer, shop)
    assert "This order needs approval" in text_of(check)
    return ended(buyer, shop, buyer.send(check, "/orders"))


def request_of(owner: Visitor) -> TestResponse:
    """The page of the one request that waits."""
    return owner.get(link_to_one(owner.get("/approvals"), "/approvals/"))


def test_a_buyer_waits_and_an_owner_says_yes(buyer: Visitor, owner: Visitor, shop: Shop) -> None:
    under_way = waiting(buyer, shop)
    request = request_of(owner)
    decided = owner.send(request, request.request.path, verb="approve")
    shop.transport.run_until_quiet()

    assert "Somebody has to approve this" in text_of(under_way)
    assert "Your decision" in text_of(request) and "25" in text_of(request)
    assert decided.status_code == 303
    assert "said yes" in text_of(owner.get(request.request.path))
    assert "The subscription is active" in text_of(buyer.get(under_way.request.path))


def test_a_no_needs_its_reason_and_reaches_the_order(buyer: Visitor, owner: Visitor, shop: Shop) -> None:
    under_way = waiting(buyer, shop)
    request = request_of(owner)

    without = owner.send(request, request.request.path, verb="reject", reason="")
    owner.send(request, request.request.path, verb="reject", reason="Next year")
    shop.transport.run_until_quiet()

    assert without.status_code == 422 and "Say why" in summary_of(without)
    assert "Next year" in text_of(buyer.get(under_way.request.path))
    assert "said no" in text_of(owner.get(request.request.path))


def test_the_buyer_sees_the_request_but_does_not_decide_it(buyer: Visitor, shop: Shop) -> None:
    waiting(buyer, shop)
    request = request_of(buyer)

    assert "You cannot decide this" in text_of(request)
    assert "Your decision" not in text_of(request)


def test_it_is_left_to_a_colleague(buyer: Visitor, owner: Visitor, shop: Shop) -> None:
    waiting(buyer, shop)
    request = request_of(owner)

    owner.send(request, request.request.path, verb="delegate", to="carl@northwind.example")

    assert "carl@northwind.example" in text_of(owner.get(request.request.path))


def test_an_order_for_a_later_day_is_shown_as_scheduled(buyer: Visitor, shop: Shop) -> None:
    day = (shop.clock.now + timedelta(days=20)).date()
    under_way = ended(buyer, shop, buyer.send(asked(buyer, shop, starts_on=day), "/orders"))
    order = buyer.get(link_to_one(buyer.get("/orders"), "/orders/"))

    assert "It waits for its day" in text_of(under_way)
    assert "This order starts on" in text_of(order)


def test_several_offers_are_put_into_the_cart_and_ordered_together(buyer: Visitor, shop: Shop) -> None:
    form = buyer.get("/orders/new", offer=offer_id(shop), account=shop.account_id)
    addon = f"addon-{offer_id(shop, CONNECTOR)}"
    typed = {"quantity": "25", "plan": "P1Y.monthly", addon: "2"}
    fields = form_on(form, "/orders/check")
    assert fields and "Put it into the cart" in text_of(form)
    for _ in range(2):  # the same click twice puts it in once
        put = buyer.open("POST", "/cart/add", data=fields | typed)
    cart = buyer.get(put.location)
    text = text_of(cart)
    where = link_or_form(cart, "/check")
    check = buyer.send(cart, where)
    order = ended(buyer, shop, buyer.send(check, where.replace("/check", "/order")))

    assert put.status_code == 303 and text.count("Take out") == 2
    assert "Our promise to you" in text_of(check)
    assert "The subscriptions are active" in text_of(order)
    assert "The cart is empty" in text_of(buyer.get("/cart", account=shop.account_id))


def test_a_cart_that_a_colleague_has_changed_is_not_overwritten_unseen(buyer: Visitor, shop: Shop) -> None:
    form = buyer.get("/orders/new", offer=offer_id(shop), account=shop.account_id)
    fields = form_on(form, "/orders/check") or {}
    put = buyer.open("POST", "/cart/add", data=fields | {"quantity": "25", "plan": "P1Y.monthly"})
    mine, theirs = buyer.get(put.location), buyer.get(put.location)
    line = link_or_form(mine, r"/lines/[0-9a-f-]{36}")

    first = buyer.send(theirs, line, quantity="30")
    late = buyer.send(mine, line, quantity="26")

    assert (first.status_code, late.status_code) == (303, 409)
    assert "The cart has changed since you looked" in summary_of(late)
    assert (form_on(late, line) or {})["quantity"] == "30"


def link_or_form(page: TestResponse, end: str) -> str:
    """The address of the form of a page that ends like this."""
    found = re.search(rf'action="(/cart/[0-9a-f-]{{36}}{end})"', page.get_data(as_text=True))
    assert found
    return found[1]


def test_refused_lines_of_an_order_are_put_into_the_cart(buyer: Visitor, shop: Shop) -> None:
    shop.sandbox.fault("place_order", "partial")
    order = shop.an_order((20, PRO), (3, PRO))
    shop.run(place_order, order)
    page = buyer.get(f"/orders/{order.order_id}")
    put = buyer.send(page, "/cart/refill")

    refused = [line for line in order_of(order.order_id).lines if line.state == "rejected"]
    assert put.status_code == 303
    assert UUID(str(order.order_id)) and len(refused) == 1
    assert refused[0].name in text_of(buyer.get(put.location))


def test_an_order_done_in_part_costs_what_was_accepted_on_its_page_and_in_the_list(buyer: Visitor, shop: Shop) -> None:
    shop.sandbox.fault("place_order", "partial")
    order = shop.an_order((20, PRO), (3, PRO))
    shop.run(place_order, order)
    found = order_of(order.order_id)
    kept = next(line for line in found.lines if line.state == "accepted")

    for page in (buyer.get(f"/orders/{order.order_id}"), buyer.get("/orders")):
        said = text_of(page)
        assert f"{kept.charge_now.amount:,.2f}" in said and f"{kept.cycle_price.amount:,.2f}" in said
        assert f"{found.charge_now.amount:,.2f}" not in said and f"{found.every_month.amount:,.2f}" not in said


def test_a_quote_is_made_of_the_cart_sent_and_accepted(buyer: Visitor, owner: Visitor, shop: Shop) -> None:
    form = buyer.get("/orders/new", offer=offer_id(shop), account=shop.account_id)
    fields = form_on(form, "/orders/check") or {}
    cart = buyer.get(
        buyer.open("POST", "/cart/add", data=fields | {"quantity": "25", "plan": "P1Y.monthly"}).location
    )  # fmt: skip
    quote_form = buyer.get(re.search(r'href="(/quotes/new[^"]*)"', cart.get_data(as_text=True))[1])  # type: ignore[index]
    made = buyer.send(quote_form, "/quotes", valid_days="10", note="For the team")
    at = made.location
    buyer.send(buyer.get(at), f"{at}/send")
    page = owner.get(at)
    order = ended(owner, shop, owner.send(page, f"{at}/accept"))

    assert "For the team" in text_of(page) and "Sent" in text_of(page)
    assert "The subscription is active" in text_of(order)
    assert "Accepted" in text_of(owner.get("/quotes"))


def test_a_buyer_is_told_before_sending_that_a_budget_is_asked_for_and_the_owner_sees_why(
    buyer: Visitor, owner: Visitor, shop: Shop
) -> None:
    at = f"/accounts/{shop.account_id}/budget"
    saved = owner.send(owner.get(at), at, budget="100", beyond="ask")
    shop.transport.run_until_quiet()

    check = asked(buyer, shop)
    under_way = ended(buyer, shop, buyer.send(check, "/orders"))
    request = request_of(owner)
    owner.send(request, request.request.path, verb="approve")
    shop.transport.run_until_quiet()

    assert saved.status_code == 303
    assert "This order needs approval It goes beyond the monthly budget of the account." in text_of(check)
    assert "by yourself" not in text_of(check)
    assert "Why it is asked for Beyond the monthly budget" in text_of(request)
    assert "The subscription is active" in text_of(buyer.get(under_way.request.path))


def test_another_plan_and_a_dearer_next_term_show_what_they_lead_to_and_are_decided(
    buyer: Visitor, owner: Visitor, shop: Shop
) -> None:
    subscription_id = shop.bought((25, PRO))
    limit(shop, "1.00")
    for act, typed, says in (
        ("plan", {}, "Term 36 months"), ("schedule", {"quantity": "90"}, "25 → 90"),
    ):  # fmt: skip
        at = f"/subscriptions/{subscription_id}/{act}"
        form = buyer.get(at)
        longer = re.findall(r'value="([0-9a-f-]{36}\.P3Y\.[a-z]+)"', form.text)
        check = buyer.send(form, f"{at}/check", **typed or {"plan": longer[0]})
        under_way = ended(buyer, shop, buyer.send(check, at))
        request = request_of(owner)
        owner.send(request, request.request.path, verb="approve")
        shop.transport.run_until_quiet()

        assert "This change needs approval" in text_of(check)
        assert "Somebody has to approve this" in text_of(under_way)
        assert says in text_of(request) and "Above what whoever asked may order" in text_of(request)
        assert "said yes" in text_of(owner.get(request.request.path))
