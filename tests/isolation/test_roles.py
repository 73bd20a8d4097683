"""Every route in every role, by real requests: let in or refused exactly as the one table says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import Rule
from werkzeug.test import Client, TestResponse

import api
import portal
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.users import commands, db, tokens
from domains.users.policy import ROLE_SCOPES, ROLES, SCOPES, STAFF, scopes_of
from gateway.introduction import login_cookie
from gateway.middleware import Gateway
from saga import transports
from saga.transports import inline
from tests.api.program import Program, a_caller
from tests.factories.users import an_organisation, has_password, signed_in
from tests.portal.visitor import Visitor, a_person
from tools.roles import page

from ..architecture.reading import ROOT

# Views that let in by right and then refuse whom they are not for, and whom they are for.
NARROWER = {
    "customers.new": "a reseller has end-customers, nobody else",
    "customers.create": "a reseller has end-customers, nobody else",
    "customers.create_customer": "a reseller onboards its own end-customers, the operator anybody",
}
# Views that answer those they let in as if they had not, and why.
ODD = {
    "login.sign_out": "leads to where one signs in",
    **dict.fromkeys(
        ("entering.ask", "entering.give", "entering.offer", "entering.enrol", "entering.passkey_options"),
        "leads to where one signs in who is not half in already",
    ),
    "styleguide.away": "shows the page of a process that is away",
    "switch.switch": "changes one's login, and these people have none; the matrix of tenants sends it with one",
}
CALLERS = ("anonymous", "guest", *ROLES)


@pytest.fixture
def doors(databases: Settings) -> Iterator[dict[str, Flask]]:
    """Both apps over empty databases."""
    pages = portal.create_app(databases)
    pages.config["WTF_CSRF_ENABLED"] = False  # the forms are sent without having been read
    with transports.using(inline.Transport()):
        yield {"portal": pages, "api": api.create_app(databases)}


def caller(role: str, door: str) -> Caller | None:
    """Somebody in a role, with what the policy gives to it; a program has the rights of the role it was made with."""
    if role == "anonymous":
        return None
    if role == "guest":
        _, user_id = an_organisation()
        known = {"actor": Actor("user", str(user_id), "Olga Owner"), "customer_id": new_id()}
        return a_person(role="reader", scopes=frozenset(), roles=(), **known)
    known: dict[str, Any] = {"scopes": scopes_of(role), "roles": (role,)}
    if door == "portal":  # some pages read what is known of their reader
        customer_id, user_id = an_organisation()
        known |= {"customer_id": customer_id, "actor": Actor("user", str(user_id), "Olga Owner")}
    if role in STAFF:
        known |= {"kind": "operator", "scope": Scope.operator()}
    return a_caller(**known) if door == "api" else a_person(role=role, **known)


def entries(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Each rule with each of its methods, and an address that it answers at."""
    for rule in (one for one in app.url_map.iter_rules() if one.endpoint != "static"):
        address = re.sub(r"<any\((\w+).*?>", r"\1", rule.rule)
        address = re.sub(r"<(uuid:)?\w+>", lambda _: str(new_id()), address)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, address


def wanted(app: Flask, rule: Rule, who: Caller | None, door: str) -> str:
    """What the policy says: let in, sent to sign in, or refused."""
    view = app.view_functions[rule.endpoint]
    if getattr(view, "public", False):
        return "let in"
    if who is None:
        return "unknown"
    needs = view.requires  # type: ignore[attr-defined]
    return "let in" if needs in who.scopes or (needs == "login" and door == "portal") else "refused"


def happened(answer: TestResponse, door: str) -> str:
    """What an answer means for whoever has asked."""
    sent_away = answer.status_code == 303 and (answer.location or "").startswith("/login")
    if (door == "portal" and sent_away) or answer.status_code == 401:
        return "unknown"
    if answer.status_code >= 500:
        return f"broken {answer.status_code}"
    return "refused" if answer.status_code == 403 else "let in"


def asked(app: Flask, door: str, who: Caller | None, rule: Rule, method: str, address: str) -> str:
    if door == "portal":
        return happened(Visitor(app, who).open(method, address), door)
    return happened(Program(app, who).ask(method, address, {} if method in ("POST", "PATCH") else None), door)


