"""Money is exact, keeps to its currency's minor unit, and never mixes currencies."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Decimal, localcontext
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kernel.errors import Invalid
from domains.kernel.money import Money, UnitPrice, precision

WIRE = re.compile(r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$")
currencies = st.sampled_from(["EUR", "JPY", "KWD", "NOK", "HUF", "USD"])
minors = st.integers(-(10**17), 10**17)


@pytest.mark.parametrize(("currency", "text"), [("EUR", "EUR 12.35"), ("JPY", "JPY 12"), ("KWD", "KWD 12.345")])
def test_money_has_the_decimals_of_its_currency(currency: str, text: str) -> None:
    money = Money.of("12.345", currency)

    assert str(money) == text
    assert money.minor == int(text.split()[1].replace(".", ""))
    assert Money.from_minor(money.minor, currency) == money


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("0.004999", "0.00"), ("2.675", "2.68"), ("-2.675", "-2.68"),
     ("-0.001", "0.00"), ("1", "1.00")],
)  # fmt: skip
def test_money_is_rounded_half_away_from_zero(exact: str, rounded: str) -> None:
    assert str(Money.of(exact, "EUR")) == f"EUR {rounded}"


def test_equal_amounts_are_equal_however_many_zeros_were_written() -> None:
    assert Money(Decimal("12.5"), "EUR") == Money(Decimal("12.500"), "EUR") == Money.from_minor(1250, "EUR")
    assert hash(Money(Decimal("12.5"), "EUR")) == hash(Money.from_minor(1250, "EUR"))
    assert str(Money(Decimal("1E+1"), "EUR").amount) == "10.00"


@pytest.mark.parametrize("currency", ["", "eur", "EU", "EURO", "ÉUR", "E1", "€"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    for kind in (Money, UnitPrice):
        with pytest.raises(Invalid) as refused:
            kind(Decimal(1), currency)
        assert refused.value.code == "currency_invalid"


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "EUR"), ("0.5", "JPY"), ("0.0001", "KWD")])
def test_more_decimals_than_the_currency_has_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(Invalid) as refused:
        Money(Decimal(amount), currency)

    assert refused.value.code == "amount_invalid"
    assert refused.value.detail == f"{amount} has more decimals than {currency} knows."


@pytest.mark.parametrize("amount", [1.5, 1, "1", Decimal("NaN"), Decimal("Infinity"), None])
def test_only_finite_decimals_become_money_or_a_unit_price(amount: object) -> None:
    with pytest.raises(TypeError):
        Money(amount, "EUR")
    with pytest.raises(TypeError):
        UnitPrice(amount, "EUR")


def test_amounts_beyond_all_bounds_are_refused_and_not_a_crash() -> None:
    with pytest.raises(Invalid) as refused:
        Money.of(Decimal(10) ** 40, "EUR")
    assert refused.value.code == "amount_invalid"
    with pytest.raises(Invalid):
        UnitPrice(Decimal(10) ** 40, "EUR")


def test_two_currencies_are_never_reckoned_together() -> None:
    euros, yen = Money.of(1, "EUR"), Money.of(1, "JPY")

    assert euros != Money.of(1, "USD")
    for reckon in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(ValueError, match="EUR and JPY"):
            reckon(euros, yen)


@given(minors, minors, st.integers(-1000, 1000), currencies)
def test_reckoning_is_exact(a: int, b: int, factor: int, currency: str) -> None:
    one, other = Money.from_minor(a, currency), Money.from_minor(b, currency)

    assert (one + other).minor == a + b
    assert (one - other).minor == a - b
    assert (-one).minor == -a
    assert (one * factor).minor == a * factor
    assert (one < other, one <= other, one == other) == (a < b, a <= b, a == b)
    assert one + Money.zero(currency) == one


@given(st.integers(-(10**15) + 1, 10**15 - 1), currencies)
def test_the_wire_form_keeps_to_its_pattern_and_comes_back_the_same(minor: int, currency: str) -> None:
    money = Money.from_minor(minor, currency)
    sent = msgspec.to_builtins(money)

    assert WIRE.match(sent["amount"]), sent
    assert msgspec.convert(sent, Money, strict=False) == money
    assert len(sent["amount"].partition(".")[2]) == precision(currency)


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 10**6), currencies)
def test_many_units_are_rounded_once(amount: Decimal, quantity: int, currency: str) -> None:
    exact = Fraction(amount) * quantity

    cost = UnitPrice(amount, currency).times(quantity)

    assert abs(Fraction(cost.amount) - exact) <= Fraction(1, 2 * 10 ** precision(currency))


@pytest.mark.parametrize(("exact", "kept"), [("0.0000005", "0.000001"), ("-0.0000005", "-0.000001"),
                                             ("0.0000004", "0.000000"), ("1.2345675", "1.234568")])  # fmt: skip
def test_a_unit_price_keeps_six_decimals_rounded_half_up_whatever_the_context(exact: str, kept: str) -> None:
    with localcontext(rounding=ROUND_DOWN):
        assert UnitPrice(Decimal(exact), "EUR").amount == Decimal(kept)


def test_a_unit_price_says_what_it_is_without_needless_zeros() -> None:
    assert str(UnitPrice(Decimal("12.500000"), "EUR")) == "EUR 12.5"
    assert str(UnitPrice(Decimal("100"), "JPY")) == "JPY 100"
