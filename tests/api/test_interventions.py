"""Runs are helped through the API: one as it was seen, many by a filter; customers call off what is theirs."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from domains.kernel.database import new_id
from saga import bulk
from tests.conftest import Clock
from tests.saga import lab
from tests.saga.conftest import transport as transport
from tests.saga.watch import a_run, effects_of, now_of, plain, to_the_end, turn

from .program import Program, a_caller, a_runs_client
from .runs_desk import act, in_trouble, of_the_house, set_run, wish

pytestmark = pytest.mark.slow


@pytest.fixture
def operator(app: Flask, transport: object) -> Program:
    return Program(app, a_runs_client())


def test_a_run_in_trouble_is_tried_again_with_a_reason_that_is_kept(operator: Program, clock: Clock) -> None:
    run = in_trouble(clock)
    assert operator.get(f"/runs/{run.id}").json["attention"] == "not_getting_through"
    lab.broken[run.resource_id, "last"] = 99  # what was broken is mended

    answer = act(operator, run, "retry")
    to_the_end()

    assert (answer.status_code, answer.json["status"]) == (200, "running")
    assert now_of(run).status == "completed"
    kept = operator.get(f"/runs/{run.id}/interventions").json["items"]
    assert [(one["op"], one["by"], one["reason"]) for one in kept] == [("retry", "Runs desk", "The provider is back.")]
    assert "retry" in [one["kind"] for one in operator.get(f"/runs/{run.id}/timeline?limit=200").json["items"]]


def test_a_run_is_held_and_let_go_on(operator: Program) -> None:
    run = a_run(plain)

    held = act(operator, run, "pause").json
    to_the_end()
    still = operator.get(f"/runs/{run.id}").json
    act(operator, run, "resume")
    to_the_end()

    assert (held["status"], held["possible"], still["status"]) == (
        "paused",
        ["cancel", "compensate", "resume"],
        "paused",
    )
    assert now_of(run).status == "completed"


def test_what_waits_for_a_second_person_is_told(operator: Program) -> None:
    run = a_run()
    before = operator.get(f"/runs/{run.id}").json["proposed"]
    set_run(run, proposed={"op": "skip", "seq": 0, "by": "user:1"})

    assert (before, operator.get(f"/runs/{run.id}").json["proposed"]) == (None, "skip")


def test_whoever_decides_on_an_older_sight_of_a_run_changes_nothing(operator: Program) -> None:
    run = a_run()
    seen = operator.get(f"/runs/{run.id}").json
    turn()
    before = operator.get(f"/runs/{run.id}").json

    answer = operator.post(f"/runs/{run.id}/interventions", wish(seen, "pause"))

    assert (answer.status_code, answer.json["code"]) == (412, "version_conflict")
    assert operator.get(f"/runs/{run.id}").json == before
    assert operator.get(f"/runs/{run.id}/interventions").json["items"] == []


@pytest.mark.parametrize(
    ("op", "but", "status", "code"),
    [
        ("resume", {}, 409, "not_possible_now"),
        ("skip", {}, 409, "not_possible_now"),
        ("retry", {"reason": " "}, 422, "reason_missing"),
        ("retry", {"reason": "x" * 501}, 422, "validation_failed"),
        ("erase", {}, 422, "validation_failed"),
        ("pause", {"expected_rev": None}, 422, "validation_failed"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_no_trace(
    operator: Program, op: str, but: dict[str, Any], status: int, code: str
) -> None:
    run = a_run()

    answer = act(operator, run, op, **but)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert operator.get(f"/runs/{run.id}/interventions").json["items"] == []


def test_the_same_request_sent_twice_is_done_once_and_answered_alike(operator: Program) -> None:
    run = a_run()
    asked, key = wish(operator.get(f"/runs/{run.id}").json, "pause"), str(new_id())
    path = f"/runs/{run.id}/interventions"

    first = operator.post(path, asked, Idempotency_Key=key)
    again = operator.post(path, asked, Idempotency_Key=key)
    other = operator.post(path, asked | {"op": "resume"}, Idempotency_Key=key)

    assert (first.status_code, again.json, again.headers["Idempotent-Replayed"]) == (200, first.json, "true")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert len(operator.get(path).json["items"]) == 1


def test_all_that_a_filter_finds_are_tried_again_each_by_itself(operator: Program, clock: Clock) -> None:
    troubled = [in_trouble(clock) for _ in range(3)]
    fresh = a_run()
    asked = {"status": ["needs_attention", "running"], "limit": 3, "reason": "They are back."}
    key = str(new_id())

    answer = operator.post("/runs/retry", asked, Idempotency_Key=key)
    again = operator.post("/runs/retry", asked, Idempotency_Key=key)

    outcomes = [(one["run_id"], one["outcome"], one["code"]) for one in answer.json["items"]]
    assert outcomes == [
        (str(fresh.id), "left", "not_possible_now"),
        *((str(run.id), "retried", None) for run in troubled[:0:-1]),
    ]
    assert again.json == answer.json
    assert operator.get("/runs?status=needs_attention").json["items"][0]["id"] == str(troubled[0].id)
    assert len(operator.get(f"/runs/{troubled[2].id}/interventions").json["items"]) == 1


def test_a_bulk_retry_is_not_done_twice_at_once_and_goes_on_when_it_was_interrupted(
    operator: Program, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, key = {"status": ["needs_attention"], "reason": "They are back."}, str(new_id())
    runs, twins, retry_all = [in_trouble(clock) for _ in range(2)], list[TestResponse](), bulk.retry_all

    def interrupted(*args: Any, **known: Any) -> Any:
        retry_all(*args, **known | {"limit": 1})
        twins.append(operator.post("/runs/retry", asked, Idempotency_Key=key))
        raise SystemExit  # the process ends

    monkeypatch.setattr(bulk, "retry_all", interrupted)
    with pytest.raises(SystemExit):
        operator.post("/runs/retry", asked, Idempotency_Key=key)
    monkeypatch.setattr(bulk, "retry_all", retry_all)
    clock.advance(minutes=2)
    answer = operator.post("/runs/retry", asked, Idempotency_Key=key)

    assert [(twin.status_code, twin.json["code"]) for twin in twins] == [(409, "idempotency_key_in_use")]
    assert [(one["run_id"], one["outcome"]) for one in answer.json["items"]] == [(str(runs[0].id), "retried")]
    assert operator.post("/runs/retry", asked, Idempotency_Key=key).json == answer.json


def test_a_bulk_retry_that_was_refused_may_be_asked_for_again(operator: Program, clock: Clock) -> None:
    in_trouble(clock)
    answers = [operator.post("/runs/retry", {"reason": " "}, Idempotency_Key="again") for _ in range(2)]

    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(422, "reason_missing")] * 2


@pytest.mark.parametrize("but", [{"limit": 101}, {"limit": 0}, {"reason": ""}, {"status": ["lost"]}])
def test_too_much_at_once_or_without_a_reason_is_refused(operator: Program, but: dict[str, Any]) -> None:
    assert operator.post("/runs/retry", {"reason": "They are back."} | but).status_code == 422


def test_runs_that_have_ended_are_never_tried_again(operator: Program) -> None:
    a_run(plain)
    to_the_end()

    assert operator.post("/runs/retry", {"status": ["completed"], "reason": "Again"}).json == {"items": []}


# ---- called off by the customer


def test_a_customer_cancels_what_can_still_be_taken_back(app: Flask, transport: object) -> None:
    customer_id = new_id()
    run = a_run(customer_id=customer_id)
    turn()
    program, key = Program(app, a_caller(customer_id)), str(new_id())
    path = f"/operations/{run.id}/cancel"

    answer = program.post(path, Idempotency_Key=key)
    again = program.post(path, Idempotency_Key=key)
    twice = program.post(path)
    to_the_end()

    assert (answer.status_code, answer.json["status"]) == (202, "running")
    assert (again.status_code, again.json) == (202, answer.json)
    assert (twice.status_code, twice.json["detail"]) == (409, "It is being taken back already.")
    ended = program.get(f"/operations/{run.id}").json
    assert (ended["status"], ended["error"]["code"]) == ("canceled", "canceled")
    assert sum(amount for _name, amount in effects_of(run)) == 0


def test_what_the_provider_was_asked_for_can_only_go_on(app: Flask, transport: object) -> None:
    customer_id = new_id()
    run = a_run(customer_id=customer_id)
    turn()
    turn()
    program = Program(app, a_caller(customer_id))

    answer = program.post(f"/operations/{run.id}/cancel")
    to_the_end()
    late = program.post(f"/operations/{run.id}/cancel")

    assert (answer.status_code, answer.json["code"]) == (409, "not_possible_now")
    assert answer.json["detail"] == "It has passed the point of no return: it can only go on."
    assert now_of(run).status == "completed"
    assert (late.status_code, late.json["detail"]) == (409, "It has ended: nothing can be changed about it any more.")


def test_a_customer_who_looks_at_an_older_state_cancels_nothing(app: Flask, transport: object) -> None:
    customer_id = new_id()
    run = a_run(customer_id=customer_id)
    program = Program(app, a_caller(customer_id))
    seen = program.get(f"/operations/{run.id}").headers["ETag"]
    turn()

    assert program.post(f"/operations/{run.id}/cancel", If_Match=seen).status_code == 412
    assert program.post(f"/operations/{run.id}/cancel", If_Match="*").status_code == 202


def test_nobody_cancels_what_is_anothers_or_our_own_work(app: Flask, transport: object) -> None:
    customer_id = new_id()
    run, ours = a_run(customer_id=customer_id), a_run(of_the_house, customer_id=customer_id)
    reader = a_caller(customer_id, scopes=frozenset({"operations:read"}))

    assert Program(app, a_caller()).post(f"/operations/{run.id}/cancel").status_code == 404
    assert Program(app, reader).post(f"/operations/{run.id}/cancel").status_code == 403
    assert Program(app, a_caller(customer_id)).post(f"/operations/{ours.id}/cancel").status_code == 404
    assert (now_of(run).phase, now_of(ours).phase) == ("F", "F")
