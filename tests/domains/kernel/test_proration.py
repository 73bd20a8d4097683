"""Proration counts whole days, rounds once, and what is cut in two costs what the whole costs."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kernel import proration
from domains.kernel.errors import Invalid
from domains.kernel.money import Money, UnitPrice
from domains.kernel.proration import prorate

MARCH = (date(2026, 3, 1), date(2026, 4, 1))


def day(number: int) -> date:
    return MARCH[0] + timedelta(number - 1)


@st.composite
def cuts(draw: st.DrawFn) -> list[date]:
    """A period and the days it is cut at, in order."""
    start = draw(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    length = draw(st.integers(1, 1100))
    days = draw(st.lists(st.integers(0, length), max_size=6))
    return [start + timedelta(number) for number in sorted([0, *days, length])]


def test_a_whole_period_costs_the_whole_price() -> None:
    assert prorate(UnitPrice(Decimal("12.50"), "EUR"), 3, MARCH, MARCH) == Money.of("37.50", "EUR")


@pytest.mark.parametrize(("first", "after", "cost"), [(10, 10, "0.00"), (10, 11, "1.00"), (1, 11, "10.00"),
                                                      (31, 32, "1.00"), (2, 32, "30.00")])  # fmt: skip
def test_the_last_day_is_the_one_before_the_end(first: int, after: int, cost: str) -> None:
    assert prorate(UnitPrice(Decimal(31), "EUR"), 1, MARCH, (day(first), day(after))) == Money.of(cost, "EUR")


def test_february_of_a_leap_year_has_29_days() -> None:
    february = (date(2028, 2, 1), date(2028, 3, 1))

    assert prorate(UnitPrice(Decimal(29), "EUR"), 1, february, (date(2028, 2, 29), date(2028, 3, 1))).minor == 100


def test_half_a_cent_is_rounded_up_although_a_third_has_no_end() -> None:
    three_days = (day(1), day(4))

    assert prorate(UnitPrice(Decimal("0.165"), "EUR"), 1, three_days, (day(1), day(2))) == Money.of("0.06", "EUR")


@pytest.mark.parametrize("segment", [(day(0), day(2)), (day(31), day(33)), (day(9), day(8))])
def test_days_outside_their_period_are_refused(segment: tuple[date, date]) -> None:
    with pytest.raises(Invalid) as refused:
        prorate(UnitPrice(Decimal(1), "EUR"), 1, MARCH, segment)

    assert refused.value.code == "segment_invalid"


def test_a_period_without_days_is_refused() -> None:
    with pytest.raises(Invalid):
        prorate(UnitPrice(Decimal(1), "EUR"), 1, (day(1), day(1)), (day(1), day(1)))


@given(cuts(), st.decimals(0, 10**6, places=6), st.integers(-1000, 1000))
def test_each_part_is_the_exact_share_rounded_half_up(days: list[date], amount: Decimal, quantity: int) -> None:
    for first, after in itertools.pairwise(days):
        exact = Fraction(amount) * quantity * (after - first).days / (days[-1] - days[0]).days
        half_up = int(abs(exact) * 100 + Fraction(1, 2)) * (1 if exact >= 0 else -1)

        assert prorate(UnitPrice(amount, "EUR"), quantity, (days[0], days[-1]), (first, after)).minor == half_up


@given(cuts(), st.decimals(0, 10**6, places=6), st.integers(0, 1000))
def test_parts_add_up_to_the_whole_but_for_half_a_cent_each(days: list[date], amount: Decimal, quantity: int) -> None:
    period = (days[0], days[-1])
    parts = [prorate(UnitPrice(amount, "EUR"), quantity, period, part) for part in itertools.pairwise(days)]

    whole = prorate(UnitPrice(amount, "EUR"), quantity, period, period)

    assert abs(sum(part.minor for part in parts) - whole.minor) * 2 <= len(parts) + 1


@given(cuts(), st.integers(0, 10**6))
def test_parts_add_up_exactly_when_a_day_costs_whole_cents(days: list[date], cents: int) -> None:
    period = (days[0], days[-1])
    price = UnitPrice(Decimal(cents) * (days[-1] - days[0]).days / 100, "EUR")

    parts = [prorate(price, 1, period, part) for part in itertools.pairwise(days)]

    assert sum(parts, Money.zero("EUR")) == prorate(price, 1, period, period)


@given(cuts(), st.decimals(0, 10**6, places=2), st.integers(1, 100))
def test_taking_back_what_is_left_leaves_what_was_used(days: list[date], amount: Decimal, quantity: int) -> None:
    """A refund is the charge of the same days with the sign turned."""
    period, price = (days[0], days[-1]), UnitPrice(amount, "EUR")

    assert prorate(price, -quantity, period, (days[1], days[-1])) == -prorate(
        price, quantity, period, (days[1], days[-1])
    )


def test_an_invoice_can_be_checked_by_hand_on_the_command_line() -> None:
    asked = "--price 24.00 --currency EUR --quantity 3 --period 2026-01-01..2026-02-01 --segment 2026-01-10..2026-02-01"
    command = [sys.executable, "-m", "domains.kernel.proration", *asked.split()]

    good = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    bad = subprocess.run([*command, "--segment", "2026-01-10..2026-02-02"], capture_output=True, text=True, timeout=20)

    assert good.stdout == "51.10\n"  # 3 × 24.00 × 22 of 31 days
    assert bad.returncode == 2 and "are not within" in bad.stderr


@pytest.mark.parametrize(
    ("option", "given", "said"),
    [
        ("--price", "a lot", "“a lot” is not a price, such as 24.00"), ("--price", "NaN", "is not a price"),
        ("--price", "1e30", "beyond all bounds"), ("--currency", "eur", "use three capitals"),
        ("--period", "2026-01-01", "such as 2026-01-01..2026-02-01"), ("--period", "2026-01-01..2026-02-30", "such as"),
        ("--period", "2026-02-01..2026-01-01", "are not within"), ("--segment", "2026-01-31..2026-02-02", "not within"),
        ("--segment", "2026-01-01...2026-02-01", "such as"), ("--quantity", "3.5", "invalid int value"),
    ],
)  # fmt: skip
def test_what_cannot_be_reckoned_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: str, given: str, said: str
) -> None:
    known = {"--price": "24", "--currency": "EUR", "--quantity": "3", "--period": "2026-01-01..2026-02-01"}
    asked = known | {"--segment": "2026-01-10..2026-02-01", option: given}
    monkeypatch.setattr(sys, "argv", ["proration", *(word for pair in asked.items() for word in pair)])

    with pytest.raises(SystemExit) as ended:
        proration.main()

    assert ended.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("price", "currency", "quantity", "segment", "cost"),
    [
        ("24.00", "EUR", 3, "2026-01-01..2026-02-01", "72.00"), ("24.00", "EUR", 3, "2026-01-31..2026-02-01", "2.32"),
        ("24.00", "EUR", -3, "2026-01-10..2026-02-01", "-51.10"), ("2400", "JPY", 3, "2026-01-10..2026-02-01", "5110"),
        ("24.00", "EUR", 3, "2026-01-10..2026-01-10", "0.00"),
    ],
)  # fmt: skip
def test_the_command_line_prints_the_amount_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, price: str, currency: str, quantity: int,
    segment: str, cost: str,
) -> None:  # fmt: skip
    asked = ["--price", price, "--currency", currency, "--quantity", str(quantity), "--segment", segment]
    monkeypatch.setattr(sys, "argv", ["proration", *asked, "--period", "2026-01-01..2026-02-01"])

    proration.main()

    assert capsys.readouterr().out == f"{cost}\n"
