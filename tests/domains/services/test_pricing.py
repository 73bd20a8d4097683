"""Prices and day-exact reckoning: the sums that are promised and charged."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kernel.errors import Invalid
from domains.kernel.money import Money, UnitPrice
from domains.services.pricing import (
    FOREVER,
    STANDARD,
    Prices,
    Rule,
    added_commitment,
    charged_until,
    cycles_in,
    estimate,
    extension,
    last_day,
    months_of,
    rest_of_period,
)

ANALYTICS = {"offer": "tailspin-analytics-pro", "vendor": "Tailspin Software", "category": "Analytics",
             "term": "P1Y", "billing_cycle": "monthly"}  # fmt: skip
EUR_31_50 = UnitPrice(Decimal("31.50"), "EUR")
DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))
CENTS = st.integers(0, 100_000).map(lambda cents: UnitPrice(Decimal(cents) / 100, "EUR"))


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def price_of(rules: tuple[Rule, ...], purchase: str, currency: str = "EUR", **but: str) -> UnitPrice | None:
    return Prices("a book", rules).of(UnitPrice(Decimal(purchase), currency), **(ANALYTICS | but))


def test_analytics_pro_costs_31_50_at_a_markup_of_a_quarter() -> None:
    assert price_of(STANDARD, "25.20") == EUR_31_50


def test_the_most_particular_rule_wins() -> None:
    fixed = Rule("offer", "tailspin-analytics-pro", unit_price=UnitPrice(Decimal(29), "EUR"), term="P1Y",
                 billing_cycle="monthly")  # fmt: skip
    by_offer = Rule("offer", "tailspin-analytics-pro", markup_percent=Decimal(50))
    by_vendor = Rule("vendor", "tailspin software", markup_percent=Decimal(40))
    by_category = Rule("category", "ANALYTICS", markup_percent=Decimal(30))
    by_all = Rule("all", markup_percent=Decimal(10))

    prices = [price_of((by_all, by_category, by_vendor, by_offer, fixed)[:n], "10.00") for n in range(1, 6)]

    assert [str(price) for price in prices] == ["EUR 11", "EUR 13", "EUR 14", "EUR 15", "EUR 29"]


def test_a_fixed_price_is_for_its_plan_and_currency_only() -> None:
    rules = (Rule("offer", "tailspin-analytics-pro", unit_price=UnitPrice(Decimal(29), "EUR"), term="P1Y",
                  billing_cycle="monthly"),)  # fmt: skip

    assert price_of(rules, "10", term="P1M") is None
    assert price_of(rules, "10", currency="SEK") is None


@pytest.mark.parametrize(
    ("purchase", "currency", "sales"),
    [("2.33", "EUR", "2.91"), ("0.10", "EUR", "0.13"), ("3901", "JPY", "4876"), ("3902", "JPY", "4878"),
     ("0.0123", "EUR", "0.0154"), ("0.000001", "EUR", "0.000001")],
)  # fmt: skip
def test_prices_are_rounded_to_what_the_currency_or_the_purchase_price_knows(
    purchase: str, currency: str, sales: str
) -> None:
    assert price_of((Rule("all", markup_percent=Decimal(25)),), purchase, currency) == UnitPrice(
        Decimal(sales), currency
    )


@pytest.mark.parametrize(
    "rule",
    [
        Rule("all"),
        Rule("all", "x", markup_percent=Decimal(1)),
        Rule("offer", markup_percent=Decimal(1)),
        Rule("moon", "x", markup_percent=Decimal(1)),
        Rule("vendor", "x", markup_percent=Decimal(-101)),
        Rule("vendor", "x", unit_price=EUR_31_50, term="P1Y", billing_cycle="monthly"),
        Rule("offer", "x", unit_price=EUR_31_50),
        Rule("offer", "x", markup_percent=Decimal(1), unit_price=EUR_31_50),
    ],
)
def test_a_rule_that_could_never_be_applied_is_refused(rule: Rule) -> None:
    with pytest.raises(Invalid):
        rule.check()


@pytest.mark.parametrize(
    ("first", "term", "last"),
    [("2026-11-24", "P1Y", "2027-11-23"), ("2026-11-24", "P1M", "2026-12-23"), ("2026-11-01", "P1M", "2026-11-30"),
     ("2026-01-31", "P1M", "2026-02-27"), ("2028-02-29", "P1Y", "2029-02-27"), ("2026-03-01", "P3Y", "2029-02-28")],
)  # fmt: skip
def test_a_term_ends_on_its_inclusive_last_day(first: str, term: str, last: str) -> None:
    assert last_day(date.fromisoformat(first), term) == date.fromisoformat(last)


def test_what_is_bought_once_never_ends() -> None:
    assert last_day(date(2026, 11, 24), "one_time") == FOREVER
    assert cycles_in("one_time", "one_time") == 1


@pytest.mark.parametrize("term", ["", "P0M", "P1W", "1 year", "P100Y", "p1y"])
def test_a_term_that_is_none_is_refused(term: str) -> None:
    with pytest.raises(Invalid) as invalid:
        months_of(term)
    assert invalid.value.field == "term"


@pytest.mark.parametrize(
    ("term", "cycle", "cycles"),
    [("P1M", "monthly", 1), ("P1Y", "monthly", 12), ("P3Y", "monthly", 36), ("P1Y", "annual", 1), ("P3Y", "annual", 3)],
)
def test_a_commitment_is_every_cycle_of_the_term(term: str, cycle: str, cycles: int) -> None:
    assert cycles_in(term, cycle) == cycles


def rest(
    day: str, *, seats: int = 20, first: str = "2026-11-24", to: str = "2027-11-23", cycle: str = "monthly"
) -> Money:
    return rest_of_period(
        EUR_31_50, seats, day=date.fromisoformat(day), first=date.fromisoformat(first),
        valid_to=date.fromisoformat(to), billing_cycle=cycle,
    )  # fmt: skip


def test_a_month_is_charged_from_the_day_to_its_end_counted_in_days() -> None:
    assert rest("2026-11-24") == eur("147.00")  # 7 of 30 days
    assert rest("2026-12-01") == eur("630.00")
    assert rest("2027-02-28", seats=1) == eur("1.13")  # 1 of 28 days
    assert rest("2028-02-29", seats=1, to="2028-12-31") == eur("1.09")  # 1 of 29 days


def test_the_last_month_is_charged_to_the_end_of_the_term_only() -> None:
    assert rest("2027-11-01") == eur("483.00")  # 23 of 30 days
    assert rest("2027-11-24") == eur("0.00")


def test_a_year_is_charged_in_full_at_first_and_by_days_later() -> None:
    assert rest("2026-11-24", cycle="annual") == eur("630.00")
    assert rest("2027-11-14", cycle="annual") == eur("17.26")  # 10 of 365 days
    assert charged_until(date(2027, 1, 5), date(2026, 11, 24), date(2029, 11, 23), "annual") == date(2027, 11, 23)


def test_a_leap_day_is_an_anniversary_every_year() -> None:
    assert rest("2029-02-28", first="2028-02-29", to="2031-02-27", cycle="annual", seats=1) == eur("31.50")
    assert rest("2029-02-27", first="2028-02-29", to="2031-02-27", cycle="annual", seats=1) == eur("0.09")


def test_what_is_bought_once_is_charged_in_full() -> None:
    assert rest("2027-03-03", cycle="one_time") == eur("630.00")


def test_yen_have_no_decimals() -> None:
    price = UnitPrice(Decimal(4875), "JPY")
    share = rest_of_period(
        price, 3, day=date(2026, 11, 24), first=date(2026, 11, 24), valid_to=date(2027, 11, 23), billing_cycle="monthly"
    )
    assert (share, str(share)) == (Money.of(3413, "JPY"), "JPY 3413")  # 3412.5 rounded half up


@given(CENTS, st.integers(1, 500), DAYS, DAYS)
def test_two_parts_of_a_month_are_the_month_to_half_a_cent_each(
    price: UnitPrice, seats: int, day: date, other: date
) -> None:
    first = day.replace(day=1)
    cut = min(other.day, 28)
    after = first.replace(day=cut)
    span = {"first": first, "valid_to": FOREVER, "billing_cycle": "monthly"}

    whole = rest_of_period(price, seats, day=first, **span)
    left = rest_of_period(price, seats, day=after, **span)

    assert whole == price.times(seats)
    assert eur("0") <= left <= whole


@given(CENTS, st.integers(1, 500), DAYS, st.sampled_from(["monthly", "annual", "one_time"]))
def test_seats_added_and_returned_on_one_day_cost_nothing(price: UnitPrice, seats: int, day: date, cycle: str) -> None:
    span = {"day": day, "first": day - timedelta(days=40), "valid_to": FOREVER, "billing_cycle": cycle}

    assert rest_of_period(price, seats, **span) - rest_of_period(price, seats, **span) == eur("0")


@given(CENTS, st.integers(1, 500), DAYS, st.integers(0, 400), st.sampled_from(["monthly", "annual"]))
def test_a_later_day_never_costs_more_of_the_same_period(
    price: UnitPrice, seats: int, day: date, days: int, cycle: str
) -> None:
    span = {"first": day, "valid_to": FOREVER, "billing_cycle": cycle}
    later = min(day + timedelta(days=days), charged_until(day, day, FOREVER, cycle))

    assert rest_of_period(price, seats, day=later, **span) <= rest_of_period(price, seats, day=day, **span)


def test_an_extension_is_charged_month_by_month_as_it_comes() -> None:
    span: dict[str, Any] = {"first": date(2025, 9, 1), "valid_to": date(2026, 8, 31), "until": date(2026, 9, 30)}
    span["billing_cycle"] = "monthly"

    assert extension(EUR_31_50, 20, day=date(2026, 8, 10), **span) == eur("0")
    assert added_commitment(EUR_31_50, 20, **span) == eur("630.00")


def test_an_extension_within_the_running_month_is_charged_now() -> None:
    span: dict[str, Any] = {"first": date(2025, 9, 11), "valid_to": date(2026, 9, 10), "until": date(2026, 9, 30)}
    span["billing_cycle"] = "monthly"

    assert extension(EUR_31_50, 20, day=date(2026, 9, 2), **span) == eur("420.00")  # 20 of 30 days
    assert added_commitment(EUR_31_50, 20, **span) == eur("420.00")


def test_an_extension_of_what_is_paid_by_the_year_is_charged_now_by_days() -> None:
    price = UnitPrice(Decimal(365), "EUR")
    span: dict[str, Any] = {"first": date(2025, 9, 1), "valid_to": date(2026, 8, 31), "until": date(2026, 9, 30)}
    span["billing_cycle"] = "annual"

    assert extension(price, 2, day=date(2026, 8, 10), **span) == eur("60.00")  # 30 of 365 days
    assert added_commitment(price, 2, **span) == eur("60.00")


def test_an_extension_is_charged_as_it_comes_while_years_before_it_are_not_paid_for() -> None:
    span: dict[str, Any] = {"first": date(2025, 9, 1), "valid_to": date(2028, 8, 31), "until": date(2028, 9, 30)}

    assert extension(EUR_31_50, 2, day=date(2026, 8, 10), billing_cycle="annual", **span) == eur("0")
    assert extension(EUR_31_50, 2, day=date(2027, 9, 1), billing_cycle="annual", **span) == eur("5.18")  # 30 of 365


def test_two_extensions_cost_what_one_does() -> None:
    price = UnitPrice(Decimal(365), "EUR")
    about: dict[str, Any] = {"day": date(2026, 3, 12), "first": date(2026, 3, 10), "billing_cycle": "annual"}
    first, half, last = date(2027, 3, 9), date(2027, 10, 20), date(2028, 5, 1)

    one = extension(price, 1, valid_to=first, until=last, **about)
    two = extension(price, 1, valid_to=first, until=half, **about)
    two += extension(price, 1, valid_to=half, until=last, paid_until=half, **about)

    assert one == two == eur("418.00")  # a leap year for 365.00, and 53 of 365 days


def test_tax_is_estimated_by_the_standard_rate_and_says_so() -> None:
    found = estimate(eur("152.60"), "NL")

    assert (found.amount, found.percent, found.name) == (eur("32.05"), Decimal(21), "VAT")
    assert "NL" in found.rule
    assert "21 %" in found.rule
    assert estimate(Money.of(3413, "JPY"), "JP").amount == Money.of(341, "JPY")


def test_where_no_rate_is_known_nothing_is_estimated() -> None:
    assert estimate(eur("100"), "BR").amount == eur("0")
