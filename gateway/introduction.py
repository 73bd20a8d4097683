"""Who is calling: the cookie or token of a request, turned into the assertion that portal and API trust.

In a process by itself the middleware does this for each request. Behind an nginx, the nginx asks `/_auth` of the
process that holds `users`, and puts the answer on the request that it passes on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from domains.kernel import assertion
from domains.kernel.config import Settings
from domains.kernel.crypto import digest
from domains.kernel.messages import acting
from domains.kernel.places import place_of, program_of
from domains.kernel.tenancy import Caller, Origin
from domains.users import tokens

Environ = dict[str, Any]
ADDRESS = "/_auth"
ASSERTION = "HTTP_" + assertion.HEADER.upper().replace("-", "_")
AUDIENCE = "HTTP_X_CLOUDSALES_AUDIENCE"  # for which surface nginx asks
TENANT = "X-CloudSales-Tenant"  # what a kept answer may be shared by
log = logging.getLogger(__name__)


def login_cookie(settings: Settings) -> str:
    """The name of the cookie that holds a browser's login token."""
    return "__Host-cloudsales_login" if settings.is_production else "cloudsales_login"


def caller_of(environ: Environ, settings: Settings, audience: str) -> Caller | None:
    """The person behind the cookie (portal) or the program behind the token (API); None for a stranger."""
    return _program(environ) if audience == "api" else _person(environ, login_cookie(settings))


def answer(environ: Environ, settings: Settings, start_response: Any) -> Iterable[bytes]:
    """Tell nginx who is calling: 204, with the assertion when somebody is known; 503 when that cannot be looked up."""
    audience = "api" if environ.get(AUDIENCE) == "api" else "portal"
    try:
        with acting(request_id=environ.get("HTTP_X_REQUEST_ID", "")[:64], origin=origin_of(environ)):
            note_forged(environ)
            caller = caller_of(environ, settings, audience)
    except SQLAlchemyError as away:
        log.warning("cannot tell who is calling", exc_info=away)
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return []
    known = [] if caller is None else [
        (assertion.HEADER, assertion.mint(settings.assertion_key, caller, audience)), (TENANT, tenant_of(caller))
    ]  # fmt: skip
    start_response("204 No Content", known)
    return []


def tenant_of(caller: Caller) -> str:
    """A word that two callers share only when they see the same rows and have the same rights."""
    seen: list[Any] = [caller.scope, caller.customer_id, caller.reseller_id, sorted(caller.scopes)]
    seen += [sorted(caller.roles), caller.ahead]  # what a sandbox sees goes by its clock
    return digest(msgspec.json.encode(seen).decode())


def note_forged(environ: Environ) -> None:
    """Have it stand in the operator's trail when somebody outside has sent the assertion that only we make."""
    if ASSERTION in environ:
        tokens.note_refusal("users.refuse_assertion", "forged_header", ip=address_of(environ))


def origin_of(environ: Environ) -> Origin:
    """From where a request comes, for the audit trail."""
    return Origin(place_of(address_of(environ)), program_of(environ.get("HTTP_USER_AGENT", "")))


def address_of(environ: Environ) -> str:
    """Where a request came from: as nginx says in its question, else as the connection says."""
    told = environ.get("HTTP_X_FORWARDED_FOR") if environ.get(AUDIENCE) else None
    return str(told or environ.get("REMOTE_ADDR", ""))[:64]


def _person(environ: Environ, name: str) -> Caller | None:
    try:
        cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    except CookieError:
        return None
    return tokens.caller_of_login(cookies[name].value) if name in cookies else None


def _program(environ: Environ) -> Caller | None:
    kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return tokens.caller_of_bearer(token, address_of(environ)) if kind.lower() == "bearer" else None
