"""A buyer at the portal, form by form, over the real flows and the real sandbox provider."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from domains.kernel import config
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from domains.services import db, queries
from domains.support import db as support_db
from domains.support import queries as support
from tests.saga.flows.conftest import clock as clock
from tests.saga.flows.conftest import opened as opened
from tests.saga.flows.conftest import shop as shop
from tests.saga.flows.conftest import transport as transport
from tests.saga.flows.shop import PRO, Shop

from .conftest import made
from .visitor import Visitor, a_person, form_on, summary_of, text_of

pytestmark = pytest.mark.slow


@pytest.fixture
def app(shop: Shop, compiled: FileSystemBytecodeCache) -> Flask:
    return made(config.current(), compiled)


@pytest.fixture
def buyer(app: Flask, shop: Shop) -> Visitor:
    return Visitor(app, a_person(shop.customer_id, role="buyer"))


def offer_id(shop: Shop, name: str = PRO) -> UUID:
    with db.begin_read() as session:
        found = queries.search_offers(session, Scope.customer(shop.customer_id), account_id=shop.account_id, limit=200)
        return next(offer.id for offer in found.items if offer.provider_offer_id == name)


def asked(buyer: Visitor, shop: Shop, **typed: Any) -> TestResponse:
    """The order form, filled in and sent to be checked."""
    form = buyer.get("/orders/new", offer=offer_id(shop), account=shop.account_id)
    return buyer.send(form, "/orders/check", **{"quantity": "25", "plan": "P1Y.monthly", **typed})


def ended(buyer: Visitor, shop: Shop, started: TestResponse) -> TestResponse:
    """The page of the operation that a form has started, once all is done that can be done now."""
    assert started.status_code == 303, summary_of(started)
    shop.transport.run_until_quiet()
    return buyer.get(started.location)


def test_an_order_is_priced_promised_sent_and_followed(buyer: Visitor, shop: Shop) -> None:
    check = asked(buyer, shop)
    sent = buyer.send(check, "/orders")
    under_way = buyer.get(sent.location)
    done = ended(buyer, shop, sent)
    order = buyer.get(link_to_one(done, "/orders/"))

    assert "Our promise to you" in text_of(check)
    assert 'hx-get="/operations/' in under_way.get_data(as_text=True)
    assert "The subscription is active" in text_of(done)
    assert "hx-trigger" not in done.get_data(as_text=True)
    assert "25" in text_of(order)


def link_to_one(page: TestResponse, start: str) -> str:
    """The first address on a page that starts like this and goes on with an id."""
    found = re.search(rf'href="({start}[0-9a-f-]{{36}})"', page.get_data(as_text=True))
    assert found, f"no link to {start}…"
    return found[1]


def test_the_same_form_twice_is_one_order_on_one_page(buyer: Visitor, shop: Shop) -> None:
    check = asked(buyer, shop)
    fields = form_on(check, "/orders")

    first, again = (buyer.open("POST", "/orders", data=fields) for _ in range(2))
    shop.transport.run_until_quiet()

    assert first.location == again.location
    assert len(shop.sandbox.orders(order_of(shop).id)) == 1


def order_of(shop: Shop) -> Any:
    with db.begin_read() as session:
        (order,) = queries.list_orders(session, Scope.customer(shop.customer_id)).items
        return order


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("quantity", "", "a whole number"), ("quantity", "0", "1 to 500"), ("quantity", "many", "a whole number"),
        ("quantity", "9999999999999999999", "a whole number"), ("plan", "P7Y.monthly", "is sold for"),
        ("po_reference", "x" * 200, "PO number may have"),
    ],
)  # fmt: skip
def test_what_cannot_be_ordered_is_said_at_its_field(
    buyer: Visitor, shop: Shop, field: str, text: str, words: str
) -> None:
    answer = asked(buyer, shop, **{field: text})

    assert answer.status_code == 422
    assert words in summary_of(answer)
    assert f'id="{field}-error"' in answer.get_data(as_text=True)


def test_a_promise_of_other_lines_is_not_kept_and_a_new_one_is_shown(buyer: Visitor, shop: Shop) -> None:
    check = asked(buyer, shop)

    answer = buyer.send(check, "/orders", quantity="30")

    assert answer.status_code == 422
    assert "new promise" in summary_of(answer)
    assert shop.sandbox.get("orders", customer=str(shop.account_id))["items"] == []


def test_a_promise_that_has_expired_is_made_anew(buyer: Visitor, shop: Shop) -> None:
    check = asked(buyer, shop)
    shop.clock.advance(hours=2)

    late = buyer.send(check, "/orders")
    sent = buyer.send(late, "/orders")

    assert (late.status_code, sent.status_code) == (422, 303)
    assert "expired" in summary_of(late)


def test_a_refusal_is_told_in_plain_words_and_leads_to_a_case(buyer: Visitor, shop: Shop) -> None:
    shop.sandbox.fault("place_order", "reject", code="capacity_exceeded", count=1)
    failed = ended(buyer, shop, buyer.send(asked(buyer, shop), "/orders"))
    form = buyer.get(form_link(failed, "/cases/new"))
    opened = buyer.send(form, "/cases", subject="Why?", description="We need these seats.", impact="high")

    assert "Nothing was charged" in text_of(failed)
    assert "no capacity left" in text_of(failed)
    assert opened.status_code == 303
    case = buyer.get(opened.location)
    assert order_of(shop).number in text_of(case)
    with support_db.begin_read() as session:
        assert support.open_count(session, Scope.customer(shop.customer_id)) == 1


def form_link(page: TestResponse, start: str) -> str:
    """The first address on a page that starts like this, as it stands behind the mark-up."""
    text = page.get_data(as_text=True)
    return (start + text.split(f'href="{start}', 1)[1].split('"')[0]).replace("&amp;", "&")


def test_a_subscription_says_how_it_stands_and_is_changed_extended_and_ended(buyer: Visitor, shop: Shop) -> None:
    at = f"/subscriptions/{shop.bought()}"
    page = text_of(buyer.get(at))
    assert all(words in page for words in ("Analytics Pro", "20 seats", "Active", "Valid to"))

    for act, typed, words in (
        ("quantity", {"quantity": "30"}, "The quantity is 30 now; it was 20."),
        ("extend", {"valid_to": first_day(buyer, at)}, "It runs to"),
        ("cancel", {"mode": "now"}, "It has been cancelled."),
    ):
        check = buyer.send(buyer.get(f"{at}/{act}"), f"{at}/{act}/check", **typed)
        done = ended(buyer, shop, buyer.send(check, f"{at}/{act}"))
        assert words in text_of(done)

    assert "Cancelled" in text_of(buyer.get(at))


def first_day(buyer: Visitor, at: str) -> str:
    """The first last day that the form for an extension offers."""
    return buyer.get(f"{at}/extend").get_data(as_text=True).split('name="valid_to" value="')[1].split('"')[0]


def test_the_quantity_typed_so_far_is_priced_in_a_part(buyer: Visitor, shop: Shop) -> None:
    at = f"/subscriptions/{shop.bought()}/quantity"

    more, too_many = buyer.part(at, quantity="25"), buyer.part(at, quantity="99999")

    assert "5 seats more" in text_of(more)
    assert "Choose a quantity" in text_of(too_many)
    assert "<html" not in more.get_data(as_text=True)


def test_a_change_from_an_outdated_page_is_not_made(buyer: Visitor, shop: Shop) -> None:
    at = f"/subscriptions/{shop.bought()}"
    check = buyer.send(buyer.get(f"{at}/quantity"), f"{at}/quantity/check", quantity="30")
    other = buyer.send(buyer.get(f"{at}/quantity"), f"{at}/quantity/check", quantity="22")
    ended(buyer, shop, buyer.send(other, f"{at}/quantity"))

    late = buyer.send(check, f"{at}/quantity")
    shop.transport.run_until_quiet()

    assert late.status_code in (409, 422)
    assert "22 seats" in text_of(buyer.get(at))


def test_a_reader_sees_no_buttons_and_sends_no_forms(app: Flask, shop: Shop) -> None:
    at = f"/subscriptions/{shop.bought()}"
    reader = Visitor(app, a_person(shop.customer_id, role="reader"))

    page = reader.get(at)

    assert page.status_code == 200
    assert f"{at}/quantity" not in page.get_data(as_text=True)
    assert [reader.get(f"{at}/{act}").status_code for act in ("quantity", "extend", "cancel")] == [403] * 3
    assert reader.get("/orders/new", offer=offer_id(shop)).status_code == 403


def test_what_belongs_to_another_tenant_is_not_there(app: Flask, shop: Shop) -> None:
    subscription = shop.bought()
    order = order_of(shop)
    stranger = Visitor(app, a_person(new_id()))

    for path in (
        f"/subscriptions/{subscription}", f"/subscriptions/{subscription}/quantity", f"/orders/{order.id}",
        f"/accounts/{shop.account_id}", f"/cases/new?order={order.id}",
        f"/subscriptions/_of_account?account={shop.account_id}",
    ):  # fmt: skip
        answer = stranger.get(path)
        assert answer.status_code == 404 or "No subscriptions yet" in text_of(answer), path


def test_what_the_provider_asks_is_asked_shown_before_sending_and_stands_with_the_order(
    buyer: Visitor, shop: Shop
) -> None:
    with db.begin_read() as session:
        whose = Scope.customer(shop.customer_id)
        found = queries.search_offers(session, whose, account_id=shop.account_id, q="API Portal", limit=50)
        offer = next(one.id for one in found.items if one.provider_offer_id == "northfield-api-portal")
    form = buyer.get("/orders/new", offer=offer, account=shop.account_id)
    typed = {
        "quantity": "5",
        "plan": "P1Y.monthly",
        "answer-hosting": "European Union",
        "answer-no_military_use": "yes",
    }
    without = buyer.send(form, "/orders/check", **typed)
    wrong = buyer.send(form, "/orders/check", **typed | {"answer-domain": "no domain"})
    check = buyer.send(form, "/orders/check", **typed | {"answer-domain": "Portal.northwind.example"})
    under_way = ended(buyer, shop, buyer.send(check, "/orders"))

    asked_for = text_of(form)
    assert "What the provider asks" in asked_for and "Domain name of the portal" in asked_for
    assert "Tax exemption number (if you like)" in asked_for and "Charged now" in asked_for
    assert "is needed: without it the provider does not take the order" in summary_of(without)
    assert "must be a domain name" in summary_of(wrong) and 'value="no domain"' in wrong.text
    assert 'href="#answer-domain"' in wrong.text
    assert "Domain name of the portal Portal.northwind.example" in text_of(check)
    assert "The subscription is active" in text_of(under_way)
    order = re.findall(r'href="(/orders/[0-9a-f-]{36})"', buyer.get("/orders").text)[0]
    assert "portal.northwind.example" in text_of(buyer.get(order))


def test_what_is_put_into_the_cart_takes_its_answers_along(buyer: Visitor, shop: Shop) -> None:
    with db.begin_read() as session:
        whose = Scope.customer(shop.customer_id)
        found = queries.search_offers(session, whose, account_id=shop.account_id, q="API Portal", limit=50)
        offer = next(one.id for one in found.items if one.provider_offer_id == "northfield-api-portal")
    form = buyer.get("/orders/new", offer=offer, account=shop.account_id)
    fields = form_on(form, "/orders/check") or {}
    typed = {
        "quantity": "5",
        "plan": "P1Y.monthly",
        "answer-hosting": "European Union",
        "answer-no_military_use": "yes",
    }
    bare = buyer.open("POST", "/cart/add", data=fields | typed)
    good = buyer.open("POST", "/cart/add", data=fields | typed | {"answer-domain": "portal.northwind.example"})

    assert bare.status_code == 422 and "is needed" in summary_of(bare)
    assert good.status_code == 303 and "is needed" not in text_of(buyer.get(good.location))
