"""Which tax applies to whom, by the day of the supply."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domains.billing.tax import SELLERS, TABLE, Rule, rule_for, seller_for, tax_sums
from domains.kernel.errors import Refused
from domains.kernel.money import Money

ON = date(2026, 10, 31)
S21, AE = Rule("S", Decimal(21), "VAT"), Rule("AE", Decimal(0), "VAT, reverse charge")


@pytest.mark.parametrize(
    ("country", "region", "tax_id", "seller", "category", "rate"),
    [
        ("NL", "eu", None, "eu", "S", 21),
        ("DE", "eu", "DE123456789", "eu", "AE", 0),
        ("GR", "eu", "EL123456789", "eu", "AE", 0),
        ("NO", "eu", "NO999888777MVA", "eu", "O", 0),
        ("GB", "eu", None, "eu", "O", 0),
        ("SG", "apac", None, "apac", "SR", 9),
        ("JP", "apac", "T1234567890123", "apac", "ZR", 0),
        ("AU", "apac", None, "au", "S", 10),
    ],
)
def test_who_buys_from_whom_decides_the_tax(
    country: str, region: str, tax_id: str | None, seller: str, category: str, rate: int
) -> None:
    found = seller_for(country, region)
    rule = rule_for(found, country, tax_id, ON)

    assert (found.key, rule.category, rule.rate) == (seller, category, rate)


@pytest.mark.parametrize("tax_id", [None, "", "NL123456789B01", "DE", "DEXYZ", "DE 1"])
def test_without_a_vat_number_of_the_buyers_country_no_tax_is_guessed(tax_id: str | None) -> None:
    with pytest.raises(Refused) as no:
        rule_for(SELLERS["eu"], "DE", tax_id, ON)

    assert no.value.code == "tax_undecided"


def test_the_rate_is_that_of_the_day_of_the_supply() -> None:
    assert [rule_for(SELLERS["apac"], "SG", None, day).rate for day in (date(2023, 12, 31), date(2024, 1, 1))] == [8, 9]


def test_no_day_has_two_rules() -> None:
    for row in TABLE:
        others = [one for one in TABLE if one is not row and (one.seller, one.buyer) == (row.seller, row.buyer)]
        assert all(one.until < row.since or row.until < one.since for one in others)


def test_tax_is_rounded_once_on_the_sum_of_the_lines() -> None:
    cents = [(S21, Money.of("0.02", "EUR"))] * 10  # each alone would be 0.0042, and round to nothing

    assert tax_sums(cents, "EUR") == [(S21, Money.of("0.20", "EUR"), Money.of("0.04", "EUR"))]


def test_each_category_has_a_sum_of_its_own() -> None:
    lines = [(S21, Money.of("10.00", "EUR")), (AE, Money.of("5.00", "EUR")), (S21, Money.of("-2.50", "EUR"))]

    assert [(rule.category, str(net), str(tax)) for rule, net, tax in tax_sums(lines, "EUR")] == [
        ("S", "EUR 7.50", "EUR 1.58"), ("AE", "EUR 5.00", "EUR 0.00"),
    ]  # fmt: skip
