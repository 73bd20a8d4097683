"""What happens by the clock happens once for each time slot, however many schedulers run and die."""

from __future__ import annotations

from uuid import uuid4

import pytest

from saga import scheduler, store, tables
from saga.schedules import SCHEDULES, Schedule
from saga.transports import inline
from tests.conftest import Clock

from .watch import EVERYBODY, a_run, at_the_same_time


class Diary:
    """A schedule's beginnings."""

    def __init__(self, name: str = "hourly", every: int = 3600, fails: int = 0) -> None:
        self.begun, self.fails = list[str](), fails
        self.schedule = Schedule(name, every, self.begin)

    def begin(self, window: str) -> None:
        if self.fails:
            self.fails -= 1
            raise ConnectionError("the database is away")
        self.begun.append(window)


def in_laboratory(window: str) -> object:
    """Start a run under the slot's name, as every schedule does."""
    return a_run(key=window, thing=uuid4())


def runs() -> int:
    with tables.db.begin_read() as session:
        return len(store.list_runs(session, EVERYBODY).items)


def test_a_slot_is_begun_once_and_the_next_one_when_it_comes(transport: inline.Transport, clock: Clock) -> None:
    diary, begun = Diary(), dict[str, str]()

    for minutes in (0, 1, 58, 1, 60, 180):
        clock.advance(minutes=minutes)
        scheduler._turn((diary.schedule,), begun)

    hour = int(clock.now.timestamp()) // 3600
    assert diary.begun == [f"hourly/{number}" for number in (hour - 5, hour - 4, hour - 3, hour)]


def test_two_schedulers_start_one_run_for_a_slot(transport: inline.Transport, clock: Clock) -> None:
    schedule = (Schedule("lab", 600, in_laboratory),)

    at_the_same_time(lambda: scheduler._turn(schedule, {}), lambda: scheduler._turn(schedule, {}))
    scheduler._turn(schedule, {})  # and one that was started anew

    assert (runs(), len(transport.commands)) == (1, 1)
    clock.advance(seconds=600)
    scheduler._turn(schedule, {})
    assert runs() == 2


def test_what_cannot_be_begun_is_tried_again_and_holds_up_nothing_else(
    transport: inline.Transport, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound, begun = Diary("broken", fails=2), Diary("sound"), dict[str, str]()

    for _ in range(4):
        scheduler._turn((broken.schedule, sound.schedule), begun)

    assert (len(broken.begun), len(sound.begun)) == (1, 1)
    assert [record.message for record in caplog.records] == ["this could not be begun for now"] * 2


def test_every_schedule_has_a_name_of_its_own() -> None:
    names = [one.name for one in SCHEDULES]

    assert len(set(names)) == len(names)
    assert all(one.every > 0 for one in SCHEDULES)
