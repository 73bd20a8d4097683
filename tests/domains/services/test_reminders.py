"""When somebody is reminded: on six mornings of the customer's calendar, each once, and never too late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.services.models.reminders import MORNING, RUNGS, audience, due, moment_of, moments, next_moment

ZONES = ("Europe/Berlin", "Asia/Tokyo", "Australia/Sydney", "America/St_Johns", "UTC", "Pacific/Chatham")
DEADLINE = datetime(2027, 3, 9, tzinfo=UTC)
BEGAN = date(2026, 3, 10)


@pytest.mark.parametrize("rung", RUNGS)
def test_a_reminder_comes_on_a_morning_of_the_customers(rung: int) -> None:
    here = ZoneInfo("Australia/Sydney")
    moment = moment_of(rung, DEADLINE, "Australia/Sydney").astimezone(here)

    assert moment.time() == MORNING
    assert (DEADLINE.astimezone(here).date() - moment.date()).days == rung


def test_the_night_in_which_clocks_change_moves_no_morning() -> None:
    deadline = datetime(2027, 3, 30, 22, tzinfo=UTC)  # Berlin's summer time begins on the 28th

    before, after = moment_of(7, deadline, "Europe/Berlin"), moment_of(2, deadline, "Europe/Berlin")

    assert (before.hour, after.hour) == (7, 6)


@pytest.mark.parametrize(
    ("began", "ends", "rungs"),
    [
        (date(2026, 3, 10), date(2027, 3, 9), list(RUNGS)),
        (date(2024, 2, 29), date(2025, 2, 27), list(RUNGS)),
        (date(2026, 3, 1), date(2026, 3, 31), [14, 7, 2]),
        (date(2027, 2, 1), date(2027, 2, 28), [7, 2]),
        (date(2026, 3, 1), date(2026, 3, 3), []),
    ],
)
def test_a_short_term_is_not_asked_about_as_soon_as_it_begins(began: date, ends: date, rungs: list[int]) -> None:
    deadline = datetime(ends.year, ends.month, ends.day, tzinfo=UTC)

    assert [rung for rung, _moment in moments(deadline, "UTC", began)] == rungs


def test_what_was_missed_is_said_once_and_not_made_up_for() -> None:
    now = DEADLINE - timedelta(days=10)

    assert due(DEADLINE, "UTC", BEGAN, now, None) == 14
    assert due(DEADLINE, "UTC", BEGAN, now, 14) is None
    assert due(DEADLINE, "UTC", BEGAN, now, 90) == 14
    assert next_moment(DEADLINE, "UTC", BEGAN, now, 14) == moment_of(7, DEADLINE, "UTC")


def test_more_people_hear_of_it_as_it_gets_late() -> None:
    assert [audience(rung) for rung in RUNGS] == ["owner"] * 4 + ["owners", "desk"]


@given(
    zone=st.sampled_from(ZONES),
    hours=st.integers(0, 7 * 366 * 24),
    length=st.integers(1, 1100),
    gaps=st.lists(st.integers(1, 60 * 24 * 40), max_size=120),
)
def test_however_the_clock_ticks_each_rung_comes_once_and_in_order(
    zone: str, hours: int, length: int, gaps: list[int]
) -> None:
    deadline = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    began = deadline.date() - timedelta(days=length)
    now, reminded, sent = datetime(began.year, began.month, began.day, tzinfo=UTC), None, list[tuple[int, datetime]]()
    for minutes in gaps:
        now += timedelta(minutes=minutes)
        rung = due(deadline, zone, began, now, reminded)
        if rung is not None:
            sent.append((rung, now))
            reminded = rung
        assert due(deadline, zone, began, now, reminded) is None
        coming = next_moment(deadline, zone, began, now, reminded)
        assert coming is None or now < coming < deadline

    rungs = [rung for rung, _at in sent]
    assert rungs == sorted(set(rungs), reverse=True)
    assert all(moment_of(rung, deadline, zone) <= at < deadline for rung, at in sent)
    missed = [rung for rung, moment in moments(deadline, zone, began) if moment <= now < deadline]
    assert not missed or min(rungs, default=0) == min(missed)
