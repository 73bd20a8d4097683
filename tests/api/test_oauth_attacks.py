"""Tokens that prove nothing: each is refused, and why stands in the trail of whom it concerns."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import ECKey

from domains.kernel import config
from domains.kernel.config import Settings, SettingsError
from domains.kernel.database import bind, new_id
from domains.kernel.tenancy import Scope
from domains.users import commands, db, tokens
from domains.users.policy import CLIENT_SCOPES
from tests.factories.users import an_organisation

from .signing import a_token, confused, part, tampered, unsigned

CLIENT = "eu_erp"
OTHER = ECKey.generate_key("P-256", auto_kid=True)


@pytest.fixture
def customer_id(databases: Settings) -> UUID:
    """A customer with a program, at an installation with an operator."""
    tokens.forget_noted()
    customer_id, _ = an_organisation()
    an_organisation(kind="operator", name="Cloud Sales")
    with db.begin() as session:
        commands.create_api_client(
            session, client_id=CLIENT, customer_id=customer_id, reseller_id=None, name="ERP",
            scopes=["orders:read"], secret="css_secret",
        )  # fmt: skip
    return customer_id


def trail(action: str = "users.refuse_token") -> list[tuple[UUID, str, Any]]:
    """Whom each refusal concerns, who it was, and what was noted."""
    entry, value = db.audit_entry, db.audit_value
    with db.begin_read() as session:
        rows = entry.join(value, value.c.entry_id == entry.c.id).select().where(entry.c.action == action)
        return [(row.customer_id, row.actor_id, row.after) for row in session.execute(rows.order_by(entry.c.id))]


FORGERIES: dict[str, tuple[str, Callable[[], str]]] = {
    "no algorithm": ("alg_none", lambda: unsigned(a_token(CLIENT))),
    "no algorithm, in capitals": ("alg_none", lambda: unsigned(a_token(CLIENT), "NoNe")),
    "our public key as a shared secret": ("alg", lambda: confused(a_token(CLIENT))),
    "a key that is not ours": ("kid", lambda: a_token(CLIENT, {"kid": str(OTHER.kid)}, OTHER)),
    "no key named": ("kid", lambda: a_token(CLIENT, {"kid": ""})),
    "our key named, signed by another": ("signature", lambda: a_token(CLIENT, key=OTHER)),
    "a key brought along": (
        "key_brought_along", lambda: a_token(CLIENT, {"jwk": OTHER.as_dict(private=False)}, OTHER)),
    "another body": ("signature", lambda: tampered(a_token(CLIENT), scope="operate")),
    "no type": ("typ", lambda: a_token(CLIENT, {"typ": "JWT"})),
    "an ID token": ("typ", lambda: a_token(CLIENT, {"typ": "JWT"}, aud=CLIENT, nonce="n")),
    "for somebody else": ("aud", lambda: a_token(CLIENT, aud="https://other.example/api")),
    "for nobody": ("aud", lambda: a_token(CLIENT, aud=None)),
    "from somebody else": ("iss", lambda: a_token(CLIENT, iss="https://evil.example")),
    "too old": ("exp", lambda: a_token(CLIENT, exp=int(time.time()) - 60)),
    "without an end": ("exp", lambda: a_token(CLIENT, exp=None)),
    "not valid yet": ("nbf", lambda: a_token(CLIENT, nbf=int(time.time()) + 600)),
    "of an earlier epoch": ("revoked", lambda: a_token(CLIENT, epoch=0)),
}  # fmt: skip


@pytest.mark.asvs("9.1.1", "9.1.2", "9.1.3", "9.2.1", "9.2.2", "9.2.3", "10.3.1", "16.3.2")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_proves_nothing_is_refused_and_noted_once(customer_id: UUID, forgery: str) -> None:
    why, make = FORGERIES[forgery]
    text = make()

    callers = [tokens.caller_of_bearer(text, "192.0.2.7") for _ in range(3)]
    tokens.forget_noted()  # another process
    callers.append(tokens.caller_of_bearer(text, "192.0.2.7"))

    assert callers == [None] * 4
    assert trail() == [(customer_id, CLIENT, {"why": why, "ip": "192.0.2.7"})]
    assert tokens.caller_of_bearer(a_token(CLIENT)) is not None


@pytest.mark.asvs("9.1.3")
@pytest.mark.parametrize("name", ["jku", "x5u", "x5c", "jwk", "crit"])
def test_no_header_chooses_its_own_key(customer_id: UUID, name: str) -> None:
    _, body, signature = a_token(CLIENT).split(".")
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "x", name: "https://evil.example/keys"}

    assert tokens.caller_of_bearer(f"{part(head)}.{body}.{signature}") is None
    assert [told["why"] for _, _, told in trail()] == ["key_brought_along"]


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "..", "eyJ.eyJ.", "e30.e30.", "W10.W10.x", "e30.bnVsbA.x" + "y" * 9_000]
)
def test_what_cannot_be_read_is_of_nobody_and_stands_in_the_operators_trail(customer_id: UUID, text: str) -> None:
    assert tokens.caller_of_bearer(text) is None

    [(concerned, who, _)] = trail()
    assert (concerned != customer_id, who) == (True, "unknown")


def test_a_token_of_a_disabled_or_deleted_program_is_refused_at_once(customer_id: UUID) -> None:
    text = a_token(CLIENT)
    known: dict[str, Any] = {"scope": Scope.customer(customer_id), "within": CLIENT_SCOPES, "client_id": CLIENT}
    known["expected_version"] = None
    before = tokens.caller_of_bearer(text)

    with db.begin() as session:
        commands.set_client_status(session, **known, status="disabled")
    disabled = tokens.caller_of_bearer(text)
    with db.begin() as session:
        commands.set_client_status(session, **known, status="active")
    still = tokens.caller_of_bearer(text)
    fresh = tokens.caller_of_bearer(a_token(CLIENT, epoch=3))
    with db.begin() as session:
        commands.delete_client(session, **known)

    assert before is not None
    assert fresh is not None
    assert [disabled, still, tokens.caller_of_bearer(a_token(CLIENT, epoch=3))] == [None, None, None]
    assert [told["why"] for _, _, told in trail()] == ["client_disabled", "revoked", "client_unknown"]


def test_keys_are_rotated_without_a_token_being_refused(customer_id: UUID, databases: Settings) -> None:
    first, second = json.loads(databases.token_key), ECKey.generate_key("P-256").as_dict(private=True)
    before = a_token(CLIENT)

    def keys(*found: Any) -> None:
        bind(replace(databases, token_key=json.dumps({"keys": list(found)})))

    keys(first, second)  # the next one is published
    assert len(tokens.jwks()["keys"]) == 2
    assert all("d" not in key for key in tokens.jwks()["keys"])
    keys(second, first)  # it signs; what the one before has signed still holds
    after = a_token(CLIENT)
    assert tokens.caller_of_bearer(before)
    assert tokens.caller_of_bearer(after)
    keys(second)  # ten minutes later the one before goes
    tokens.memory.__init__()  # type: ignore[misc]
    assert tokens.caller_of_bearer(before) is None
    assert tokens.caller_of_bearer(after)


@pytest.mark.parametrize("setting", ["", "x", "{}", "[]", '{"keys":[]}', '{"kty":"EC"}'])
def test_a_signing_key_that_cannot_be_read_is_told_before_the_first_token(databases: Settings, setting: str) -> None:
    bind(replace(databases, token_key=setting))

    with pytest.raises(SettingsError, match="CLOUDSALES_TOKEN_KEY"):
        tokens.jwks()


@pytest.mark.asvs("8.2.2", "8.4.1")
def test_a_resellers_program_sees_its_end_customers_and_not_anothers(customer_id: UUID) -> None:
    reseller_id, _ = an_organisation(kind="reseller")
    facts: dict[str, Any] = {"customer_id": reseller_id, "reseller_id": None, "name": "Desk", "secret": "css_x"}
    with db.begin() as session:
        commands.create_api_client(session, client_id="eu_desk", scopes=["orders:read"], **facts)

    caller = tokens.caller_of_bearer(a_token("eu_desk"))

    assert caller is not None
    assert caller.scope.allows(new_id(), reseller_id)
    assert not caller.scope.allows(new_id(), new_id())
    assert not caller.scope.allows(customer_id, None)
    assert config.current().public_url
