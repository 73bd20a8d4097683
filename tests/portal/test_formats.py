"""Amounts, days and times stand as each reader writes them at home."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import render_template_string

from domains.kernel.money import Money, UnitPrice
from portal import formats, words
from tests.portal.sample import NOON, a_portal, as_read, drawn, reading

NBSP, MINUS = "\u00a0", "\u2212"


@pytest.fixture(autouse=True)
def somebody_reads() -> Iterator[None]:
    """In English, in Amsterdam, where a test says nothing else."""
    with reading():
        yield


@pytest.mark.parametrize(
    ("region", "written"),
    [("en_GB", "1,234,567.50"), ("de_DE", "1.234.567,50"), ("de_CH", "1’234’567.50"), ("en_IN", "12,34,567.50")],
)
def test_money_is_written_in_the_readers_way_with_the_iso_code_first(region: str, written: str) -> None:
    text = as_read(f"formats={region}", "{{ owed|money }}", owed=Money(Decimal("1234567.50"), "EUR"))

    assert text == f"EUR{NBSP}{written}"


def test_less_than_nothing_has_a_real_minus_and_yen_have_no_decimals() -> None:
    assert formats.money(Money(Decimal("-36.30"), "EUR")) == f"EUR{NBSP}{MINUS}36.30"
    assert formats.money(Money(Decimal(1200), "JPY")) == f"JPY{NBSP}1,200"
    assert formats.amount(Money(Decimal("115.50"), "EUR"), sign=True) == "+115.50"
    assert formats.amount(Money(Decimal("-0.00"), "EUR")) == "0.00"


def test_a_rate_shows_the_decimals_it_needs_and_the_wires_money_is_money_too() -> None:
    assert formats.unit_price(UnitPrice(Decimal("0.0125"), "EUR")) == f"EUR{NBSP}0.0125"
    assert formats.unit_price(UnitPrice(Decimal("31.5"), "EUR")) == f"EUR{NBSP}31.50"
    assert formats.money({"amount": "12.50", "currency": "SGD"}) == f"SGD{NBSP}12.50"
    with pytest.raises(ValueError, match="no currency"):
        formats.money(Decimal(5))


def test_an_instant_is_shown_in_the_readers_zone_and_utc_stands_in_its_title() -> None:
    html = drawn("instant", "time", "instant(at)", at=datetime(2026, 11, 27, 13, 32, tzinfo=UTC))

    assert "27 Nov 2026, 14:32<" in html
    assert 'title="27 Nov 2026, 13:32:00 UTC"' in html
    assert 'datetime="2026-11-27T14:32:00+01:00"' in html


def test_a_day_does_not_move_with_the_zone_but_an_instants_day_does() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)

    text = as_read("zone=Asia/Tokyo", "{{ day|day }} {{ late|day }}", day=date(2026, 11, 24), late=late)

    assert text == "24 Nov 2026 25 Nov 2026"


def test_language_and_region_format_are_two_settings() -> None:
    template = "{{ when|weekday }}"
    when = date(2026, 3, 2)

    assert as_read("language=de&formats=en_GB", template, when=when) == "Mo., 2 März 2026"
    assert as_read("language=en&formats=de_DE", template, when=when) == "Mon, 2. Mar 2026"
    assert as_read("language=ja&formats=ja_JP", template, when=when) == "2026年3月2日(月)"
    assert as_read("language=ja&formats=en_GB", template, when=when) == "Mon, 2 Mar 2026"


def test_a_constant_in_a_template_is_formatted_for_each_reader_anew() -> None:
    portal = a_portal()
    texts = []
    for region in ("en_GB", "de_DE"):
        with portal.test_request_context(f"/?formats={region}"):
            portal.preprocess_request()
            texts.append(render_template_string('{{ "1234.5"|money("EUR") }}'))

    assert texts == [f"EUR{NBSP}1,234.50", f"EUR{NBSP}1.234,50"]


def test_settings_that_nobody_knows_fall_back_instead_of_failing_the_page() -> None:
    assert as_read("formats=xx_YY&zone=Moon/Sea", "{{ at|instant }}", at=NOON) == "24 Nov 2026, 09:15"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        formats.instant(NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("rest", "written"),
    [
        (timedelta(days=17, hours=19), "17 days left"),
        (timedelta(days=3, hours=4, minutes=17), "3 d 4 h left"),
        (timedelta(hours=2, minutes=10), "2 h 10 min left"),
        (timedelta(minutes=38), "38 min left"),
        (timedelta(seconds=22), "22 s left"),
        (timedelta(0), "closed"),
    ],
)
def test_what_is_left_is_said_in_two_units_at_most(rest: timedelta, written: str) -> None:
    assert formats.left(NOON + rest) == written


def test_numbers_shares_and_months() -> None:
    assert formats.number(1234) == "1,234"
    assert formats.percent(Decimal("0.794")) == "79%"
    assert [formats.compact(figure) for figure in (4751, 12_500, 1_234_567)] == ["4,751", "12.5K", "1.2M"]
    assert (formats.month("2026-11"), formats.month_name(date(2026, 12, 1))) == ("Nov 2026", "Dec")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "3 active, 2 suspended and 1 expired"),
        ("de", "3 active, 2 suspended und 1 expired"),  # the words come from a catalogue, which these pages have not
        ("ja", "3 active、2 suspended、1 expired"),
    ],
)
def test_any_number_of_states_is_listed_in_every_language(language: str, said: str) -> None:
    with reading(f"language={language}"):
        assert words.said_by_state({"active": 3, "suspended": 2, "expired": 1}, "subscription") == said
