"""The matrix: every route and method, a stranger's id in every place, in both doors. Nothing of a stranger's gets out.

Who tries has every right there is, so that nothing but whose rows they are stands in the way.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from sqlalchemy import true
from werkzeug.test import TestResponse

import api
import portal
from domains.kernel import guard
from domains.kernel.config import Settings
from domains.kernel.tenancy import Scope
from saga.transports import inline
from tests.api.program import Program
from tests.api.test_whole_story import transport as transport  # the sagas over the sandbox
from tests.callers import as_in_a_web_process
from tests.portal.visitor import Visitor

from . import at_the_api, at_the_portal
from .cases import Case, changed, leaks, rows_of
from .organisation import a_file
from .world import Tenant, World

ENDS = ("/cancel", "/end", "/withdraw", "/reset-factors")
PAIRS = (("A", "B"), ("R", "F"), ("E", "G"))  # who tries, whose it is: a stranger's, another reseller's, a sibling's


@pytest.fixture
def world(databases: Settings, transport: inline.Transport) -> World:
    pages = portal.create_app(databases)
    pages.config["WTF_CSRF_ENABLED"] = False  # the forms are sent without having been read
    return World(api.create_app(databases), pages, transport)


def used_by_the_victim(world: World, victim: Tenant) -> None:
    """The victim has sent each of its writes with the key that everybody uses, and has read its lists, as others will.

    What would take away what is asked for next, it has not sent.
    """
    program = world.at_the_api(victim)
    for case in at_the_api.cases(victim, victim):
        if case.place == "header Idempotency-Key" and not case.path.endswith(ENDS):
            sent(program, case)
        if case.place == "nothing":
            program.get(case.path)  # lists are kept in the cache
    for path, method, operation in at_the_api.operations():
        if method == "GET" and ("query", "cursor") in at_the_api.places(at_the_api.document(), operation):
            found = program.get(f"{at_the_api.filled(path, victim)}?limit=1").json
            victim.cursors |= {path: found["next_cursor"]} if found.get("next_cursor") else {}
    world.transport.commands.clear()  # what it has begun stays as it is, so that its rows do


def sent(program: Program, case: Case) -> TestResponse:
    """Send a request to the API, with its file if it has one."""
    form = a_file(b"Dear support", **case.body) if isinstance(case.body, dict) and "file" in case.body else {}
    body = None if form else case.body
    return program.ask(case.method, case.path, body, dict(case.headers), query_string=case.query, **form)


def tried(case: Case, program: Program, visitor: Visitor) -> TestResponse:
    """Send a request as a web process would get it."""
    with as_in_a_web_process():
        if case.door == "api":
            return sent(program, case)
        if case.body is None:
            return visitor.open(case.method, case.path, query_string=case.query)
        form = a_file(b"Dear support", **case.body) if "file" in case.body else {"data": case.body}
        return visitor.open(case.method, case.path, **form)


def run(world: World, cases: list[Case], me: Tenant, victim: Tenant) -> tuple[list[Case], list[str]]:
    """Try all cases; gives them and every leak."""
    program, visitor = world.at_the_api(me), world.at_the_portal(me)
    apart, kept = ([case for case in cases if case.kept is wanted] for wanted in (False, True))
    before, writes = rows_of([victim]), sum(case.method != "GET" for case in apart)
    found = [fault for case in apart for fault in leaks(case, tried(case, program, visitor), me, victim)]
    found += [f"{fault}, by one of {writes} writes" for fault in changed(before, rows_of([victim]))]
    found += [fault for case in kept for fault in leaks(case, tried(case, program, visitor), me, victim)]
    return [*apart, *kept], found


def all_cases(world: World, me: Tenant, victim: Tenant, *, every_field: bool) -> list[Case]:
    """All of them; first those that come to nothing, so that what is one's own stays for as long as it is asked for."""
    found = [*at_the_api.cases(me, victim), *at_the_portal.cases(world.portal, me, victim, every_field=every_field)]
    return sorted(found, key=lambda one: one.may == at_the_portal.QUIET or one.place == "header Idempotency-Key")


def untried(world: World, cases: list[Case], victim: Tenant) -> set[tuple[str, ...]]:
    """Places of a stranger's id that no case has tried."""
    wanted = {("api", *one) for one in at_the_api.wanted(victim)}
    wanted |= {("portal", *one) for one in at_the_portal.wanted(world.portal, victim)}
    return wanted - {(one.door, one.method, one.route, one.place) for one in cases}


