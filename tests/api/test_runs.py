"""All runs through the API: found, and told attempt by attempt; to operators and to nobody else."""

from __future__ import annotations

import pytest
from flask import Flask

from domains.kernel.database import new_id
from saga import coordinator
from tests.conftest import Clock
from tests.saga.conftest import transport as transport
from tests.saga.watch import a_run, now_of, plain, to_the_end, turn

from .program import Program, a_caller, a_runs_client
from .runs_desk import act, found, ids, set_run


@pytest.fixture
def operator(app: Flask, transport: object) -> Program:
    return Program(app, a_runs_client())


# ---- found


def test_runs_are_found_by_what_they_are_and_how_they_stand(operator: Program) -> None:
    customer_id = new_id()
    refused = a_run(key="night/2026-11-01", refuse="turn", customer_id=customer_id)
    done = a_run(plain, key="night/2026-11-02")
    to_the_end()
    young = a_run()
    held, lost = a_run(), a_run()
    set_run(held, paused=1)
    set_run(lost, status="needs_attention", attention="in_doubt")

    assert found(operator) == ids(lost, held, young, done, refused)
    assert found(operator, "?status=needs_attention&status=paused") == ids(lost, held)
    assert found(operator, "?status=running") == ids(young)
    assert found(operator, "?status=compensated") == ids(refused)
    assert found(operator, "?definition=lab-plain") == ids(done)
    assert found(operator, f"?customer_id={customer_id}") == ids(refused)
    assert found(operator, f"?resource_id={young.resource_id}") == ids(young)
    assert found(operator, "?key=night/") == ids(done, refused)
    assert found(operator, "?key=night/2026-11-02") == ids(done)
    assert found(operator, "?key=%25") == []


def test_runs_are_found_by_their_age_and_by_when_they_should_have_gone_on(operator: Program, clock: Clock) -> None:
    old = a_run()
    clock.advance(hours=2)
    young = a_run()
    now = clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    assert found(operator, "?older_than=3600") == ids(old)
    assert found(operator, f"?created_after={now}") == ids(young)
    assert found(operator, f"?created_before={now}") == ids(old)
    assert found(operator, f"?due_before={now}") == ids(old)
    set_run(old, paused=1)
    assert found(operator, f"?due_before={now}") == []


def test_a_long_list_comes_page_by_page_for_the_same_filter_only(operator: Program) -> None:
    runs = ids(*(a_run() for _ in range(3)))

    first = operator.get("/runs?limit=2&status=running").json
    second = operator.get(f"/runs?limit=2&status=running&cursor={first['next_cursor']}").json
    other = operator.get(f"/runs?limit=2&cursor={first['next_cursor']}")

    assert [one["id"] for one in first["items"] + second["items"]] == runs[::-1]
    assert (first["has_more"], second["next_cursor"]) == (True, None)
    assert (other.status_code, other.json["code"]) == (400, "cursor_invalid")


def test_a_list_by_age_goes_on_where_it_was_although_time_goes_on_too(operator: Program, clock: Clock) -> None:
    runs = ids(*(a_run() for _ in range(3)))
    clock.advance(hours=2)

    first = operator.get("/runs?limit=2&older_than=3600").json
    clock.advance(seconds=1)
    second = operator.get(f"/runs?limit=2&older_than=3600&cursor={first['next_cursor']}").json

    assert [one["id"] for one in first["items"] + second["items"]] == runs[::-1]


@pytest.mark.parametrize("query", ["status=lost", "older_than=-1", "created_after=now", "customer_id=x", "name=x"])
def test_a_filter_that_cannot_be_right_is_refused(operator: Program, query: str) -> None:
    assert operator.get(f"/runs?{query}").status_code == 400


# ---- told


def test_a_run_is_told_with_every_command_and_what_the_provider_calls_it(operator: Program, clock: Clock) -> None:
    run = a_run(refuse="turn", failing="first", breaks=1)
    turn()
    clock.advance(seconds=30)
    coordinator.wake()
    to_the_end()

    told = operator.get(f"/runs/{run.id}").json

    assert (told["status"], told["phase"], told["error"]["code"]) == ("compensated", "C", "outside_refused")
    assert (told["key"], told["trace_id"]) == (run.business_key, run.traceparent.split("-")[1])
    assert [(one["seq"], one["phase"], one["status"]) for one in told["commands"]] == [
        (0, "F", "DONE"), (0, "C", "UNDONE"), (1, "F", "DONE"), (1, "C", "UNDONE"), (2, "F", "REFUSED"),
    ]  # fmt: skip
    assert (told["commands"][0]["attempt"], told["commands"][0]["send_no"]) == (1, 2)
    assert told["commands"][4]["error"] == {"code": "outside_refused", "detail": "The outside says no."}


def test_everything_that_has_happened_is_there_the_latest_first(operator: Program, clock: Clock) -> None:
    run = a_run(plain, failing="second", breaks=1)
    turn()
    turn()
    clock.advance(seconds=30)
    coordinator.wake()
    to_the_end()

    path = f"/runs/{run.id}/timeline"
    first = operator.get(f"{path}?limit=4").json
    rest = operator.get(f"{path}?cursor={first['next_cursor']}").json["items"]

    assert [(one["kind"], one["seq"]) for one in first["items"] + rest] == [
        ("completed", None), ("done", 2), ("sent", 2), ("done", 1), ("sent_again", 1), ("failed", 1), ("sent", 1),
        ("done", 0), ("sent", 0),
    ]  # fmt: skip
    failed = next(one for one in first["items"] + rest if one["kind"] == "failed")
    assert failed["data"]["code"] == "NotNow"


# ---- by nobody else


def test_nobody_but_an_operator_sees_or_touches_runs(app: Flask, transport: object) -> None:
    customer_id = new_id()
    run = a_run(customer_id=customer_id)
    paths = ["/runs", f"/runs/{run.id}", f"/runs/{run.id}/timeline", f"/runs/{run.id}/interventions"]
    own, stranger = Program(app, a_caller(customer_id)), Program(app, a_caller())
    reseller, agent = Program(app, a_caller(kind="reseller")), Program(app, a_caller(scopes=frozenset({"cases:read"})))

    for path in paths:
        assert Program(app, None).get(path).status_code == 401
        for program in (own, stranger, reseller, agent):
            assert program.get(path).status_code == 403, path
    for program in (own, stranger, reseller, agent, Program(app, a_runs_client(scopes=frozenset({"runs:read"})))):
        assert act(program, run, "pause", expected_rev=1).status_code == 403
        assert program.post("/runs/retry", {"reason": "Mine"}).status_code == 403
    assert now_of(run).rev == run.rev


def test_whoever_acts_for_one_customer_sees_that_ones_runs_only(app: Flask, transport: object) -> None:
    customer_id = new_id()
    own, other = a_run(customer_id=customer_id), a_run()
    acting = Program(app, a_caller(customer_id, scopes=frozenset({"runs:read"})))

    assert found(acting) == ids(own)
    assert acting.get(f"/runs/{other.id}").status_code == 404
    assert acting.get(f"/runs/{other.id}/timeline").status_code == 404
    acting = Program(app, a_caller(customer_id, scopes=frozenset({"runs:write"})))
    assert act(acting, other, "pause").status_code == 404
    assert acting.post("/runs/retry", {"reason": "All", "limit": 100}).json["items"][0]["run_id"] == str(own.id)
