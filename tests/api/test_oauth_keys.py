"""Programs that prove themselves with a key of their own, and programs that give their tokens back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, OKPKey, RSAKey
from werkzeug.test import TestResponse

from api import oauth
from domains.kernel import config
from domains.kernel.config import Settings
from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries, tokens
from domains.users.policy import CLIENT_SCOPES
from tests.factories.users import an_organisation

from .signing import JWT_BEARER, a_statement, confused
from .test_oauth_attacks import trail

CLIENT, SECRET = "eu_erp", "css_secret"
KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")


@pytest.fixture
def customer_id(databases: Settings) -> UUID:
    tokens.forget_noted()
    customer_id, _ = an_organisation()
    facts: dict[str, Any] = {"customer_id": customer_id, "reseller_id": None, "name": "ERP"}
    with db.begin() as session:
        commands.create_api_client(session, client_id=CLIENT, scopes=["orders:read"], secret=SECRET, **facts)
    add(customer_id, KEY)
    return customer_id


def add(customer_id: UUID, key: Any) -> None:
    known: dict[str, Any] = {"scope": Scope.customer(customer_id), "within": CLIENT_SCOPES, "client_id": CLIENT}
    jwk = tokens.public_key(key.as_pem(private=False).decode())
    with db.begin() as session:
        commands.add_key(session, **known, expected_version=None, jwk=jwk)


@pytest.fixture
def desk(customer_id: UUID, databases: Settings) -> FlaskClient:
    return oauth.create_app(databases).test_client()


def ask(desk: FlaskClient, statement: str, path: str = "/token", **more: str) -> TestResponse:
    known = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER, "client_assertion": statement}
    return desk.post(path, data=known | more)


def said(answer: TestResponse) -> tuple[int, Any]:
    return answer.status_code, (answer.json or {}).get("error")


@pytest.mark.parametrize(
    ("alg", "key"),
    [("ES256", OTHER), ("RS256", RSAKey.generate_key(2048)), ("PS256", RSAKey.generate_key(2048)),
     ("Ed25519", OKPKey.generate_key("Ed25519"))],
)  # fmt: skip
def test_a_key_of_its_own_gets_a_token_and_its_use_is_noted(
    desk: FlaskClient, customer_id: UUID, alg: str, key: Any
) -> None:
    add(customer_id, key)

    answer = ask(desk, a_statement(CLIENT, key, alg))

    assert answer.status_code == 200
    assert answer.json
    assert tokens.caller_of_bearer(answer.json["access_token"])
    with db.begin_read() as session:
        client = queries.get_client(session, Scope.customer(customer_id), CLIENT)
    assert [one.last_used_at is not None for one in client.live] == [True, False, False]


WRONG: dict[str, tuple[str, Callable[[], str]]] = {
    "of another key": ("signature", lambda: a_statement(CLIENT, OTHER)),
    "by a shared secret": ("alg", lambda: confused(a_statement(CLIENT, KEY), KEY)),
    "of a kind of key it does not have": ("kid", lambda: a_statement(CLIENT, RSAKey.generate_key(2048), "RS256")),
    "of a key with another id": ("kid", lambda: a_statement(CLIENT, KEY, header={"kid": "x"})),
    "with a key brought along": ("key_brought_along", lambda: a_statement(
        CLIENT, OTHER, header={"jwk": OTHER.as_dict(private=False)})),
    "for somebody else": ("aud", lambda: a_statement(CLIENT, KEY, aud="https://other.example/token")),
    "for us and somebody else": ("aud", lambda: a_statement(
        CLIENT, KEY, aud=[config.current().public_url, "https://other.example"])),
    "of another issuer": ("iss", lambda: a_statement(CLIENT, KEY, iss="eu_other")),
    "for too long": ("exp", lambda: a_statement(CLIENT, KEY, exp=int(time.time()) + 900)),
    "over": ("exp", lambda: a_statement(CLIENT, KEY, exp=int(time.time()) - 60)),
    "without an end": ("exp", lambda: a_statement(CLIENT, KEY, exp=None)),
    "without an id": ("jti", lambda: a_statement(CLIENT, KEY, jti=None)),
}  # fmt: skip


@pytest.mark.asvs("10.4.10", "9.1.2")
@pytest.mark.parametrize("wrong", WRONG)
def test_a_statement_that_proves_nothing_gets_no_token_and_is_noted(
    desk: FlaskClient, customer_id: UUID, wrong: str
) -> None:
    why, make = WRONG[wrong]

    answer = ask(desk, make())

    assert said(answer) == (401, "invalid_client")
    assert [(of, who, told["why"]) for of, who, told in trail("users.refuse_client")] == [(customer_id, CLIENT, why)]


def test_a_statement_is_taken_once(desk: FlaskClient, customer_id: UUID) -> None:
    statement = a_statement(CLIENT, KEY)

    answers = [said(ask(desk, statement)) for _ in range(2)]

    assert answers == [(200, None), (401, "invalid_client")]
    assert [told["why"] for _, _, told in trail("users.refuse_client")] == ["replayed"]


@pytest.mark.asvs("6.3.8")
def test_nobody_learns_whether_a_program_exists(desk: FlaskClient, customer_id: UUID) -> None:
    wish = {"grant_type": "client_credentials"}
    known, unknown = (desk.post("/token", data=wish, auth=(name, "css_wrong")) for name in (CLIENT, "eu_nobody"))
    posted = desk.post("/token", data=wish | {"client_id": "eu_nobody", "client_secret": "css_wrong"})
    signed = ask(desk, a_statement("eu_nobody", OTHER))

    assert {(one.status_code, one.get_data(as_text=True)) for one in (known, unknown, posted, signed)} == {
        (401, known.get_data(as_text=True))
    }
    assert known.headers["WWW-Authenticate"] == 'Basic realm="oauth2"'
    assert [(of, told["why"]) for of, _, told in trail("users.refuse_client")] == [(customer_id, "secret")]


@pytest.mark.asvs("10.4.9", "7.4.1")
def test_a_program_gives_its_tokens_back(desk: FlaskClient, queue: object) -> None:
    proof = {"auth": (CLIENT, SECRET)}
    text = desk.post("/token", data={"grant_type": "client_credentials"}, **proof).json["access_token"]  # type: ignore[index, arg-type]
    assert tokens.caller_of_bearer(text)

    nothing = desk.post("/revoke", data={"token": "not one of ours"}, **proof)  # type: ignore[arg-type]
    assert tokens.caller_of_bearer(text)
    unproven = desk.post("/revoke", data={"token": text}, auth=(CLIENT, "css_wrong"))
    assert tokens.caller_of_bearer(text)
    done = ask(desk, a_statement(CLIENT, KEY), "/revoke", token=text)
    again = desk.post("/revoke", data={"token": text}, **proof)  # type: ignore[arg-type]
    fresh = desk.post("/token", data={"grant_type": "client_credentials"}, **proof).json["access_token"]  # type: ignore[index, arg-type]

    assert [nothing.status_code, unproven.status_code, done.status_code, again.status_code] == [200, 401, 200, 200]
    assert tokens.caller_of_bearer(text) is None
    assert tokens.caller_of_bearer(fresh)


def test_a_secret_that_is_removed_takes_all_tokens_along(desk: FlaskClient, customer_id: UUID) -> None:
    text = desk.post("/token", data={"grant_type": "client_credentials"}, auth=(CLIENT, SECRET)).json["access_token"]  # type: ignore[index]
    assert tokens.caller_of_bearer(text)

    known: dict[str, Any] = {"scope": Scope.customer(customer_id), "within": CLIENT_SCOPES, "client_id": CLIENT}
    with db.begin() as session:
        secret = next(one for one in queries.get_client(session, known["scope"], CLIENT).live if one.kind == "secret")
        commands.remove_credential(session, **known, expected_version=None, credential_id=secret.id, kind="secret")

    assert tokens.caller_of_bearer(text) is None
    assert said(desk.post("/token", data={"grant_type": "client_credentials"}, auth=(CLIENT, SECRET)))[0] == 401


def test_what_a_program_needs_to_know_is_published(desk: FlaskClient) -> None:
    told = desk.get("/oauth-authorization-server").json

    assert told
    assert told["revocation_endpoint"].endswith("/oauth2/revoke")
    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
    assert told["token_endpoint_auth_signing_alg_values_supported"] == ["ES256", "Ed25519", "PS256", "RS256"]
