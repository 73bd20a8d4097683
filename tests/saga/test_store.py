"""Runs are started once and durably, and seen by those whose they are."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from domains.kernel.errors import Invalid, NotFound
from domains.kernel.messages import acting
from domains.kernel.tenancy import SYSTEM, Actor, Scope
from saga import coordinator, store, tables
from saga.transports import inline
from tests.conftest import Clock

from . import lab
from .watch import EVERYBODY, a_run, at_the_same_time, commits, now_of, plain, run_ids, to_the_end


def test_a_start_is_one_commit_and_hands_over_the_first_command(transport: inline.Transport) -> None:
    with commits() as seen:
        run = a_run()

    assert seen == ["saga"]
    assert [(one["name"], one["run_id"], one["send_no"]) for one in transport.commands] == [
        ("lab.first", str(run.id), 1)
    ]
    assert (run.status, run.rev, run.seq, run.replayed) == ("running", 1, 0, False)


def test_plain_steps_cost_two_commits_each_and_the_start_one(transport: inline.Transport) -> None:
    with commits() as seen:
        run = a_run(plain)
        to_the_end()

    assert now_of(run).status == "completed"
    assert seen == ["saga"] + ["lab", "saga"] * 3


def test_an_exchange_costs_one_commit_more(transport: inline.Transport) -> None:
    with commits() as seen:
        run = a_run()
        to_the_end()

    assert now_of(run).status == "completed"
    assert seen == ["saga", "lab", "saga", "lab", "saga", "lab", "lab", "saga", "lab", "saga"]


def test_the_same_key_finds_the_run_that_is_there(transport: inline.Transport) -> None:
    first = a_run(key="k", digest="d")
    again = a_run(key="k", digest="d")

    assert (again.id, again.resource_id, again.replayed) == (first.id, first.resource_id, True)
    assert len(transport.commands) == 1
    found = store.repeated("k", "d")
    assert found and (found.id, found.replayed) == (first.id, True)
    assert store.repeated("another") is None


def test_another_request_with_a_used_key_is_refused(transport: inline.Transport) -> None:
    a_run(key="k", digest="d")

    for asking in (lambda: a_run(key="k", digest="other"), lambda: store.repeated("k", "other")):
        with pytest.raises(Invalid) as refused:
            asking()
        assert refused.value.code == "idempotency_key_reused"
    assert len(transport.commands) == 1


def test_the_same_request_at_the_same_moment_is_one_run(transport: inline.Transport, clock: Clock) -> None:
    started = at_the_same_time(*[lambda: a_run(key="k")] * 4)

    assert len({run.id for run in started}) == 1
    assert sorted(run.replayed for run in started) == [False, True, True, True]
    assert len(transport.commands) == 1


def test_a_run_knows_who_asked_and_by_which_request(transport: inline.Transport) -> None:
    actor, trace = Actor("user", "u-1", "Una"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with acting(request_id="r-1", traceparent=trace):
        plan = lab.Plan(thing=uuid4(), customer_id=uuid4())
        run = now_of(store.start(plain, plan, key="k", label="l" * 400, resource=("thing", plan.thing), actor=actor))

    assert (run.actor["name"], run.request_id, run.traceparent, len(run.label)) == ("Una", "r-1", trace, 300)
    sent = transport.commands[0]
    assert (sent["actor"]["id"], sent["request_id"], sent["traceparent"]) == ("u-1", "r-1", trace)


def test_a_run_of_nobody_is_the_houses_and_has_a_trace_of_its_own(transport: inline.Transport) -> None:
    run = now_of(a_run())

    assert run.actor["name"] == SYSTEM.name
    assert len(run.traceparent) == 55


def test_a_run_that_waits_for_nothing_cannot_be_written_down(transport: inline.Transport) -> None:
    run = a_run()

    with pytest.raises(IntegrityError, match="never_stuck"), tables.db.begin() as session:
        session.execute(tables.run.update().where(tables.run.c.id == run.id).values(next_at=None))


def test_runs_are_seen_by_their_customer_its_reseller_and_staff_only(transport: inline.Transport) -> None:
    customer, reseller = uuid4(), uuid4()
    own, theirs = a_run(customer_id=reseller), a_run(customer_id=customer, reseller_id=reseller)
    a_run()
    scopes = {
        Scope.customer(customer): [theirs], Scope.reseller(reseller): [theirs, own], Scope.customer(reseller): [own],
        Scope.customer(uuid4()): [], Scope.reseller(uuid4()): [],
    }  # fmt: skip

    with tables.db.begin_read() as session:
        for scope, expected in scopes.items():
            assert run_ids(store.list_runs(session, scope).items) == run_ids(expected)
        assert len(store.list_runs(session, Scope.operator()).items) == 3


def test_anothers_run_looks_like_none(transport: inline.Transport) -> None:
    run, stranger = a_run(), Scope.customer(uuid4())

    with tables.db.begin_read() as session:
        with pytest.raises(NotFound) as anothers:
            store.get(session, stranger, run.id)
        with pytest.raises(NotFound) as none:
            store.get(session, stranger, uuid4())
        assert (anothers.value.code, anothers.value.detail) == (none.value.code, none.value.detail)
        assert store.find_by_resource(session, stranger, run.resource_id) is None
        found = store.find_by_resource(session, EVERYBODY, run.resource_id)
        assert found and found.id == run.id


def test_runs_are_listed_newest_first_page_by_page_and_by_what_is_asked(transport: inline.Transport) -> None:
    customer = uuid4()
    ended = [a_run(plain, customer_id=customer) for _ in range(3)]
    to_the_end()
    active = [a_run(customer_id=customer) for _ in range(2)]
    newest_first = run_ids([*ended, *active])[::-1]

    with tables.db.begin_read() as session:
        first = store.list_runs(session, EVERYBODY, customer_id=customer, limit=3)
        second = store.list_runs(session, EVERYBODY, customer_id=customer, limit=3, cursor=first.next_cursor)
        assert run_ids([*first.items, *second.items]) == newest_first
        assert second.next_cursor is None
        still = store.list_runs(session, EVERYBODY, active=True).items
        over = store.list_runs(session, EVERYBODY, active=False).items
        named = store.list_runs(session, EVERYBODY, definition="lab-plain").items
        elsewhere = store.list_runs(session, EVERYBODY, customer_id=uuid4()).items
        with pytest.raises(Invalid, match="cursor"):
            store.list_runs(session, EVERYBODY, limit=3, cursor=first.next_cursor)
    assert (run_ids(still), run_ids(over)) == (newest_first[:2], newest_first[2:])
    assert (run_ids(named), elsewhere) == (newest_first[2:], [])


def test_a_definition_that_was_changed_under_its_version_stops_the_coordinator(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.register_definitions()
    store.register_definitions()
    monkeypatch.setitem(lab.lab.__dict__, "shape", "something else")

    with pytest.raises(store.ChangedDefinition, match=r"lab/1 was changed: give it a new version"):
        store.register_definitions()


def test_a_run_that_has_ended_is_not_put_off(transport: inline.Transport) -> None:
    run = a_run(plain)
    to_the_end()
    after = now_of(run)

    with tables.db.begin() as session:
        store.postpone(session, run.id, after.updated_at)

    assert now_of(run) == after
    assert coordinator.wake() == 0
