"""The token endpoint: who gets a token, and what its answer says of it."""

from __future__ import annotations

import gc
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api import oauth
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.users import commands, db, tokens
from tests.factories.users import an_organisation

PROGRAM = ("eu_erp", "css_secret")


@pytest.fixture
def desk(databases: Settings) -> FlaskClient:
    """The token endpoint, and a program that may read orders and offers."""
    return opened(databases)


def opened(settings: Settings) -> FlaskClient:
    customer_id, _ = an_organisation()
    facts: dict[str, Any] = {"customer_id": customer_id, "reseller_id": None, "name": "ERP"}
    with db.begin() as session:
        scopes = ["offers:read", "orders:read"]
        commands.create_api_client(session, client_id=PROGRAM[0], secret=PROGRAM[1], scopes=scopes, **facts)
    return oauth.create_app(settings).test_client()


def ask(desk: FlaskClient, **more: str) -> TestResponse:
    return desk.post("/token", data={"grant_type": "client_credentials", **more}, auth=PROGRAM)


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ({}, "offers:read orders:read"), ({"scope": ""}, "offers:read orders:read"),
        ({"scope": "orders:read"}, "orders:read"), ({"scope": "operate users:write orders:read"}, "orders:read"),
    ],
)  # fmt: skip
def test_the_answer_says_what_is_granted(desk: FlaskClient, asked: dict[str, str], granted: str) -> None:
    answer = ask(desk, **asked)

    caller = tokens.caller_of_bearer(answer.json["access_token"]) if answer.json else None
    assert caller
    assert answer.json
    assert (answer.json["scope"], caller.scopes) == (granted, frozenset(granted.split()))
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.asvs("10.4.11")
@pytest.mark.parametrize("scope", ["operate", "users:write nonsense", " "])
def test_nothing_that_is_allowed_is_no_token(desk: FlaskClient, scope: str) -> None:
    answer = ask(desk, scope=scope)

    assert answer.status_code == 400
    assert answer.json
    assert (answer.json["error"], "access_token" in answer.json) == ("invalid_scope", False)


def test_a_token_is_given_without_limits_too(databases: Settings) -> None:
    desk = opened(replace(databases, limits="off"))
    gc.collect()  # what nobody keeps is gone

    assert ask(desk).status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/token", 405), ("GET", "/nowhere", 404)])
def test_what_is_no_request_for_a_token_is_told_in_json(desk: FlaskClient, method: str, path: str, status: int) -> None:
    answer = desk.open(path, method=method)

    assert answer.status_code == status
    assert answer.json
    assert answer.json["error"] == "invalid_request"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.asvs("16.5.3")
def test_while_the_database_is_away_no_token_is_given_and_it_is_said_so(desk: FlaskClient, databases: Settings) -> None:
    bind(replace(databases, overrides={"database_url_users": "postgresql+psycopg://a@127.0.0.1:1/x"}))

    answer = ask(desk)
    bind(databases)  # they are there again, to be emptied

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json
    assert answer.json["error"] == "temporarily_unavailable"


@pytest.mark.parametrize("given", [b"\xff\xfe:x", b"no-colon", b"a\0b:c", b":", "ü:ü".encode()])
def test_credentials_that_are_none_are_refused(desk: FlaskClient, given: bytes) -> None:
    headers = {"Authorization": "Basic " + b64encode(given).decode()}

    answer = desk.post("/token", data={"grant_type": "client_credentials"}, headers=headers)

    assert answer.status_code == 401
    assert answer.json
    assert answer.json["error"] == "invalid_client"


@pytest.mark.slow
@pytest.mark.asvs("6.3.1")
def test_one_place_that_guesses_at_many_programs_is_slowed_down(databases: Settings, queue: object) -> None:
    desk = opened(replace(databases, limits="on"))
    wish = {"grant_type": "client_credentials"}

    right = {ask(desk).status_code for _ in range(20)}
    seen = [desk.post("/token", data=wish, auth=(f"eu_{number}", "x")).status_code for number in range(210)]

    assert right == {200}  # who proves who they are is not counted
    assert seen.count(401) >= 90 and seen.count(429) >= 10  # of each minute, which may end meanwhile