def differing(app: Flask, door: str, who: Caller | None) -> tuple[int, list[str]]:
    """How many entries were tried, and those where something else happened than the policy says."""
    found, count = [], 0
    for rule, method, address in entries(app):
        count, due = count + 1, wanted(app, rule, who, door)
        got = asked(app, door, who, rule, method, address)
        known = rule.endpoint in ODD or (rule.endpoint in NARROWER and got == "refused")
        if got != due and not (due == "let in" and known):
            found.append(f"{door} {method} {rule.rule}: {got}, not {due}")
    return count, found


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("role", [
    pytest.param(role, marks=() if role in ("anonymous", "reader") else pytest.mark.slow) for role in CALLERS
])  # fmt: skip
def test_each_route_lets_in_whom_the_policy_says(
    doors: dict[str, Flask], role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    count, found = 0, list[str]()
    for door, app in doors.items():
        tried, wrong = differing(app, door, caller(role, door))
        count, found = count + tried, found + wrong
    with capsys.disabled():
        print(f"\nroles: {count} routes × methods as {role}, {len(found)} otherwise than the policy")  # noqa: T201
    assert not found, "\n" + "\n".join(found)


@pytest.mark.slow
@pytest.mark.asvs("8.2.1")
def test_a_program_with_one_right_gets_in_where_that_is_needed_and_nowhere_else(doors: dict[str, Flask]) -> None:
    found = list[str]()
    for scope in api.spec.SCOPES:
        who = a_caller(scopes=frozenset({scope}), actor=Actor("client", "eu-1", "ERP"))
        found += [f"{scope}: {fault}" for fault in differing(doors["api"], "api", who)[1]]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.slow
@pytest.mark.asvs("7.4.2")
def test_whom_we_have_shut_out_is_a_stranger_at_every_door(doors: dict[str, Flask], databases: Settings) -> None:
    customer_id, owner_id = an_organisation()
    has_password(owner_id)
    _, token = signed_in(owner_id)
    client = {"client_id": "eu-1", "customer_id": customer_id, "reseller_id": None, "name": "ERP"}
    with db.begin() as session:
        commands.create_api_client(session, **client, scopes=["orders:read"], secret="css_x")
    bearer = tokens.issue_access_token(tokens.live_client("eu-1"), ["orders:read"])["access_token"]
    browser = Client(Gateway(DispatcherMiddleware(doors["portal"], {"/api/v1": doors["api"]}), databases))
    browser.set_cookie(login_cookie(databases), token)
    program = {"Authorization": f"Bearer {bearer}"}
    assert browser.get("/orders").status_code == browser.get("/api/v1/orders", headers=program).status_code == 200

    with db.begin() as session:
        ended = commands.disable_user(session, scope=Scope.customer(customer_id), user_id=owner_id)
        rights = {"within": frozenset(api.spec.SCOPES), "expected_version": None}
        known = {"scope": Scope.customer(customer_id), "client_id": "eu-1", **rights}
        commands.set_client_status(session, **known, status="disabled")
    for kind, id in (("client", "eu-1"), *(("login", str(login_id)) for login_id in ended)):
        tokens.forget_epoch(kind, id)  # as the views do that shut somebody out; other processes ask again each second
    found = []
    for door, app in doors.items():
        for rule, method, address in entries(app):
            sent = {"headers": program, "path": f"/api/v1{address}"} if door == "api" else {"path": address}
            answer = browser.open(method=method, **sent)
            due = wanted(app, rule, None, door)
            if happened(answer, door) != due and not (due == "let in" and rule.endpoint in ODD):
                found.append(f"{door} {method} {rule.rule}: {answer.status_code}")
    assert not found, "\n" + "\n".join(found)


def test_every_right_has_words_and_every_view_needs_one_that_somebody_has(settings: Settings) -> None:
    given = {scope for scopes in ROLE_SCOPES.values() for scope in scopes}
    assert given <= set(SCOPES)
    assert set(ROLE_SCOPES) == set(ROLES)
    for app in (portal.create_app(settings), api.create_app(settings)):
        needed = {getattr(view, "requires", None) for view in app.view_functions.values()} - {None, "login"}
        assert needed <= given


def test_the_committed_page_is_the_policys() -> None:
    committed = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")

    assert committed == page(), "rights have changed: python tools/roles.py docs/roles.md"