@pytest.mark.slow
@pytest.mark.asvs("8.2.2", "8.4.1")
def test_nothing_of_a_stranger_gets_out_and_nothing_gets_in(
    world: World, queue: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    world.open()
    cases, found = list[Case](), list[str]()
    for mine, theirs in PAIRS:
        victim = world.tenants[theirs]
        used_by_the_victim(world, victim)
        assert any(str(victim.customer_id).encode() in key for key in queue.keys("cloudsales:cache:*"))
        me = world.standing_for(mine)
        done, wrong = run(world, all_cases(world, me, victim, every_field=mine == "A"), me, victim)
        assert mine != "A" or not untried(world, done, victim)
        cases += done
        found += [f"{mine} → {theirs}: {fault}" for fault in wrong]
    with capsys.disabled():
        print(told(cases, found))  # noqa: T201 the figure is asked for
    assert not found, "\n" + "\n".join(found[:60])


def told(cases: list[Case], found: list[str]) -> str:
    routes, places = {(one.door, one.route) for one in cases}, {one.place for one in cases}
    methods = Counter(one.method for one in cases)
    of = f"{len(routes)} routes × {len(methods)} methods × {len(places)} places, {len(PAIRS)} pairs of tenants"
    return f"\nisolation: {len(cases)} cases ({of}), {len(found)} leaks"


def test_every_route_and_every_field_has_an_entry(settings: Settings) -> None:
    assert list(at_the_api.unknown(at_the_api.document())) == []
    assert list(at_the_portal.unknown(portal.create_app(settings))) == []


def test_a_new_route_without_an_entry_is_seen(settings: Settings) -> None:
    app = portal.create_app(settings)
    app.add_url_rule("/purses/<uuid:purse_id>", "purses.update", lambda: "", methods=["POST"])
    app.add_url_rule("/schemes/<scheme_id>", "schemes.show", lambda: "")
    document = copy.deepcopy(at_the_api.document())
    named = {"in": "path", "name": "scheme_id", "required": True, "schema": {"type": "string"}}
    document["paths"]["/schemes/{scheme_id}"] = {"get": {"operationId": "getScheme", "parameters": [named]}}
    schema = {"type": "object", "properties": {"purse": {"type": "array", "items": {"format": "uuid"}}}}
    body = {"content": {"application/json": {"schema": schema}}}
    document["paths"]["/purses"] = {"post": {"operationId": "addPurse", "requestBody": body}}

    assert list(at_the_portal.unknown(app)) == [
        "/purses/<uuid:purse_id>: which id is purse_id?",
        "/purses/<uuid:purse_id>: there is no form for purses.update",
        "/schemes/<scheme_id>: which id is scheme_id?",
    ]
    assert list(at_the_api.unknown(document)) == [
        "GET /schemes/{scheme_id}: nobody knows which id to put into path scheme_id",
        "POST /purses: nobody knows which id to put into body purse[]",
        "POST /purses: there is no body for addPurse",
    ]


@contextmanager
def without_the_scope(patch: pytest.MonkeyPatch, **parts: Any) -> Iterator[None]:
    """Within it every query's scope lets everything through; `parts` take the place of parts of the guard."""
    guard._criterion.cache_clear()
    with patch.context() as planted:
        planted.setattr(Scope, "covers", lambda *_: true())
        planted.setattr(Scope, "allows", lambda *_: True)
        for name, value in parts.items():
            planted.setattr(guard, name, value)
        yield
    guard._criterion.cache_clear()


def between_two_customers(world: World, but: Collection[tuple[str, str]] = ()) -> tuple[list[Case], list[str]]:
    me, victim = (world.standing_for(name) for name in ("A", "B"))
    cases = all_cases(world, me, victim, every_field=False)
    return run(world, [case for case in cases if (case.door, case.route) not in but], me, victim)


def of_users(world: World) -> set[tuple[str, str]]:
    """The routes of the domain that finds out who is calling. It has no guard: it knows no caller yet."""
    found = set()
    for door, app, names in (("api", world.api, api.BLUEPRINTS), ("portal", world.portal, portal.BLUEPRINTS)):
        rules = [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in names["users"]]
        found |= {(door, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule) if door == "api" else rule) for rule in rules}
    return found


@pytest.mark.slow
def test_without_the_scope_the_matrix_is_red(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.open("A", "B")
    with without_the_scope(monkeypatch, _narrowed=lambda statement, *_: statement):
        _done, found = between_two_customers(world)

    held = [fault for fault in found if ": holds " in fault]
    assert len(held) > 100
    seen = " ".join(held)
    for noun in ("account", "order", "subscription", "case", "invoice", "operation", "customer"):
        assert f"{noun}s/{{{noun}_id}}" in seen and f"{noun}s/<uuid:{noun}_id>" in seen, noun
    for place in ("user_id", "invitation_id", "client_id", "export_id", "audit_entry_id", "whole"):
        assert any(f"[path {place}]: 200" in fault for fault in found), place
    assert any("rows in" in fault for fault in found)


@pytest.mark.slow
def test_where_queries_forget_the_scope_the_guard_still_holds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.open("A", "B")
    covers = Scope.covers
    with without_the_scope(monkeypatch, _covered=covers):
        done, found = between_two_customers(world, but=of_users(world))

    assert len(done) > 200
    assert not found, "\n" + "\n".join(found)
