"""The pure decisions: what follows from each event, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from saga.decide import ATTEMPTS, SILENCE, decide
from saga.events import FINAL, Decision, Due, Replied, Signalled, Started
from saga.turn import command_id

from .lab import lab

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
RUN = UUID("0193aa00-0000-7000-8000-000000000001")


class Table:
    """A run and its steps, changed by decisions as the store would change them."""

    def __init__(self) -> None:
        self.run: dict[str, Any] = {
            "id": RUN, "status": "running", "phase": "F", "seq": 0, "outputs": {}, "attention": None, "pivoted": False,
            "paused": 0, "deadline_at": None, "proposed": None, "error": None, "next_at": None,
            "payload": {"thing": str(RUN), "refuse": "", "failing": "", "breaks": 0},
        }  # fmt: skip
        self.steps: dict[tuple[int, str, int], dict[str, Any]] = {}
        self.now, self.call_time, self.saga = NOW, 10.0, lab

    def on(self, event: Started | Due | Replied | Signalled) -> Decision:
        rows = list(self.steps.values())
        made = decide(self.saga, self.run, rows, event, now=self.now, spread=0.5, call_time=self.call_time)
        self.run |= made.run
        for key, columns in made.steps.items():
            self.steps.setdefault(key, {}).update(columns)
        return made

    def wait(self) -> Decision:
        """The run's timer fires."""
        self.now = self.run["next_at"]
        return self.on(Due())

    def answer(self, outcome: str, **more: Any) -> Decision:
        """The outstanding command is answered."""
        row = next(row for row in self.steps.values() if row["status"] in ("SENT", "BACKOFF", "PENDING"))
        reply = {"booked": 25} if outcome == "OK" and row["seq"] == 1 else {}
        return self.on(Replied(row["cmd_id"], outcome, reply, **more))

    def names_sent(self, made: Decision) -> list[str]:
        return [row["name"] for row in made.send]


@pytest.fixture
def table() -> Table:
    made = Table()
    made.on(Started())
    return made


def test_each_yes_sends_the_next_step_and_the_last_one_completes_the_run(table: Table) -> None:
    sent = [table.names_sent(table.answer("OK")) for _ in range(4)]

    assert sent == [["lab.second"], ["lab.turn"], ["lab.last"], []]
    assert table.run["status"] == "completed"
    assert table.run["next_at"] is None


def test_a_refusal_takes_back_the_steps_before_it_newest_first(table: Table) -> None:
    table.answer("OK")
    table.answer("OK")

    first_back = table.answer("REJECTED", error={"code": "no", "detail": "No."})
    second_back = table.answer("OK")
    table.answer("OK")

    assert table.names_sent(first_back) == ["lab.undo_second"]
    assert table.names_sent(second_back) == ["lab.undo_first"]
    assert table.run["status"] == "compensated"
    assert table.run["error"] == {"code": "no", "detail": "No.", "step": "lab.turn"}


def test_a_compensation_is_told_what_its_step_gave(table: Table) -> None:
    table.answer("OK")
    table.answer("OK")

    made = table.answer("REJECTED", error={"code": "no", "detail": "No."})

    assert made.send[0]["body"]["booked"] == 25


def test_a_step_that_never_answers_is_unknown_and_compensated_itself(table: Table) -> None:
    while table.now < NOW + SILENCE:
        made = table.wait()
        assert table.names_sent(made) == (["lab.first"] if table.now < NOW + SILENCE else ["lab.undo_first"])

    assert table.steps[0, "F", 0]["status"] == "UNKNOWN"
    assert table.run["error"] == {"code": "no_answer", "detail": "", "step": "lab.first"}


def test_a_step_that_fails_time_and_again_is_unknown_and_compensated_itself(table: Table) -> None:
    for _ in range(ATTEMPTS - 1):
        table.answer("RETRY")
        assert table.names_sent(table.wait()) == ["lab.first"]

    made = table.answer("RETRY")

    assert table.steps[0, "F", 0]["status"] == "UNKNOWN"
    assert table.names_sent(made) == ["lab.undo_first"]


def test_a_worker_that_is_away_for_minutes_has_tried_nothing(table: Table) -> None:
    while table.now < NOW + timedelta(minutes=10):
        table.wait()

    assert (table.steps[0, "F", 0]["attempt"], table.run["status"]) == (0, "running")
    assert table.names_sent(table.answer("OK")) == ["lab.second"]


def test_silence_begins_anew_with_each_reply(table: Table) -> None:
    while table.now < NOW + timedelta(hours=2):
        table.answer("PENDING", retry_after=3.0, waiting_for="approval")
        table.wait()
    asked_again = table.now

    while table.now < asked_again + timedelta(minutes=8):
        assert table.names_sent(table.wait()) == ["lab.first"]


def test_what_nobody_answers_is_sent_ever_more_seldom(table: Table) -> None:
    table.answer("OK")
    table.answer("OK")
    waits = []
    while table.now < NOW + timedelta(hours=1):
        before = table.now
        table.wait()
        waits.append((table.now - before).total_seconds())

    assert len(waits) < 30
    assert waits == sorted(waits) and waits[-1] == 300


