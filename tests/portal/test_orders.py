"""Ordering by the forms alone, before any provider is asked; and what orders look like afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from domains.kernel.clock import frozen_at
from domains.kernel.database import new_id
from domains.services import commands, db
from domains.services.models import AccountRef, Order
from domains.services.models import Preview as PreviewRow
from saga import tables
from tests.factories.services import a_line, accepted, place, terms_of

from .stall import CONNECTOR, PRO, Stall, post
from .visitor import HTMX, Visitor, a_person, form_on, is_page, summary_of, text_of

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def buyer(stall: Stall) -> Visitor:
    return stall.visitor()


def an_order(stall: Stall, state: str = "completed", quantity: int = 20, **but: Any) -> Order:
    """An order in one of its states: placed, completed, failed."""
    with db.begin() as session:
        account = session.get_one(AccountRef, stall.account_id)
        terms = terms_of(session, account, a_line(session, quantity), **but)
        place(session, terms)
        if state == "completed":
            commands.activate_order(session, order_id=terms.order_id, accepted=accepted(session, terms), rejected=())
        order = session.get_one(Order, terms.order_id)
        if state not in ("completed", "placed"):
            order.state, order.error_code = state, "capacity_exceeded"
            order.error_detail = "The provider has no capacity left for this at the moment."
        return order


def written() -> tuple[int, int]:
    """How many promises and how many runs there are."""
    with db.begin_read() as session, tables.db.begin_read() as runs:
        promises = session.scalar(select(func.count()).select_from(PreviewRow))
        return promises or 0, runs.scalar(select(func.count()).select_from(tables.run)) or 0


# ---- the form


def test_the_form_opens_with_the_plan_and_quantity_of_the_link_that_led_to_it(stall: Stall, buyer: Visitor) -> None:
    page = buyer.get("/orders/new", offer=stall.offer_id(), plan="P3Y.annual", quantity=12)

    fields = form_on(page, "/orders/check")
    assert fields is not None
    assert (fields["plan"], fields["quantity"]) == ("P3Y.annual", "12")
    assert "Over the whole term, net EUR 12,150.00" in text_of(page)


def test_every_change_of_the_form_brings_the_price_and_the_plans_alone(stall: Stall, buyer: Visitor) -> None:
    asked: dict[str, Any] = {"offer": stall.offer_id(), "account": stall.account_id, "plan": "P1Y.monthly"}

    part, no = buyer.part("/orders/new", quantity=10, **asked), buyer.part("/orders/new", quantity=301, **asked)

    assert not is_page(part)
    assert "Over the whole term, net EUR 3,780.00" in text_of(part)
    assert 'id="plans" hx-swap-oob="true"' in part.get_data(as_text=True)
    assert (no.status_code, "Choose a quantity of 1 to 300." in text_of(no)) == (200, True)


def test_what_is_wrong_is_said_above_the_form_at_the_field_and_in_the_title(stall: Stall, buyer: Visitor) -> None:
    answer = stall.checked(buyer, quantity="301", po_reference="NT-4482")

    source = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "<title>Error: " in source
    assert "Choose a quantity of 1 to 300." in summary_of(answer)
    assert 'href="#quantity"' in source
    assert 'aria-describedby="quantity-hint quantity-error"' in source
    assert (form_on(answer, "/orders/check") or {})["po_reference"] == "NT-4482"
    assert written() == (0, 0)


def test_an_add_on_that_cannot_be_ordered_is_said_at_its_own_field(stall: Stall, buyer: Visitor) -> None:
    extra = f"addon-{stall.offer_id(CONNECTOR)}"

    answer = stall.checked(buyer, **{extra: "11"})

    assert answer.status_code == 422
    assert f'href="#{extra}"' in answer.get_data(as_text=True)
    assert f'id="{extra}-error"' in answer.get_data(as_text=True)
    assert "Choose a quantity of 1 to 10." in summary_of(answer)


def test_an_add_on_is_promised_with_what_it_adds_to(stall: Stall, buyer: Visitor) -> None:
    check = stall.checked(buyer, **{f"addon-{stall.offer_id(CONNECTOR)}": "2"})

    said = text_of(check)
    assert "25 × Analytics Pro" in said
    assert "2 × Data Connector" in said
    assert "2 connectors" in said


def test_who_has_no_account_is_led_to_open_one(app: Flask, stall: Stall) -> None:
    newcomer = Visitor(app, a_person())

    page = newcomer.get("/orders/new", offer=stall.offer_id())

    assert "You need an account first" in text_of(page)
    assert 'href="/accounts/new"' in page.get_data(as_text=True)


def test_an_order_of_nothing_leads_to_the_catalogue_and_of_an_unknown_offer_nowhere(buyer: Visitor) -> None:
    nothing, unknown = buyer.get("/orders/new"), buyer.get("/orders/new", offer=new_id())

    assert (nothing.status_code, nothing.location) == (303, "/offers")
    assert unknown.status_code == 404


# ---- the promise


def test_the_promise_says_what_is_charged_when_and_how_long_it_holds(stall: Stall, buyer: Visitor) -> None:
    said = text_of(stall.checked(buyer, po_reference="NT-4482"))

    for words in ("Our promise to you", "Charged now, net", "EUR 9,450.00", "With tax, about", "Then every month, net",
                  "Undo until", "Holds until", "Signed", "NT-4482", "25 seats", "Head office"):  # fmt: skip
        assert words in said, words


def test_a_promise_to_somebody_else_cannot_be_redeemed(stall: Stall, buyer: Visitor) -> None:
    theirs = form_on(stall.checked(buyer), "/orders")
    stranger = stall.stranger()

    answer = post(stranger, "/orders", theirs)

    assert answer.status_code == 404
    assert written()[1] == 0


def test_nothing_is_ordered_at_prices_that_nobody_was_promised(stall: Stall, buyer: Visitor) -> None:
    check = stall.checked(buyer)

    missing, unknown, no_id = (buyer.send(check, "/orders", preview_id=it) for it in ("", str(new_id()), "no id"))

    assert [answer.status_code for answer in (missing, unknown, no_id)] == [422, 404, 404]
    assert "new promise" in summary_of(missing)
    assert written()[1] == 0


def test_a_promise_that_has_ended_is_replaced_by_one_that_can_be_sent(stall: Stall, buyer: Visitor) -> None:
    check = stall.checked(buyer)
    with frozen_at(datetime.now(UTC) + timedelta(hours=1)):
        late = buyer.send(check, "/orders")
        again = buyer.send(late, "/orders")

    assert late.status_code == 422
    assert "It was not sent. This is a new promise: look at it again" in summary_of(late)
    assert again.status_code == 303


# ---- sending it


def test_sending_an_order_starts_it_and_leads_to_its_progress(stall: Stall, buyer: Visitor) -> None:
    check = stall.checked(buyer)

    by_script = buyer.open("POST", "/orders", data=form_on(check, "/orders"), headers=HTMX)
    again = buyer.send(check, "/orders")

    assert by_script.status_code == 204
    assert by_script.headers["HX-Redirect"] == again.location
    assert again.location.startswith("/operations/")
    assert written() == (1, 1)


def test_one_form_cannot_stand_for_two_different_orders(stall: Stall, buyer: Visitor) -> None:
    check = stall.checked(buyer)
    buyer.send(check, "/orders")

    other = buyer.send(check, "/orders", po_reference="ANOTHER")

    assert other.status_code in (409, 422)
    assert written()[1] == 1


def test_a_form_without_its_token_starts_nothing(stall: Stall, buyer: Visitor) -> None:
    answer = buyer.send(stall.checked(buyer), "/orders", form_token="")

    assert answer.status_code == 422
    assert "This form is not complete" in summary_of(answer)
    assert written()[1] == 0


def test_an_order_that_is_not_written_down_yet_shows_its_progress(stall: Stall, buyer: Visitor) -> None:
    page = stall.ordered(buyer)
    with tables.db.begin_read() as session:
        order_id = session.scalar(select(tables.run.c.resource_id))

    early = buyer.get(f"/orders/{order_id}")

    assert "25 × Analytics Pro · Head office" in text_of(page)
    assert (early.status_code, early.location.startswith("/operations/")) == (303, True)
    assert stall.stranger().get(f"/orders/{order_id}").status_code == 404


def test_a_reader_may_not_order(stall: Stall, buyer: Visitor) -> None:
    reader, form = stall.visitor("reader"), form_on(stall.form(buyer), "/orders/check")
    fields = form_on(stall.checked(buyer), "/orders")

    answers = [post(reader, "/orders/check", form), post(reader, "/orders", fields)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert written() == (1, 0)


def test_nothing_is_promised_or_ordered_for_somebody_elses_account(stall: Stall, buyer: Visitor) -> None:
    fields = form_on(stall.form(buyer), "/orders/check")
    stranger = stall.stranger()

    answers = [post(stranger, path, fields, quantity="5", form_token="a") for path in ("/orders/check", "/orders")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert stranger.get("/orders/new", offer=stall.offer_id(), account=stall.account_id).status_code == 404
    assert written() == (0, 0)


# ---- orders


def test_orders_are_found_by_state_account_and_number(stall: Stall, buyer: Visitor) -> None:
    done, failed = an_order(stall), an_order(stall, "failed", 7)

    everything, by_state = text_of(buyer.get("/orders")), text_of(buyer.get("/orders", state="failed"))
    by_number, none = text_of(buyer.get("/orders", q=done.number)), text_of(buyer.get("/orders", state="placed"))

    assert done.number in everything
    assert failed.number in everything
    assert (done.number in by_state, failed.number in by_state) == (False, True)
    assert (done.number in by_number, failed.number in by_number) == (True, False)
    assert "No order matches" in none
    assert "No orders yet" in text_of(stall.stranger().get("/orders"))


def test_an_order_that_came_to_nothing_costs_nothing_anywhere(stall: Stall, buyer: Visitor) -> None:
    order = an_order(stall, "rejected")

    row, page = text_of(buyer.get("/orders")), buyer.get(f"/orders/{order.id}")

    assert "Nothing –" in row
    assert "This order came to nothing. Nothing was charged." in text_of(page)
    assert "no capacity left" in text_of(page)
    assert "Then every month" not in text_of(page)
    assert page.get_data(as_text=True).count(f"/cases/new?order={order.id}") == 1
    assert "Order it again" in text_of(page)


def test_an_order_names_its_lines_its_references_and_its_sums(stall: Stall, buyer: Visitor) -> None:
    order = an_order(stall, po_reference="NT-4482", cost_centre="CC-7")

    said = text_of(buyer.get(f"/orders/{order.id}"))

    for words in (order.number, "20 × Analytics Pro", "Done", "Accepted", "NT-4482", "CC-7", "EUR 630.00", "20 seats"):
        assert words in said, words


def test_what_people_typed_is_shown_as_text(stall: Stall, buyer: Visitor) -> None:
    order = an_order(stall, po_reference=HOSTILE)
    pages = [
        buyer.get(f"/orders/{order.id}"), buyer.get("/orders", q=HOSTILE), stall.checked(buyer, po_reference=HOSTILE),
        stall.checked(buyer, quantity="0", cost_centre=HOSTILE),
    ]  # fmt: skip

    for page in pages:
        assert HOSTILE not in page.get_data(as_text=True)
        assert "script>alert(1)" in text_of(page) or "&lt;script&gt;alert" in page.get_data(as_text=True)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "formats"), [("de", "de_DE"), ("ja", "ja_JP")])
def test_ordering_is_read_in_every_language(stall: Stall, language: str, formats: str) -> None:
    buyer = stall.visitor(preferences={"language": language, "formats": formats, "zone": "Asia/Tokyo"})
    order = an_order(stall, "rejected")

    pages = [buyer.get("/orders"), buyer.get(f"/orders/{order.id}"), stall.form(buyer, PRO), stall.checked(buyer),
             stall.checked(buyer, quantity="0"), stall.ordered(buyer)]  # fmt: skip

    assert [page.status_code for page in pages] == [200, 200, 200, 200, 422, 200]
