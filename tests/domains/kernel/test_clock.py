"""Two clocks: the database's, which nobody moves, and the business clock, which a test may move."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from domains.accounts import db
from domains.kernel.clock import business_at, business_now, frozen_at, local_day, now
from domains.kernel.config import Settings

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_the_time_is_the_databases_and_in_utc(databases: Settings) -> None:
    with db.begin_read() as session:
        first, second = now(session), now(session.connection())

    assert first.tzinfo is UTC
    assert first <= second
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_machine_whose_clock_is_wrong_still_knows_the_time(databases: Settings) -> None:
    right = datetime.now(UTC)

    with time_machine.travel(right + timedelta(days=400)), db.begin_read() as session:
        assert abs(now(session) - right) < timedelta(minutes=1)


def test_the_time_goes_on_within_a_transaction(databases: Settings) -> None:
    with db.begin_read() as session:
        first = now(session)
        while now(session) == first:  # a millisecond at most
            pass


def test_both_clocks_can_be_held_still_and_go_on_afterwards(databases: Settings) -> None:
    with db.begin_read() as session:
        with frozen_at(NOON.astimezone(timezone(timedelta(hours=9)))):
            assert now(session) == business_now(session) == NOON
            assert now(session).tzinfo is UTC
        assert now(session) != NOON


def test_only_the_business_clock_can_be_moved_alone(databases: Settings) -> None:
    with db.begin_read() as session, frozen_at(NOON), business_at(NOON + timedelta(days=30)):
        assert business_now(session) - now(session) == timedelta(days=30)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Asia/Tokyo", date(2026, 4, 1)), ("Europe/Berlin", date(2026, 4, 1)), ("UTC", date(2026, 3, 31)),
     ("America/New_York", date(2026, 3, 31))],
)  # fmt: skip
def test_a_day_is_the_customers_day(zone: str, day: date) -> None:
    assert local_day(datetime(2026, 3, 31, 23, 30, tzinfo=UTC), zone) == day


def test_a_day_of_23_hours_is_one_day() -> None:
    """Berlin puts its clocks forward on 29 March 2026 at 01:00 UTC."""
    before, after = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 21, 59, tzinfo=UTC)

    assert local_day(before, "Europe/Berlin") == local_day(after, "Europe/Berlin") == date(2026, 3, 29)
    assert local_day(after + timedelta(minutes=1), "Europe/Berlin") == date(2026, 3, 30)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_the_day_does_not_depend_on_how_an_instant_is_written(moment: datetime) -> None:
    assert local_day(moment, "Asia/Singapore") == local_day(moment.astimezone(UTC), "Asia/Singapore")