def test_a_database_that_is_away_for_minutes_has_tried_nothing_and_is_asked_soon_after_it_is_back(table: Table) -> None:
    while table.now < NOW + timedelta(minutes=10):
        table.answer("RETRY", error={"code": "OperationalError", "detail": "", "away": True})
        soon = (table.run["next_at"] - table.now).total_seconds()
        assert soon < max(5, (table.now - NOW).total_seconds() / 4) + 0.001 and soon <= 60
        table.wait()

    assert (table.steps[0, "F", 0]["attempt"], table.run["status"]) == (0, "running")
    assert table.names_sent(table.answer("OK")) == ["lab.second"]


def test_a_database_that_does_not_come_back_is_given_up_like_silence(table: Table) -> None:
    while table.steps[0, "F", 0]["status"] != "UNKNOWN":
        made = table.answer("RETRY", error={"code": "OperationalError", "detail": "", "away": True})
        if not made.send:
            table.wait()

    assert table.now >= NOW + SILENCE
    assert (table.names_sent(made), table.run["status"]) == (["lab.undo_first"], "compensating")


def test_an_exchange_is_not_sent_again_while_its_calls_may_be_at_work(table: Table) -> None:
    table.call_time = 25.0
    plain = table.run["next_at"] - table.now
    table.answer("OK")

    made = table.answer("OK")

    assert plain == timedelta(seconds=10)
    assert (table.names_sent(made), made.send[0]["wait"]) == (["lab.turn"], 60.0)
    assert table.run["next_at"] == table.now + timedelta(seconds=60)


def test_a_pivot_in_doubt_is_asked_again_for_ever_and_never_compensated(table: Table) -> None:
    table.answer("OK")
    table.answer("OK")

    while table.now < NOW + 3 * SILENCE:
        assert table.names_sent(table.wait()) == ["lab.turn"]

    assert table.run["status"] == "needs_attention"
    assert table.run["attention"] == "in_doubt"
    assert table.run["next_at"] > NOW
    assert table.names_sent(table.answer("OK")) == ["lab.last"]
    assert table.run["status"] == "running"


def test_pending_counts_no_attempt_and_names_what_we_wait_for(table: Table) -> None:
    for _ in range(3 * ATTEMPTS):
        table.answer("PENDING", retry_after=3.0, waiting_for="provider")
        table.on(Due())

    assert table.steps[0, "F", 0]["attempt"] == 0
    assert table.run["waiting_for"] == "provider"
    assert table.run["status"] == "running"


def test_a_person_is_asked_when_the_provider_is_pending_for_a_day(table: Table) -> None:
    table.now = NOW + timedelta(hours=25)

    table.answer("PENDING", retry_after=60.0, waiting_for="provider")

    assert table.run["attention"] == "waiting_too_long"
    assert table.run["next_at"] == table.now + timedelta(minutes=5)


def test_what_is_pending_for_longer_is_asked_less_often(table: Table) -> None:
    waits = []
    for minutes in (0, 1, 10, 600):
        table.now = NOW + timedelta(minutes=minutes)
        table.answer("PENDING", retry_after=2.0, waiting_for="provider")
        waits.append((table.run["next_at"] - table.now).total_seconds())

    assert waits == [2, 6, 60, 300]


def test_a_refusal_after_the_pivot_never_compensates(table: Table) -> None:
    for _ in range(3):
        table.answer("OK")

    made = table.answer("REJECTED", error={"code": "no", "detail": "No."})

    assert made.send == []
    assert table.run["attention"] == "refused_after_pivot"
    assert table.run["next_at"] is not None


def test_a_reply_that_nobody_waits_for_changes_nothing(table: Table) -> None:
    before = (dict(table.run), {key: dict(row) for key, row in table.steps.items()})

    made = table.on(Replied(command_id(RUN, 3, "F"), "OK"))

    assert (table.run, table.steps) == before
    assert (made.notes, made.run, made.ignored) == ([], {}, "nobody waits for this reply")


@pytest.mark.parametrize("status", FINAL)
def test_an_ended_run_takes_no_more_events(table: Table, status: str) -> None:
    table.run["status"] = status

    for event in (Due(), Replied(command_id(RUN, 0, "F"), "OK"), Started()):
        made = table.on(event)
        assert (made.run, made.steps, made.send) == ({}, {}, [])


def test_the_same_event_always_gives_the_same_decision(table: Table) -> None:
    event = Replied(command_id(RUN, 0, "F"), "RETRY")

    one, two = (decide(lab, table.run, list(table.steps.values()), event, now=NOW, spread=0.3) for _ in range(2))

    assert one == two


def test_a_compensation_that_fails_is_tried_for_ever_and_reported_once(table: Table) -> None:
    table.answer("OK")
    table.answer("REJECTED", error={"code": "no", "detail": "No."})

    for _ in range(2 * ATTEMPTS):
        table.answer("RETRY")
        table.wait()

    assert table.run["status"] == "needs_attention"
    assert table.names_sent(table.answer("OK")) == []
    assert table.run["status"] == "compensated"


def test_a_failure_that_is_told_twice_counts_once(table: Table) -> None:
    first = table.answer("RETRY", error={"code": "Closed"})
    again = table.answer("RETRY", error={"code": "Closed"})

    assert (first.ignored, again.ignored) == ("", "that try is known to have failed")
    assert table.steps[0, "F", 0]["attempt"] == 1
    assert table.names_sent(table.wait()) == ["lab.first"]
    table.answer("RETRY")
    assert table.steps[0, "F", 0]["attempt"] == 2
