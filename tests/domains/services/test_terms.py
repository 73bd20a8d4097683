"""What an order would cost and promise, and everything that is refused before anything is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError, Invalid, NotFound, Refused
from domains.kernel.money import Money
from domains.services import commands, db, queries
from domains.services.models import Line
from domains.services.pricing import FOREVER, LineWish, Rule
from tests.conftest import Clock
from tests.factories.services import (
    EVERYBODY,
    POLICY,
    a_catalogue,
    a_line,
    a_plan,
    a_subscription,
    an_account,
    an_offer,
    at,
    change_of,
    on,
    scope_of,
    somebody_else,
    terms_of,
)

CONNECTOR = an_offer(
    "tailspin-connector", name="Data Connector", kind="addon", addon_of=("tailspin-analytics-pro",),
    plans=(a_plan(EUR="9.60"),),
)  # fmt: skip


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def refused(*offers: Any, account: dict[str, Any] | None = None, **line: Any) -> DomainError:
    """How an order of one line is refused, in a shop with these offers."""
    with db.begin() as session:
        a_catalogue(session, *offers)
        buyer = an_account(session, **(account or {}))
        with pytest.raises(DomainError) as no:
            terms_of(session, buyer, a_line(session, **line))
    return no.value


def test_the_promise_of_an_order_is_the_sum_of_its_lines(databases: Settings, clock: Clock) -> None:
    clock.move_to(at("2026-11-24T10:15:00+01:00"))
    with db.begin() as session:
        a_catalogue(session, an_offer(), CONNECTOR)
        account = an_account(session)
        terms = terms_of(session, account, a_line(session), a_line(session, 2, "tailspin-connector"))

    seats, connector = terms.lines
    assert (seats.charge_now, connector.charge_now, terms.charge_now) == (eur("147.00"), eur("5.60"), eur("152.60"))
    assert (terms.every_month, terms.commitment, terms.reserve) == (eur("654.00"), eur("7848.00"), eur("654.00"))
    assert (seats.valid_to, seats.charged_until, terms.effective_on) == (
        on("2027-11-23"), on("2026-11-30"), on("2026-11-24"),
    )  # fmt: skip
    assert seats.undo_until == at("2026-12-01T10:15:00+01:00")
    assert connector.parent_subscription_id == seats.subscription_id
    assert terms.tax_estimate.amount == eur("32.05")
    assert (terms.next_invoice.on, terms.next_invoice.net, terms.next_invoice.amount) == (
        on("2026-12-01"), eur("806.60"), eur("975.99"),
    )  # fmt: skip


def test_the_day_is_the_customers_day(databases: Settings, clock: Clock) -> None:
    clock.move_to(at("2026-11-30T23:30:00+00:00"))  # the first of December in Amsterdam and in Tokyo
    with db.begin() as session:
        a_catalogue(session)
        here = terms_of(session, an_account(session))
        tokyo = terms_of(session, an_account(session, time_zone="Asia/Tokyo", currency="JPY", country="JP"))
        london = terms_of(session, an_account(session, time_zone="Europe/London"))

    assert here.charge_now == eur("630.00")
    assert tokyo.charge_now == Money.of(4875 * 20, "JPY")
    assert london.charge_now == eur("21.00")  # one day of November


MIDNIGHTS = [
    ("Asia/Tokyo", "2026-12-01T00:10:00+09:00"),
    ("Asia/Tokyo", "2026-12-01T08:50:00+09:00"),
    ("Asia/Tokyo", "2026-12-01T09:10:00+09:00"),
    ("Asia/Tokyo", "2026-11-30T23:50:00+09:00"),
    ("Australia/Sydney", "2026-12-01T00:10:00+11:00"),
    ("Australia/Sydney", "2026-11-30T23:50:00+11:00"),
    ("America/Los_Angeles", "2026-11-30T23:50:00-08:00"),
]


@pytest.mark.parametrize(("zone", "moment"), MIDNIGHTS)
def test_a_term_goes_by_the_providers_days_and_months_by_the_customers(
    databases: Settings, clock: Clock, zone: str, moment: str
) -> None:
    clock.move_to(at(moment))
    there, here = at(moment).astimezone(UTC).date(), at(moment).date()
    with db.begin() as session:
        a_catalogue(session, an_offer(plans=(a_plan(), a_plan("P1Y", "annual", EUR="292.00"))))
        account = an_account(session, time_zone=zone)
        monthly, yearly = terms_of(
            session, account, a_line(session, 1), a_line(session, 1, billing_cycle="annual")
        ).lines
        order = terms_of(session, account)

    assert monthly.valid_to == yearly.valid_to == there.replace(year=2027) - timedelta(days=1)
    assert monthly.charge_now == eur("31.50" if here.month == 12 else "1.05")
    assert monthly.charged_until == on("2026-12-31" if here.month == 12 else "2026-11-30")
    assert (yearly.charge_now, yearly.charged_until) == (eur("365.00"), yearly.valid_to)
    assert order.effective_on == here


@pytest.mark.parametrize("cycle", ["monthly", "annual"])
@pytest.mark.parametrize(("zone", "moment"), MIDNIGHTS)
def test_what_is_cancelled_at_once_costs_nothing_whatever_day_it_is(
    databases: Settings, clock: Clock, zone: str, moment: str, cycle: str
) -> None:
    clock.move_to(at(moment))
    with db.begin() as session:
        a_catalogue(session, an_offer(plans=(a_plan(), a_plan("P1Y", "annual", EUR="292.00"))))
        held = a_subscription(session, an_account(session, time_zone=zone), a_line(session, billing_cycle=cycle))
        charged = session.get_one(Line, held.id).charge_now
        back = change_of(session, held, "cancel", mode="now")

    assert back.refund == Money.from_minor(charged, "EUR")


def test_an_offer_is_sold_by_the_providers_days(databases: Settings, clock: Clock) -> None:
    clock.move_to(at("2026-12-01T08:50:00+09:00"))  # still November at the provider
    with db.begin() as session:
        a_catalogue(session, an_offer(valid_to="2026-11-30"), an_offer("coming", valid_from="2026-12-01"))
        account = an_account(session, time_zone="Asia/Tokyo")
        assert terms_of(session, account).lines
        with pytest.raises(Refused) as no:
            terms_of(session, account, a_line(session, 1, "coming"))

    assert no.value.code == "offer_not_sold"


def test_yearly_and_one_time_billing_charge_the_full_price(databases: Settings, clock: Clock) -> None:
    yearly = an_offer("yearly", plans=(a_plan("P3Y", "annual", EUR="100.00"),))
    once = an_offer("once", kind="perpetual", plans=(a_plan("one_time", "one_time", EUR="400.00"),))
    with db.begin() as session:
        a_catalogue(session, yearly, once)
        terms = terms_of(session, an_account(session), a_line(session, 2, "yearly"), a_line(session, 1, "once"))

    assert [line.charge_now for line in terms.lines] == [eur("250.00"), eur("500.00")]
    assert (terms.every_month, terms.commitment) == (eur("0"), eur("1250.00"))
    assert [line.valid_to for line in terms.lines] == [on("2029-03-09"), FOREVER]
    assert [line.charged_until for line in terms.lines] == [on("2027-03-09"), FOREVER]


@pytest.mark.parametrize(
    ("plans", "wish", "expected"),
    [
        ([("P1M", "monthly"), ("P1Y", "monthly")], {}, ("P1Y", "monthly")),
        ([("P1M", "monthly"), ("P3Y", "annual")], {}, ("P1M", "monthly")),
        ([("P1Y", "annual")], {}, ("P1Y", "annual")),
        ([("P1Y", "monthly"), ("P1Y", "annual")], {"billing_cycle": "annual"}, ("P1Y", "annual")),
        ([("P1M", "monthly"), ("P1Y", "monthly")], {"term": "P1M"}, ("P1M", "monthly")),
    ],
)
def test_what_is_left_out_is_the_offers_default(
    databases: Settings, plans: list[tuple[str, str]], wish: dict[str, str], expected: tuple[str, str]
) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(plans=tuple(a_plan(*plan) for plan in plans)))
        line = terms_of(session, an_account(session), a_line(session, **wish)).lines[0]

    assert (line.term, line.billing_cycle) == expected


@pytest.mark.parametrize(
    ("offer", "line", "code", "field"),
    [
        ({"min_quantity": 5}, {"quantity": 4}, "quantity_out_of_range", "lines[0].quantity"),
        ({}, {"quantity": 301}, "quantity_out_of_range", "lines[0].quantity"),
        ({}, {"quantity": 0}, "quantity_out_of_range", "lines[0].quantity"),
        ({"max_quantity": None}, {"quantity": -3}, "quantity_out_of_range", "lines[0].quantity"),
        ({}, {"term": "P3Y"}, "term_not_sold", "lines[0].term"),
        ({}, {"billing_cycle": "annual"}, "billing_cycle_not_sold", "lines[0].billing_cycle"),
        ({"countries": ("DE",)}, {}, "country_not_sold", "lines[0].offer_id"),
        ({"plans": (a_plan(SEK="300.00"),)}, {}, "currency_not_sold", "lines[0].offer_id"),
        ({"valid_from": "2026-03-11"}, {}, "offer_not_sold", "lines[0].offer_id"),
        ({"valid_to": "2026-03-09"}, {}, "offer_not_sold", "lines[0].offer_id"),
        ({"prerequisites": ("suite",)}, {}, "prerequisite_missing", "lines[0].offer_id"),
        ({"addon_of": ("suite",)}, {}, "parent_missing", "lines[0].parent_subscription_id"),
        ({}, {"parent_subscription_id": new_id()}, "parent_not_found", "lines[0].parent_subscription_id"),
    ],
)
def test_a_line_that_is_not_sold_is_refused_by_its_field(
    databases: Settings, clock: Clock, offer: dict[str, Any], line: dict[str, Any], code: str, field: str
) -> None:
    no = refused(an_offer(**offer), **line)

    assert (no.code, no.field) == (code, field)
    assert no.detail.endswith(".")


def test_the_field_names_the_line_at_fault(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        with pytest.raises(Invalid) as no:
            terms_of(session, account, a_line(session), a_line(session, 301))

    assert no.value.field == "lines[1].quantity"


def test_an_offer_nobody_knows_is_not_found(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session)
        with pytest.raises(NotFound) as no:
            terms_of(session, account, LineWish(new_id(), 1))

    assert no.value.field == "lines[0].offer_id"


def test_an_order_has_one_to_fifty_lines(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        assert len(terms_of(session, account, *[a_line(session, 1)] * 50).lines) == 50
        for lines in ([], [a_line(session, 1)] * 51):
            with pytest.raises(Invalid) as no:
                queries.order_terms(session, EVERYBODY, account_id=account.id, lines=lines)
            assert no.value.field == "lines"


@pytest.mark.parametrize("status", ["opening", "suspended", "closed"])
def test_only_an_active_account_orders(databases: Settings, status: str) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        account.status = status
        with pytest.raises(Refused) as no:
            terms_of(session, account)

    assert (no.value.code, no.value.field) == ("account_not_active", "account_id")


def test_another_customers_account_is_not_found(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        with pytest.raises(NotFound):
            queries.order_terms(session, somebody_else(), account_id=account.id, lines=[a_line(session)])


def test_an_offer_without_a_price_of_ours_is_not_sold(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        commands.set_price_book(session, name="Narrow", rules=[Rule("vendor", "Fabrikam", markup_percent=Decimal(5))])
        with pytest.raises(Refused) as no:
            terms_of(session, an_account(session, price_book="Narrow"))

    assert no.value.code == "price_missing"


def test_without_a_window_nothing_can_be_undone(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(policy=POLICY | {"cancel_window_hours": 0}))
        assert terms_of(session, an_account(session)).lines[0].undo_until is None


def test_each_order_has_ids_of_its_own(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        first, second = terms_of(session, account), terms_of(session, account)

    assert first.order_id != second.order_id
    assert first.lines[0].subscription_id != second.lines[0].subscription_id
    blank = {"order_id": first.order_id, "lines": first.lines}
    assert replace(second, **blank) == first


def test_a_reseller_orders_for_its_end_customer(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        reseller = new_id()
        account = an_account(session, reseller_id=reseller)
        scope = scope_of(account)
        by_reseller = type(scope).reseller(reseller)
        terms = queries.order_terms(session, by_reseller, account_id=account.id, lines=[a_line(session)])

    assert (terms.customer_id, terms.reseller_id) == (account.customer_id, reseller)
