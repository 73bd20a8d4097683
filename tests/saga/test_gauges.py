"""The gauges: what an operator is told of the runs under way."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

import doctor
from domains.kernel.config import Settings
from domains.kernel.exporting_metrics import Meters
from saga import gauges, tables
from saga.transports import inline
from tests.conftest import Clock

from .watch import a_run, to_the_end

pytestmark = pytest.mark.database


def told(name: str, **facts: str) -> float:
    """A gauge's value; 0 when it is not told."""
    return sum(one.value for one in gauges.readings() if one.name == name and facts.items() <= one.facts.items())


def changed(**columns: object) -> None:
    with tables.db.begin() as session:
        session.execute(update(tables.run).values(**columns))


def test_runs_under_way_are_counted_and_those_that_ended_are_not(transport: inline.Transport) -> None:
    a_run()
    a_run()
    assert (told("saga.runs", flow="lab", status="running"), told("queue.depth", queue="commands")) == (2, 2)

    to_the_end()

    assert [one for one in gauges.readings() if one.name == "saga.runs"] == []
    assert told("saga.overdue") == told("saga.stuck") == told("saga.attention") == told("saga.unknown") == 0


def test_a_timer_that_nobody_hears_is_told(transport: inline.Transport, clock: Clock) -> None:
    a_run()
    clock.advance(seconds=10 + 61)

    assert told("saga.overdue") == pytest.approx(61, abs=1)
    assert told("saga.stuck") == 1
    changed(paused=1)
    assert (told("saga.stuck"), told("saga.overdue"), told("saga.runs", status="paused")) == (0, 0, 1)


def test_a_queue_server_that_is_away_costs_only_what_it_would_tell(
    transport: inline.Transport, databases: Settings, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> dict[str, int]:
        raise ConnectionError

    a_run()
    monkeypatch.setattr(transport, "depths", away)

    Meters(replace(databases, telemetry="console"), "coordinator", gauges.readings).close()  # tells them once more

    sent = capfd.readouterr().err
    assert "cloudsales.saga.stuck" in sent and "cloudsales.saga.runs" in sent
    assert "cloudsales.queue.depth" not in sent


def test_a_run_that_asks_for_a_person_is_told(transport: inline.Transport) -> None:
    a_run()
    changed(status="needs_attention")

    assert told("saga.attention") == 1


def test_runs_of_a_version_that_this_release_does_not_know_are_told_loudly(
    transport: inline.Transport, databases: Settings, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    a_run()
    assert {one.found for one in doctor.examine(databases, 1) if one.what.startswith("runs")} == {True}
    changed(definition_version=99)
    clock.advance(seconds=timedelta(hours=1).total_seconds())

    with caplog.at_level(logging.ERROR):
        gauges.warn_of_unknown_versions()

    assert (gauges.unknown_versions(), told("saga.unknown")) == ({"lab 99": 1}, 1)
    assert [record.getMessage() for record in caplog.records] == ["runs wait for a release that knows them"]
    (finding,) = [one for one in doctor.examine(databases, 1) if one.what.startswith("runs")]
    assert (finding.found, finding.needed, "lab 99" in finding.what) == (False, True, True)
