"""The pages of price books, agreements, syncs, and why something costs what it costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kernel.database import new_id
from domains.kernel.errors import Invalid
from domains.kernel.money import UnitPrice
from domains.kernel.tenancy import Scope
from domains.services import commands, db, queries
from domains.services.pricing import Rule
from portal.price_rules import read_rules, write_rules
from tests.factories.services import an_offer

from .stall import Stall
from .visitor import Visitor, a_person, form_on, summary_of, text_of

AT = "/price-books"


@pytest.fixture
def desk(stall: Stall) -> Visitor:
    known = {"role": "administrator", "customer_id": None, "scope": Scope.operator()}
    return Visitor(stall.app, a_person(kind="operator", **known))


def plus(percent: int, scope: str = "all", target: str = "", **but: object) -> Rule:
    return Rule(scope, target, markup_percent=Decimal(percent), **but)  # type: ignore[arg-type]


LINES = {
    "all cost +25%": plus(25),
    "vendor 'Tailspin Software' EUR from 50 cost -5% 2027-01-01..2027-03-31 round 99": plus(
        -5, "vendor", "Tailspin Software", currency="EUR", min_quantity=50, valid_from=date(2027, 1, 1),
        valid_to=date(2027, 3, 31), rounding="99",
    ),
    "category Security P1Y monthly list -12.5%": Rule(
        "category", "Security", discount_percent=Decimal("12.5"), term="P1Y", billing_cycle="monthly"
    ),
    "offer pro one_time once fixed 29 EUR 2027-01-01..": Rule(
        "offer", "pro", unit_price=UnitPrice(Decimal(29), "EUR"), term="one_time", billing_cycle="one_time",
        valid_from=date(2027, 1, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("line", "rule"), LINES.items())
def test_a_rule_is_written_as_it_is_read(line: str, rule: Rule) -> None:
    assert read_rules(line) == [rule]
    assert write_rules([rule]) == line


@pytest.mark.parametrize(
    ("text", "why"),
    [("moon cost +1%", "begin with"), ("vendor", "say which one"), ("all", "only one of them"),
     ("all cost", "too early"), ("all cost 1", "written as"), ("all fixed x EUR", "29.00 EUR"),
     ("all cost +1% soon", "nobody knows"),
     ("all from x cost +1%", "how many"), ("all cost +1% 2027-02-30..", "day"), ("vendor 'x cost +1%", "Line 1"),
     ("# a note\n\nall cost +1% round 7", "Line 3")],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_said_with_its_number(text: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_rules(text)
    assert why in refused.value.detail


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    try:
        rules = read_rules(text)
    except Invalid:
        return
    assert read_rules(write_rules(rules)) == rules


def test_rules_are_previewed_saved_and_shown(stall: Stall, desk: Visitor) -> None:
    typed = {"name": "Partners 2027", "rules": "all cost +10%\nvendor Fabrikam cost -50%", "rounding": "99"}
    form = desk.get(f"{AT}/new")
    seen = desk.send(form, AT, **typed, currency="EUR")
    assert seen.status_code == 303
    shown = desk.get(seen.location)
    fields = form_on(desk.get(f"{seen.location}/edit"), seen.location)
    preview = desk.open("POST", f"{seen.location}/preview", data=(fields or {}) | typed)

    assert "vendor Fabrikam cost -50%" in text_of(shown)
    assert all(words in text_of(preview) for words in ("What it would do", "Some would be sold below"))
    with db.begin_read() as session:
        assert len(queries.list_price_books(session, Scope.operator()).items) == 2


def test_a_wrong_rule_and_a_late_save_are_said_on_the_form(stall: Stall, desk: Visitor) -> None:
    with db.begin() as session:
        made = commands.set_price_book(session, name="Partners", rules=[plus(1)])
    at = f"{AT}/{made}"
    form = desk.get(f"{at}/edit")
    wrong = desk.send(form, at, rules="all cost lots")
    saved = desk.send(form, at, rules="all cost +2%")
    late = desk.send(form, at, rules="all cost +3%")

    assert (wrong.status_code, saved.status_code, late.status_code) == (422, 303, 409)
    assert "Line 1" in summary_of(wrong)
    assert "changed since you looked" in summary_of(late)


def test_prices_are_agreed_with_a_customer_and_end(stall: Stall, desk: Visitor) -> None:
    form = desk.get("/price-agreements/new")
    customer = str(stall.customer_id)
    wish = {"customer": customer, "reference": "FA-2026-017", "price_book": "Standard 2026"}
    sent = desk.send(form, "/price-agreements", **wish, valid_from="2026-01-01", valid_to="")
    again = desk.send(form, "/price-agreements", **wish, valid_from="2026-01-01", valid_to="")
    missing = desk.send(form, "/price-agreements", **wish | {"reference": ""}, agreement_id=str(new_id()))
    with db.begin_read() as session:
        agreements = queries.list_agreements(session, Scope.operator()).items
    at = f"/price-agreements/{agreements[0].id}"
    ended = desk.send(desk.get(at), at, valid_to="2099-01-01")
    theirs = stall.visitor("owner").get("/offers")

    assert (sent.status_code, again.status_code, missing.status_code, ended.status_code) == (303, 303, 422, 303)
    assert len(agreements) == 1
    assert "FA-2026-017" in text_of(desk.get("/price-agreements"))
    assert theirs.status_code == 200


def test_why_something_costs_what_it_costs_is_said_to_each_as_they_may_know(stall: Stall, desk: Visitor) -> None:
    buyer = stall.visitor()
    with db.begin_read() as session:
        found = queries.search_offers(session, Scope.operator(), currency="EUR", q="analytics").items[0]
    at = f"/offers/{found.id}/price"

    said, ours = text_of(buyer.get(at, quantity="7")), text_of(desk.get(at))

    assert all(words in said for words in ("EUR 31.50", "7 seats", "Standard 2026"))
    assert "25.20" not in said
    assert all(words in ours for words in ("It costs us", "EUR 25.20", "Step by step", "all cost +25%"))
    assert buyer.get(at, on="2026-02-30").status_code == 422
    assert buyer.get(f"/offers/{new_id()}/price").status_code == 404
    assert f"{at}?plan=" in buyer.get(f"/offers/{found.id}").get_data(as_text=True)


def test_what_a_sync_has_changed_is_shown_and_one_can_be_started(stall: Stall, desk: Visitor) -> None:
    with db.begin() as session:
        commands.store_catalogue(session, provider="sandbox", full=False, offers=[an_offer(name="Analytics Max")])
        sync = queries.list_syncs(session).items[0]
    at = f"/catalogue-syncs/{sync.id}"

    ours, theirs = text_of(desk.get(at)), text_of(stall.visitor().get(at))
    started = desk.send(desk.get("/catalogue-syncs"), "/catalogue-syncs")

    assert "Analytics Max" in ours
    assert "Analytics Max" in theirs
    assert started.status_code == 303
    assert "Sync now" not in text_of(stall.visitor().get("/catalogue-syncs"))
