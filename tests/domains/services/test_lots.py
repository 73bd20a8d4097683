"""Seat lots: what goes back first, what stays, and that no seat is ever lost or made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kernel.errors import Refused
from domains.services.lots import Lot, named_after, newest_first, returnable, returnable_until, take_back

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def lots() -> st.SearchStrategy[tuple[Lot, ...]]:
    """Lots bought on different minutes before NOW, each with an open, a closed or no window."""
    minutes = st.lists(st.integers(1, 500_000), unique=True, max_size=8)
    window = st.one_of(st.none(), st.integers(-10_000, 10_000))
    one = st.tuples(st.integers(1, 400), window)
    return minutes.flatmap(
        lambda ages: st.tuples(*[one for _ in ages]).map(
            lambda rest: tuple(
                Lot(seats, NOW - timedelta(minutes=age), None if end is None else NOW + timedelta(minutes=end))
                for age, (seats, end) in zip(ages, rest, strict=True)
            )
        )
    )


def test_the_newest_seats_go_back_first() -> None:
    old = Lot(25, NOW - timedelta(days=3), NOW + timedelta(days=4))
    new = Lot(10, NOW - timedelta(days=1), NOW + timedelta(days=6))

    assert take_back((old, new), 12, NOW) == (Lot(23, old.added_at, old.returnable_until),)


def test_seats_whose_window_has_closed_stay() -> None:
    closed = Lot(25, NOW - timedelta(days=9), NOW - timedelta(days=2))
    open_ = Lot(10, NOW - timedelta(days=1), NOW + timedelta(days=6))

    assert returnable((closed, open_), NOW) == 10
    with pytest.raises(Refused) as refused:
        take_back((closed, open_), 11, NOW)
    assert refused.value.code == "seats_not_returnable"


def test_a_window_closes_at_its_last_moment() -> None:
    lot = Lot(5, NOW - timedelta(days=7), NOW)

    assert returnable((lot,), NOW - timedelta(microseconds=1)) == 5
    assert returnable((lot,), NOW) == 0
    assert returnable_until((lot,), NOW) is None


def test_the_last_moment_is_that_of_the_widest_open_window() -> None:
    first, second = Lot(1, NOW - timedelta(days=5), NOW + timedelta(days=2)), Lot(1, NOW, NOW + timedelta(days=7))

    assert returnable_until((first, second), NOW) == second.returnable_until


def test_lots_keep_the_order_that_bought_them_and_new_ones_get_theirs() -> None:
    known = Lot(10, NOW - timedelta(days=1), None, "ORD-2026-000001")
    stated = (Lot(10, NOW - timedelta(days=1), None), Lot(5, NOW, None))

    assert [lot.source for lot in named_after(stated, (known,), "change")] == ["change", "ORD-2026-000001"]


@given(lots(), st.integers(0, 3000))
def test_taking_back_never_loses_or_makes_a_seat(held: tuple[Lot, ...], seats: int) -> None:
    total, back = sum(lot.quantity for lot in held), returnable(held, NOW)
    if seats > back:
        with pytest.raises(Refused):
            take_back(held, seats, NOW)
        return
    left = take_back(held, seats, NOW)
    assert sum(lot.quantity for lot in left) == total - seats
    assert all(lot.quantity > 0 for lot in left)


@given(lots(), st.data())
def test_only_open_lots_shrink_and_an_older_one_only_when_newer_open_ones_are_empty(
    held: tuple[Lot, ...], data: st.DataObject
) -> None:
    seats = data.draw(st.integers(0, returnable(held, NOW)))
    left = {lot.added_at: lot.quantity for lot in take_back(held, seats, NOW)}

    shrunk = [left.get(lot.added_at, 0) < lot.quantity for lot in newest_first(held) if lot.is_open(NOW)]
    emptied = [left.get(lot.added_at, 0) == 0 for lot in newest_first(held) if lot.is_open(NOW)]
    assert all(left[lot.added_at] == lot.quantity for lot in held if not lot.is_open(NOW))
    assert all(emptied[index] for index in range(len(shrunk)) if any(shrunk[index + 1 :]))


@given(lots(), st.data())
def test_taking_back_in_two_steps_is_taking_back_at_once(held: tuple[Lot, ...], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, returnable(held, NOW)))
    second = data.draw(st.integers(0, returnable(held, NOW) - first))

    assert take_back(take_back(held, first, NOW), second, NOW) == take_back(held, first + second, NOW)


@given(lots(), st.integers(0, 20_000))
def test_what_can_go_back_never_grows_with_time(held: tuple[Lot, ...], minutes: int) -> None:
    assert returnable(held, NOW + timedelta(minutes=minutes)) <= returnable(held, NOW)
