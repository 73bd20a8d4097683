"""The gate before a provider closes after failures in a row, for all processes, and loses nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from domains.kernel import database
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import NotNow
from domains.services.providers import TemporaryFailure, Throttled, UnknownOutcome
from domains.services.providers import gate as gates
from domains.services.providers.gate import FAILURES, Gate
from domains.services.providers.sandbox import SandboxProvider
from tests.domains.services.scripted import Scripted

FOUND = b'{"items": [], "next_cursor": null}'


@pytest.fixture(params=["alone", "shared"])
def gate(request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate, in this process's memory and in a Redis."""
    if request.param == "shared":
        request.getfixturevalue("queue")
    database.bind(replace(settings, limits="on"))
    monkeypatch.setattr(gates, "_alone", gates.Alone())
    return Gate(str(new_id()), rate=1000)


def ask(scripted: Scripted, gate: Gate) -> None:
    SandboxProvider(scripted.url, "us", "secret", 0.5, gate=gate).list_offers()


def fail(scripted: Scripted, gate: Gate, times: int, status: int = 500, **headers: str) -> None:
    for _ in range(times):
        scripted.say(status, b"{}", **headers)
        with pytest.raises(NotNow):
            ask(scripted, gate)


def test_failures_in_a_row_close_it_and_then_nobody_is_asked(scripted: Scripted, gate: Gate) -> None:
    fail(scripted, gate, FAILURES)

    with pytest.raises(TemporaryFailure) as raised:
        ask(scripted, gate)

    assert not isinstance(raised.value, UnknownOutcome)
    assert raised.value.retry_after is not None
    assert 0 < raised.value.retry_after <= gates.PAUSE
    assert len(scripted.asked) == FAILURES
    assert gate.standing().state == "closed"


def test_an_answer_between_failures_opens_the_count_anew(scripted: Scripted, gate: Gate) -> None:
    for _ in range(3):
        fail(scripted, gate, FAILURES - 1)
        scripted.say(422, b'{"code": "some_no", "message": ""}')
        with pytest.raises(Exception, match="gave no reason"):
            ask(scripted, gate)

    assert gate.standing().state == "open"


def test_after_the_pause_one_call_finds_out_and_opens_it(
    scripted: Scripted, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "PAUSE", 0.05)
    fail(scripted, gate, FAILURES)
    until_open(gate)

    assert gate.standing().state == "trial"
    scripted.say(200, FOUND)
    with gate.passing(), pytest.raises(TemporaryFailure):
        ask(scripted, gate)  # another process, while the one call is under way
    ask(scripted, gate)

    assert gate.standing().state == "open"
    assert gate.standing().failures == 0
    assert gate.standing().answered_at is not None


def until_open(gate: Gate) -> None:
    deadline = time.monotonic() + 5
    while gate.standing().state == "closed":
        assert time.monotonic() < deadline


def test_a_trial_that_fails_closes_it_again(scripted: Scripted, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "PAUSE", 0.05)
    fail(scripted, gate, FAILURES)
    until_open(gate)

    fail(scripted, gate, 1)

    assert gate.standing().failures == FAILURES + 1
    assert "500" in (gate.standing().error or "")


def test_who_is_asked_to_wait_waits_with_all_processes(scripted: Scripted, gate: Gate) -> None:
    fail(scripted, gate, 1, 429, Retry_After="7")

    with pytest.raises(Throttled) as raised:
        ask(scripted, gate)

    assert raised.value.retry_after == pytest.approx(7, abs=1)
    assert len(scripted.asked) == 1
    assert gate.standing().state == "throttled"


def test_no_more_calls_in_a_second_than_the_provider_takes(scripted: Scripted, gate: Gate) -> None:
    gate._rate = 2
    for _ in range(2):
        scripted.say(200, FOUND)
        ask(scripted, gate)

    with pytest.raises(Throttled):
        ask(scripted, gate)

    assert len(scripted.asked) == 2


def test_a_count_whose_end_was_never_written_down_ends_all_the_same(
    scripted: Scripted, queue: redis.Redis, settings: Settings
) -> None:
    database.bind(replace(settings, limits="on"))
    gate = Gate("left behind", 2)
    queue.set(f"{gate._at}calls", 99)  # who counted first has died before it said until when

    with pytest.raises(Throttled):
        ask(scripted, gate)

    assert 0 < queue.pttl(f"{gate._at}calls") <= 1000


def test_two_processes_see_the_same_gate(scripted: Scripted, queue: redis.Redis, settings: Settings) -> None:
    database.bind(replace(settings, limits="on"))
    one, other = Gate("shared", 1000), Gate("shared", 1000)

    fail(scripted, one, FAILURES)

    assert other.standing().state == "closed"
    with pytest.raises(TemporaryFailure):
        ask(scripted, other)


def test_without_limits_it_stands_open(scripted: Scripted, settings: Settings) -> None:
    gate = Gate(str(new_id()), 1)

    fail(scripted, gate, FAILURES + 2)

    assert len(scripted.asked) == FAILURES + 2
