"""Who waits for people or for a day is neither given up nor in trouble, and goes on at once when told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from saga.decide import ATTEMPTS
from saga.events import Signalled

from .lab import lab
from .test_decide import NOW, Table
from .test_decide import table as table


def test_who_waits_for_people_is_not_given_up_for_silence_or_trouble(table: Table) -> None:
    table.answer("PENDING", retry_after=3600.0, waiting_for="approval")
    begun = table.now
    while table.now < begun + timedelta(days=3):
        assert table.names_sent(table.wait()) == ["lab.first"]  # nobody answers
    for _ in range(2 * ATTEMPTS):
        table.answer("RETRY")
        table.wait()

    assert table.steps[0, "F", 0]["status"] == "SENT"
    assert table.names_sent(table.answer("OK")) == ["lab.second"]


def test_a_wait_for_people_is_no_trouble_however_long_it_takes(table: Table) -> None:
    while table.now < NOW + timedelta(days=30):
        table.answer("PENDING", retry_after=21600.0, waiting_for="start_date")
        table.wait()

    assert (table.run["status"], table.run["attention"]) == ("running", None)


def test_a_signal_asks_at_once_what_is_pending_and_nothing_else(table: Table) -> None:
    table.answer("PENDING", retry_after=3600.0, waiting_for="approval")

    assert table.names_sent(table.on(Signalled())) == ["lab.first"]
    assert table.on(Signalled()).ignored
    assert table.names_sent(table.answer("OK")) == ["lab.second"]
    assert table.on(Signalled()).ignored


def test_the_deadline_begins_when_the_wait_for_people_has_ended(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saga.definition._registry", {})
    hurried = replace(lab, name="lab-patient", deadline=timedelta(hours=1))
    table.run["deadline_at"] = NOW + timedelta(hours=1)
    table.saga = hurried
    table.answer("PENDING", retry_after=3600.0, waiting_for="approval")
    table.now = NOW + timedelta(days=5)

    assert table.names_sent(table.answer("OK")) == ["lab.second"]
    assert table.run["deadline_at"] == table.now + timedelta(hours=1)
