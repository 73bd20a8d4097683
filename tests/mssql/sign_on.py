"""People who sign on through their customer's provider, for the story in which everybody does everything once."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries, tokens
from domains.users.oidc import Identified
from tests.factories.users import PASSWORD, an_organisation, has_password, invite

ISSUER = "https://login.example.com"
PROVIDER = {
    "authorization_endpoint": f"{ISSUER}/auth", "token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/jwks",
    "token_endpoint_auth_method": "client_secret_basic", "names_itself": True,
}  # fmt: skip
PLACE = ("192.0.2.1", "a browser")


def who(name: str) -> Identified:
    return Identified(ISSUER, name, f"{name}@sign-on.example", True, name.title(), ("otp",), 0)


def people_sign_on() -> None:
    customer_id, owner_id = an_organisation(owner_email="olga@sign-on.example")
    known: dict[str, Any] = {"scope": Scope.customer(customer_id), "customer_id": customer_id}
    wish: dict[str, Any] = {"issuer": ISSUER, "client_id": "x", "provider": PROVIDER, "joins": True}
    has_password(owner_id)
    invite(customer_id, "una@sign-on.example")
    with db.begin() as session:
        commands.set_sign_on(session, **known, **wish, expected_version=None, client_secret="x")
        domain = commands.add_domain(session, **known, name="sign-on.example")
        commands.verify_domain(session, **known, domain_id=domain.id, published=True)
    come_in(customer_id)
    force(known, wish)
    tokens.provider_of_address("x@sign-on.example")
    tokens.connection_of(customer_id)
    with db.begin() as session:
        queries.sign_on(session, known["scope"], customer_id)
        queries.domain(session, known["scope"], customer_id, domain.id)
        commands.remove_domain(session, **known, domain_id=domain.id)
        commands.remove_sign_on(session, **known, expected_version=None)


def come_in(customer_id: UUID) -> None:
    known = {"customer_id": customer_id, "place": PLACE}
    for name in ("nils", "nils"):
        tokens.enter(commands.enter, who(name), **known)
    for name, password in (("olga", "wrong"), ("olga", PASSWORD), ("una", "")):
        code = tokens.enter(commands.enter, who(name), **known).code
        with suppress(DomainError):
            made = tokens.enter(commands.link, who(name), **known, code=code, password=password)
    caller = tokens.caller_of_login(made.token)
    if caller is not None:
        tokens.enter(commands.prove_by_sign_on, who("una"), login_id=UUID(caller.login_id))
    with suppress(DomainError):
        tokens.enter(commands.prove_by_sign_on, who("nils"), login_id=new_id())


def force(known: dict[str, Any], wish: dict[str, Any]) -> None:
    with db.begin() as session:
        commands.set_sign_on(session, **known, **wish, expected_version=None, client_secret=None, forced=True)
    with suppress(DomainError):
        tokens.sign_in(email="x@sign-on.example", password="wrong", ip=PLACE[0], user_agent=PLACE[1])
