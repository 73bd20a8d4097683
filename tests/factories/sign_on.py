"""A customer's provider that says whatever a test wants, as whoever runs one can have it say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domains.kernel.tenancy import Scope
from domains.users import commands, db, tokens
from domains.users.oidc import Identified

PLACE = ("203.0.113.66", "a browser")
ISSUER = "https://login.evil.example"
PROVIDER = {
    "authorization_endpoint": ISSUER, "token_endpoint": ISSUER, "jwks_uri": ISSUER, "names_itself": True,
    "token_endpoint_auth_method": "client_secret_basic",
}  # fmt: skip


def has_sign_on(customer_id: UUID, issuer: str = ISSUER, **but: Any) -> None:
    """Let a customer set up a provider, or change it."""
    known: dict[str, Any] = {"expected_version": None, "issuer": issuer, "client_id": "us", "client_secret": "s"} | but
    of: dict[str, Any] = {"scope": Scope.customer(customer_id), "customer_id": customer_id, "provider": PROVIDER}
    with db.begin() as session:
        commands.set_sign_on(session, **of, **known)


def has_domain(customer_id: UUID, name: str) -> None:
    """Let a customer prove that an e-mail domain is its own."""
    of: dict[str, Any] = {"scope": Scope.customer(customer_id), "customer_id": customer_id}
    with db.begin() as session:
        made = commands.add_domain(session, **of, name=name)
        commands.verify_domain(session, **of, domain_id=made.id, published=True)


def who(email: str, sub: str = "s1", *, auth_time: int = 0, verified: bool = False) -> Identified:
    """Somebody, as the provider says."""
    return Identified(ISSUER, sub, email, verified, "Name", (), auth_time)


def enter(customer_id: UUID, one: Identified) -> Any:
    """Come back from the provider."""
    return tokens.enter(commands.enter, one, customer_id=customer_id, place=PLACE)


def link(customer_id: UUID, one: Identified, **given: Any) -> Any:
    """Come back from the provider, and show that the account is one's own."""
    code = enter(customer_id, one).code
    return tokens.enter(commands.link, one, customer_id=customer_id, place=PLACE, code=code, **given)
