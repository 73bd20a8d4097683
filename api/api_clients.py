"""Make programs for your organisation, give them new secrets or keys of their own, and shut them out.

A program with `api-clients:write` may do so too, as far as its own rights go: it neither makes nor changes one that may
do more than itself.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, after_this_request, g
from sqlalchemy.orm import Session

from domains.kernel import config
from domains.kernel.paging import Page
from domains.users import commands, db, queries, tokens

from .auth import requires
from .blueprint import Blueprint
from .callers import customer_meant
from .described import with_errors
from .etags import if_match
from .idempotency import once
from .schemas import listing
from .schemas.api_clients import (
    ApiClient,
    ApiClientList,
    ApiClientPatch,
    ApiClientQuery,
    ApiClientRequest,
    ApiClientWithSecret,
    ClientKeyRequest,
)

blp = Blueprint("api_clients", __name__, url_prefix="/api-clients", description=__doc__)


@blp.get("")
@requires("api-clients:read")
@blp.query(ApiClientQuery)
@blp.response(200, ApiClientList)
def list_api_clients(wish: dict[str, Any]) -> Any:
    """List programs."""
    with db.begin_read() as session:
        found = queries.list_clients(session, g.caller.scope, **wish)
        return listing(Page([shown(one) for one in found.items], found.next_cursor))


@blp.get("/<client_id>")
@requires("api-clients:read")
@blp.response(200, ApiClient, etag="body")
def get_api_client(client_id: str) -> Any:
    """Get a program with what is told of its secrets and keys."""
    with db.begin_read() as session:
        return shown(queries.get_client(session, g.caller.scope, client_id))


@blp.post("")
@requires("api-clients:write")
@blp.arguments(ApiClientRequest)
@once(db, told_once=("secret",))
@blp.response(201, ApiClientWithSecret, etag="body")
def create_api_client(session: Session, wish: dict[str, Any]) -> Any:
    """Make a program. Its secret is told in this answer and never again."""
    of = queries.organisation(session, g.caller.scope, customer_meant(wish))
    secret = tokens.new_secret() if wish.pop("authentication") == "secret" else None
    known: dict[str, Any] = {"client_id": tokens.new_client_id(config.current().region), "secret": secret}
    known |= {"customer_id": of.customer_id, "reseller_id": of.reseller_id, "within": g.caller.scopes}
    commands.create_api_client(session, **known, **wish)
    return shown(queries.get_client(session, g.caller.scope, known["client_id"])) | {"secret": secret}


@blp.patch("/<client_id>")
@requires("api-clients:write")
@blp.arguments(ApiClientPatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, ApiClient, etag="body")
def update_api_client(session: Session, changes: dict[str, Any], client_id: str, expected_version: int | None) -> Any:
    """Rename a program, give it other rights, disable it or let it in again."""
    known = meant(client_id, expected_version)
    if status := changes.pop("status", None):
        client = commands.set_client_status(session, **known, status=status)
        known["expected_version"] = None
    if changes:
        client = commands.update_client(session, **known, **changes)
    return shown(client)


@blp.delete("/<client_id>")
@requires("api-clients:write")
@with_errors(409)
@if_match()
@blp.response(204)
def delete_api_client(client_id: str, expected_version: int | None) -> None:
    """Delete a program, with its secrets, keys and tokens."""
    with db.begin() as session:
        commands.delete_client(session, **meant(client_id, expected_version))


@blp.post("/<client_id>/secrets")
@requires("api-clients:write")
@once(db, told_once=("secret",))
@if_match(required=False)
@blp.response(201, ApiClientWithSecret, etag="body")
def add_api_client_secret(session: Session, client_id: str, expected_version: int | None) -> Any:
    """Give a program a second secret, told in this answer and never again. The one it has stays live."""
    secret = tokens.new_secret()
    return shown(commands.add_secret(session, **meant(client_id, expected_version), secret=secret)) | {"secret": secret}


@blp.delete("/<client_id>/secrets/<uuid:secret_id>")
@requires("api-clients:write")
@if_match()
@blp.response(204)
def remove_api_client_secret(client_id: str, secret_id: UUID, expected_version: int | None) -> None:
    """End a secret, with all tokens of the program: it asks for a new one with the secret that stays."""
    remove(client_id, expected_version, secret_id, "secret")


@blp.post("/<client_id>/keys")
@requires("api-clients:write")
@blp.arguments(ClientKeyRequest)
@once(db)
@if_match(required=False)
@blp.response(201, ApiClient, etag="body")
def add_api_client_key(session: Session, wish: dict[str, Any], client_id: str, expected_version: int | None) -> Any:
    """Let a program prove itself with its own key, of which this is the public half (`private_key_jwt`)."""
    jwk = tokens.public_key(wish["key"])
    return shown(commands.add_key(session, **meant(client_id, expected_version), jwk=jwk))


@blp.delete("/<client_id>/keys/<uuid:key_id>")
@requires("api-clients:write")
@if_match()
@blp.response(204)
def remove_api_client_key(client_id: str, key_id: UUID, expected_version: int | None) -> None:
    """End a key, with all tokens of the program."""
    remove(client_id, expected_version, key_id, "key")


def remove(client_id: str, expected_version: int | None, credential_id: UUID, kind: str) -> None:
    """End a secret or key."""
    with db.begin() as session:
        known = meant(client_id, expected_version) | {"credential_id": credential_id, "kind": kind}
        commands.remove_credential(session, **known)


def meant(client_id: str, expected_version: int | None) -> dict[str, Any]:
    """Which program, in which version, and who wants it changed. What it still held ends with the answer."""

    @after_this_request
    def forget(response: Response) -> Response:
        tokens.forget_epoch("client", client_id)
        return response

    known = {"scope": g.caller.scope, "within": g.caller.scopes}
    return known | {"client_id": client_id, "expected_version": expected_version}


def shown(client: Any) -> dict[str, Any]:
    """A program as the API tells it."""
    names = ("id", "customer_id", "name", "scopes", "status", "created_at", "last_used_at", "version")
    kinds = {f"{kind}s": [one for one in client.live if one.kind == kind] for kind in ("secret", "key")}
    return {name: getattr(client, name) for name in names} | kinds
