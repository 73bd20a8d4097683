"""The rules of price books: which one wins, how its price is rounded, what comes off it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kernel.errors import Invalid
from domains.kernel.money import UnitPrice, precision
from domains.services.pricing import ROUNDINGS, SCOPES, Asked, Prices, Promotion, Rule, best_of
from domains.services.pricing.rules import as_data, from_data, rounded_by

DAY = date(2026, 11, 30)


def eur(amount: str) -> UnitPrice:
    return UnitPrice(Decimal(amount), "EUR")


def asked(purchase: str = "10.00", listed: str | None = "13.50", **but: Any) -> Asked:
    currency = but.pop("currency", "EUR")
    known = {"offer": "pro", "vendor": "Litware", "category": "Security", "term": "P1Y", "billing_cycle": "monthly"}
    return Asked(Decimal(purchase), currency, list_price=Decimal(listed) if listed else None, **known | but)


def price(rules: list[Rule], on: date | None = DAY, rounding: str = "minor", **but: Any) -> str | None:
    found = Prices("a book", rules, rounding=rounding, on=on).reckon(asked(**but))
    return str(found.unit_price.amount.normalize()) if found else None


def plus(percent: int, scope: str = "all", target: str = "", **but: Any) -> Rule:
    return Rule(scope, target, markup_percent=Decimal(percent), **but)


def test_the_list_price_less_a_discount_holds_where_the_provider_says_one() -> None:
    rules = [plus(25), Rule("vendor", "Litware", discount_percent=Decimal(10))]

    assert price(rules) == "12.15"
    assert price(rules, listed=None) == "12.5"


def test_the_highest_tier_that_is_reached_holds_for_all_units() -> None:
    rules = [plus(25), plus(20, min_quantity=50), plus(15, min_quantity=100)]

    assert [price(rules, quantity=count) for count in (1, 49, 50, 99, 100, 5000)] == [
        "12.5", "12.5", "12", "12", "11.5", "11.5",
    ]  # fmt: skip


def test_a_rule_holds_from_its_first_day_to_its_last() -> None:
    rules = [plus(25), plus(10, valid_from=date(2026, 12, 1), valid_to=date(2026, 12, 31))]
    days = (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1))

    assert [price(rules, on=day) for day in days] == ["12.5", "11", "11", "12.5"]


def test_what_names_more_wins_within_its_scope_and_of_equals_the_last() -> None:
    by_vendor = [plus(30, "vendor", "litware"), plus(40, "vendor", "Litware", term="P1Y"), plus(99, term="P1Y")]

    assert price(by_vendor) == "14"
    assert price(by_vendor, term="P1M") == "13"
    assert price([plus(1), plus(2)]) == "10.2"
    assert price([plus(1, currency="JPY"), plus(2)], purchase="1000", currency="JPY", listed=None) == "1.01E+3"


@pytest.mark.parametrize(
    ("rounding", "exact", "currency", "rounded"),
    [("minor", "12.345", "EUR", "12.35"), ("up_5", "12.31", "EUR", "12.35"), ("up_5", "12.35", "EUR", "12.35"),
     ("up_1", "12.01", "EUR", "13"), ("99", "12.01", "EUR", "12.99"), ("99", "12.995", "EUR", "13.99"),
     ("99", "13", "EUR", "13.99"), ("99", "1234.2", "JPY", "1235"), ("up_5", "1231", "JPY", "1235"),
     ("99", "0", "EUR", "0"), ("99", "0.004", "EUR", "0")],
)  # fmt: skip
def test_prices_are_rounded_as_the_book_says(rounding: str, exact: str, currency: str, rounded: str) -> None:
    source = Decimal(1) if currency == "JPY" else Decimal("1.00")

    assert rounded_by(rounding, Decimal(exact), currency, source) == Decimal(rounded)


@given(st.sampled_from(ROUNDINGS[1:]), st.integers(1, 10**8), st.sampled_from(["EUR", "JPY"]))
def test_rounding_up_never_sells_below_the_exact_price_nor_a_unit_above(way: str, minor: int, currency: str) -> None:
    exact = Decimal(minor).scaleb(-precision(currency))

    found = rounded_by(way, exact, currency, exact)

    assert exact <= found <= exact + (5 if currency == "JPY" else 2)
    assert rounded_by("minor", found, currency, found) == found


RULES = st.builds(
    Rule, st.sampled_from(SCOPES), st.text("abc '", min_size=1, max_size=5),
    markup_percent=st.decimals(-100, 500, places=2) | st.none(),
    discount_percent=st.decimals(0, 100, places=1) | st.none(),
    unit_price=st.builds(UnitPrice, st.decimals(0, 999, places=2), st.just("EUR")) | st.none(),
    term=st.sampled_from(["P1Y", "P1M", None]), billing_cycle=st.sampled_from(["monthly", None]),
    currency=st.none(), min_quantity=st.integers(1, 5), valid_from=st.dates() | st.none(),
    rounding=st.sampled_from([*ROUNDINGS, None]),
)  # fmt: skip


@given(RULES)
def test_a_rule_comes_back_from_the_history_as_it_was(rule: Rule) -> None:
    assert from_data(as_data(rule)) == rule


@given(st.lists(RULES, max_size=6), st.permutations(range(6)))
def test_books_are_asked_the_same_way_each_time(rules: list[Rule], order: list[int]) -> None:
    distinct = {(rule.scope, rule.target.casefold(), rule.particularity): rule for rule in rules}
    shuffled = [list(distinct.values())[place] for place in order if place < len(distinct)]
    plan = asked(offer="abc", vendor="a", category="b")

    first, again = (Prices("x", some).reckon(plan) for some in (list(distinct.values()), shuffled))

    assert (first and first.unit_price) == (again and again.unit_price)


@pytest.mark.parametrize(
    "rule",
    [
        plus(1, min_quantity=0), plus(1, valid_from=date(2026, 2, 1), valid_to=date(2026, 1, 1)), plus(1, rounding="7"),
        Rule("all", discount_percent=Decimal(101)), Rule("all", markup_percent=Decimal(1), discount_percent=Decimal(1)),
        plus(10**7), Rule("offer", "x", unit_price=eur("1"), term="P1Y", billing_cycle="monthly", currency="JPY"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_meant_is_refused(rule: Rule) -> None:
    with pytest.raises(Invalid):
        rule.check()


def test_the_steps_lead_from_the_cost_to_the_price() -> None:
    found = Prices("a book", [plus(25, rounding="99")]).reckon(asked("10.10"))

    assert found is not None
    assert [(step.kind, str(step.amount)) for step in found.steps] == [
        ("purchase", "EUR 10.1"), ("markup", "EUR 12.625"), ("rounding", "EUR 12.99"),
    ]  # fmt: skip


# ---------- promotions ----------


def test_the_promotion_that_leaves_the_lowest_price_is_given_and_none_is_added_to_it() -> None:
    percent = Promotion("a", "A tenth", percent=Decimal(10))
    amount = Promotion("b", "Three off", amounts={"EUR": "3.00"}, vendors=("Litware",))

    given = best_of((percent, amount), asked(), eur("12.50"), False)

    assert given is not None
    assert (given.promotion.id, given.unit_price, given.hindrance) == ("b", eur("9.50"), None)
    assert best_of((amount,), asked(currency="SEK"), UnitPrice(Decimal(90), "SEK"), False) is None


def test_a_line_of_more_than_the_most_gets_nothing_off_not_even_in_part() -> None:
    promotion = Promotion("a", "A tenth", percent=Decimal(10), max_quantity=20)

    within, beyond = (best_of((promotion,), asked(quantity=count), eur("10"), False) for count in (20, 21))

    assert within and within.hindrance is None
    assert beyond and beyond.hindrance == "max_quantity"


def test_a_first_purchase_is_one_only_once() -> None:
    promotion = Promotion("a", "A tenth", percent=Decimal(10), first_purchase=True)

    first, second = (best_of((promotion,), asked(), eur("10"), held) for held in (False, True))

    assert first and first.hindrance is None
    assert second and second.hindrance == "first_purchase"


def test_a_promotion_never_pays_the_customer() -> None:
    given = best_of((Promotion("a", "Much", amounts={"EUR": "30"}),), asked(), eur("12.50"), False)

    assert given and given.unit_price == eur("0")
