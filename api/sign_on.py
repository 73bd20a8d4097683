"""Let your people sign in through your own OpenID provider, and prove which e-mail domains are yours."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.kernel.errors import Conflict, NotFound
from domains.users import commands, db, oidc, queries, tokens

from .auth import requires
from .blueprint import Blueprint
from .callers import customer_meant
from .described import describe, with_errors
from .etags import expected_version, if_match
from .idempotency import once, once_for_all
from .schemas.sign_on import (
    OfCustomer,
    SignOn,
    SignOnCheck,
    SignOnDomain,
    SignOnDomainList,
    SignOnDomainRequest,
    SignOnPatch,
    SignOnRequest,
)

blp = Blueprint("sign_on", __name__, url_prefix="/sign-on", description=__doc__)


def versioned(view: Any) -> Any:
    """Say in the document that a view reads If-Match."""
    return describe(view, parameters=["IfMatch"], errors=[409, 412, 428])


@blp.get("")
@requires("sign-on:read")
@blp.query(OfCustomer)
@blp.response(200, SignOn, etag=True)
@with_errors(404)
def get_sign_on(of: dict[str, Any]) -> Any:
    """Get the provider of a customer."""
    return shown(customer_meant(of))


@blp.post("")
@requires("sign-on:write")
@blp.query(OfCustomer)
@blp.arguments(SignOnRequest)
@once_for_all(db)
@blp.response(201, SignOn, etag=True)
def create_sign_on(of: dict[str, Any], wish: dict[str, Any]) -> Any:
    """Set up the provider of a customer, which is asked what it is."""
    customer_id = customer_meant(of)
    if found(customer_id) is not None:
        raise Conflict("There is a single sign-on already: change it.", code="sign_on_exists")
    return saved(customer_id, 0, wish)


@blp.patch("")
@requires("sign-on:write")
@blp.query(OfCustomer)
@blp.arguments(SignOnPatch)
@once_for_all(db, key_required=False)
@versioned
@blp.response(200, SignOn, etag=True)
def update_sign_on(of: dict[str, Any], changes: dict[str, Any]) -> Any:
    """Change the provider of a customer, or what it may; it is asked anew what it is."""
    customer_id = customer_meant(of)
    it = existing(customer_id)
    version = expected_version(customer_id, required=True)
    known = {name: getattr(it, name) for name in ("issuer", "client_id", *commands.OPTIONS)}
    return saved(customer_id, version, known | {"client_secret": None} | changes)


@blp.delete("")
@requires("sign-on:write")
@blp.query(OfCustomer)
@versioned
@blp.response(204)
@with_errors(404)
def remove_sign_on(of: dict[str, Any]) -> None:
    """Take the provider of a customer away; who came in by it is signed out."""
    customer_id = customer_meant(of)
    known = {"scope": g.caller.scope, "customer_id": customer_id}
    known["expected_version"] = expected_version(customer_id, required=True)
    with db.begin() as session:
        ended = commands.remove_sign_on(session, **known)
    for login_id in ended:
        tokens.forget_epoch("login", str(login_id))


@blp.post("/check")
@requires("sign-on:read")
@blp.query(OfCustomer)
@once_for_all(db)
@blp.response(200, SignOnCheck)
@with_errors(404)
def check_sign_on(of: dict[str, Any]) -> Any:
    """Ask the provider again what it is, and change nothing."""
    it = existing(customer_meant(of))
    return {"unchanged": oidc.discovered(it.issuer) == it.provider}


@blp.get("/domains")
@requires("sign-on:read")
@blp.query(OfCustomer)
@blp.response(200, SignOnDomainList)
def list_sign_on_domains(of: dict[str, Any]) -> Any:
    """List the e-mail domains of a customer, with the records that prove them."""
    with db.begin_read() as session:
        of_customer = queries.organisation(session, g.caller.scope, customer_meant(of)).customer_id
        return {"items": [told(one) for one in queries.domains(session, g.caller.scope, of_customer)]}


@blp.post("/domains")
@requires("sign-on:write")
@blp.query(OfCustomer)
@blp.arguments(SignOnDomainRequest)
@once(db)
@blp.response(201, SignOnDomain, etag=True)
def add_sign_on_domain(session: Session, of: dict[str, Any], wish: dict[str, Any]) -> Any:
    """Say that a domain is yours; the answer holds the record that proves it."""
    known = {"scope": g.caller.scope, "customer_id": customer_meant(of)}
    return told(commands.add_domain(session, **known, **wish))


@blp.post("/domains/<uuid:domain_id>/verify")
@requires("sign-on:write")
@blp.query(OfCustomer)
@once_for_all(db)
@blp.response(200, SignOnDomain, etag=True)
def verify_sign_on_domain(of: dict[str, Any], domain_id: UUID) -> Any:
    """Look whether the record is published, and take the domain for yours when it is."""
    known: dict[str, Any] = {"scope": g.caller.scope, "customer_id": customer_meant(of)}
    with db.begin_read() as session:
        found = queries.domain(session, known["scope"], known["customer_id"], domain_id)
    published = oidc.publishes(found.name, found.challenge)
    with db.begin() as session:
        return told(commands.verify_domain(session, **known, domain_id=domain_id, published=published))


@blp.delete("/domains/<uuid:domain_id>")
@requires("sign-on:write")
@blp.query(OfCustomer)
@if_match()
@blp.response(204)
def remove_sign_on_domain(of: dict[str, Any], domain_id: UUID, expected_version: int | None) -> None:
    """Give a domain up."""
    known = {"scope": g.caller.scope, "customer_id": customer_meant(of), "expected_version": expected_version}
    with db.begin() as session:
        commands.remove_domain(session, **known, domain_id=domain_id)


def found(customer_id: UUID) -> Any:
    """The provider of a customer, None without one; NotFound for a customer that the caller may not see."""
    with db.begin_read() as session:
        return queries.sign_on(session, g.caller.scope, customer_id)


def existing(customer_id: UUID) -> Any:
    """The provider of a customer; NotFound without one."""
    it = found(customer_id)
    if it is None:
        raise NotFound("There is no single sign-on here.", code="sign_on_not_found")
    return it


def saved(customer_id: UUID, version: int | None, wish: dict[str, Any]) -> dict[str, Any]:
    """Ask the provider what it is, then keep the settings."""
    provider = oidc.discovered(wish["issuer"])
    known = {"scope": g.caller.scope, "customer_id": customer_id, "expected_version": version}
    with db.begin() as session:
        commands.set_sign_on(session, **known, provider=provider, **wish)
    return shown(customer_id)


def shown(customer_id: UUID) -> dict[str, Any]:
    """A provider as the API tells it."""
    it = existing(customer_id)
    names = ("customer_id", "issuer", "client_id", *commands.OPTIONS, "created_at", "checked_at", "version")
    return {name: getattr(it, name) for name in names} | {"id": customer_id, "redirect_uri": tokens.redirect_uri()}


def told(domain: Any) -> dict[str, Any]:
    """A domain as the API tells it."""
    names = ("id", "customer_id", "name", "challenge", "created_at", "verified_at", "version")
    return {name: getattr(domain, name) for name in names} | {"record_name": f"{oidc.RECORD}.{domain.name}"}
