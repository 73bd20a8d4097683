"""Programs that may call the API: what they may do, and the secrets and keys they prove themselves with."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.errors import N_, Conflict, Invalid, NotFound, Refused
from domains.kernel.tenancy import Scope

from ..models import ApiClient, Credential, Organisation, db, theirs
from ..policy import CLIENT_SCOPES, DESK_SCOPES, at_desk
from .trail import note

MOST = 2  # live secrets, and live keys: one in use, and the one that takes its place
HINT = 8  # characters of a secret that tell it from another one, of 47
USE_NOTED = timedelta(minutes=1)
Rights = frozenset[str]


def create_api_client(
    session: Session,
    *,
    client_id: str,
    customer_id: UUID,
    reseller_id: UUID | None,
    name: str,
    scopes: list[str],
    secret: str | None,
    within: Rights | None = None,
) -> None:
    """Make a program that may call the API for a customer. Refuses scopes that no program of this customer may have.

    One of the operator's may work on runs, and then does nothing else: it sees those of all customers. `within` are the
    rights of whoever makes it: nobody gives a program more than they have. Without a secret it needs a key.
    """
    fits(session, customer_id, scopes, within)
    row = {
        "id": client_id, "customer_id": customer_id, "reseller_id": reseller_id, "name": named(name),
        "scopes": sorted(scopes), "secrets": [], "status": "active", "epoch": 1, "created_at": clock.now(session),
        "version": 1,
    }  # fmt: skip
    if insert_new(session, ApiClient.__table__, row, "id"):
        if secret is not None:
            client = session.get_one(ApiClient, client_id)
            client.live = [_of(secret, client)]
        told = {"client": client_id, "name": row["name"], "scopes": row["scopes"]}
        note(session, "users.create_api_client", customer_id, ("customer", customer_id), after=told)


def fits(session: Session, customer_id: UUID, scopes: list[str], within: Rights | None) -> None:
    """Refuse scopes that a program of this customer may not have, or that whoever gives them does not have."""
    if not scopes:
        raise Invalid("Choose what the program may do.", code="scope_missing", field="scopes")
    allowed = DESK_SCOPES if DESK_SCOPES & set(scopes) and _is_operator(session, customer_id) else CLIENT_SCOPES
    unknown = set(scopes) - allowed
    if unknown:
        text = N_("This program may not have %(scopes)s.")
        raise Invalid(text, code="scope_invalid", field="scopes", scopes=tuple(sorted(unknown)))
    _not_beyond(scopes, within)


def _not_beyond(scopes: Collection[str], within: Rights | None) -> None:
    beyond = set() if within is None else set(scopes) - within
    if beyond:
        text = N_("The program has, or would have, rights that you do not have: %(scopes)s.")
        raise Refused(text, code="beyond_own_rights", field="scopes", scopes=tuple(sorted(beyond)))


def named(name: str) -> str:
    """A program's name, with single spaces."""
    tidy = " ".join(name.split())
    if not 1 <= len(tidy) <= 120 or not tidy.isprintable():
        raise Invalid("Give a name of 1 to 120 characters.", code="name_invalid", field="name")
    return tidy


def _is_operator(session: Session, customer_id: UUID) -> bool:
    found = session.get(Organisation, customer_id)
    return found is not None and found.kind == "operator"


def update_client(
    session: Session,
    *,
    scope: Scope,
    within: Rights,
    client_id: str,
    expected_version: int | None,
    name: str | None = None,
    scopes: list[str] | None = None,
) -> ApiClient:
    """Give a program another name or other rights. Tokens with rights of before end."""
    client = _client(session, scope, client_id, within, expected_version)
    before = {"name": client.name, "scopes": client.scopes}
    if name is not None:
        client.name = named(name)
    if scopes is not None:
        fits(session, client.customer_id, scopes, within)
        client.scopes = sorted(scopes)
        client.epoch += 1
    _changed(session, client, "users.update_client", before, {"name": client.name, "scopes": client.scopes})
    return client


def add_secret(
    session: Session, *, scope: Scope, within: Rights, client_id: str, expected_version: int | None, secret: str
) -> ApiClient:
    """Give a program a further secret; the one it has goes on until it is removed. Refuses a third one."""
    client = _client(session, scope, client_id, within, expected_version)
    _has_room(client, "secret")
    made = _of(secret, client, clock.now(session))
    client.live = [made, *client.live]
    _changed(session, client, "users.add_secret", None, {"secret": made.hint})
    return client


def _of(secret: str, client: ApiClient, now: Any = None) -> Credential:
    return Credential.of_secret(digest(secret), secret[:HINT], now or client.created_at)


def _has_room(client: ApiClient, kind: str) -> None:
    if sum(one.kind == kind for one in client.live) >= MOST:
        text = N_("Two are live already: remove the one that is not used any more first.")
        raise Refused(text, code="two_are_live")


def add_key(
    session: Session, *, scope: Scope, within: Rights, client_id: str, expected_version: int | None, jwk: dict[str, Any]
) -> ApiClient:
    """Let a program prove itself with a key of its own, of which this is the public half. Refuses a third one."""
    client = _client(session, scope, client_id, within, expected_version)
    _has_room(client, "key")
    marked = digest("jwk", *(f"{name}={jwk[name]}" for name in sorted(jwk) if name not in ("kid", "use", "alg")))
    if any(one.digest == marked or one.hint == jwk["kid"] for one in client.live if one.kind == "key"):
        raise Conflict("The program has this key already.", code="key_known", field="key")
    now = clock.now(session)
    made = Credential(id=new_id(), kind="key", digest=marked, hint=jwk["kid"], created_at=now, jwk=jwk)
    client.live = [made, *client.live]
    _changed(session, client, "users.add_key", None, {"key": made.hint})
    return client


def remove_credential(
    session: Session,
    *,
    scope: Scope,
    within: Rights,
    client_id: str,
    expected_version: int | None,
    credential_id: UUID,
    kind: str,
) -> ApiClient:
    """End one of a program's secrets or keys, with all tokens it has: which of them came of it is not known."""
    client = _client(session, scope, client_id, within, expected_version)
    gone = next((one for one in client.live if one.id == credential_id and one.kind == kind), None)
    if gone is None:
        raise NotFound("There is no such secret or key.", code="credential_not_found")
    client.live = [one for one in client.live if one.id != credential_id]
    client.epoch += 1
    _changed(session, client, f"users.remove_{kind}", {kind: gone.hint}, None)
    return client


def set_client_status(
    session: Session, *, scope: Scope, within: Rights, client_id: str, expected_version: int | None, status: str
) -> ApiClient:
    """Shut a program out with the tokens it has (disabled), or let it in again (active)."""
    client = _client(session, scope, client_id, within, expected_version)
    before = {"status": client.status}
    client.status = status
    client.epoch += 1
    action = {"disabled": "users.disable_client", "active": "users.enable_client"}[status]
    _changed(session, client, action, before, {"status": status})
    return client


def delete_client(
    session: Session, *, scope: Scope, within: Rights, client_id: str, expected_version: int | None
) -> None:
    """Delete a program, with its secrets, keys and tokens. What it did stays in the audit trail under its name."""
    client = _client(session, scope, client_id, within, expected_version)
    told = {"client": client.id, "name": client.name, "scopes": client.scopes}
    note(session, "users.delete_client", client.customer_id, ("customer", client.customer_id), before=told)
    session.delete(client)


def end_tokens(session: Session, *, client_id: str) -> None:
    """End all tokens that a program has, as it asks itself (RFC 7009)."""
    client = _locked(session, client_id)
    if client is not None:
        client.epoch += 1
        _changed(session, client, "users.revoke_tokens", None, None, counts=False)


def note_use(session: Session, *, client_id: str, credential_id: UUID) -> None:
    """Remember when a secret or key was last used, to the minute."""
    client, now = _locked(session, client_id), clock.now(session)
    if client is not None:
        client.live = [replace(one, last_used_at=now) if one.id == credential_id else one for one in client.live]


def spend_assertion(session: Session, *, client_id: str, jti: str) -> bool:
    """Whether a program's signed statement comes for the first time; the next time it does not."""
    key = digest("assertion", client_id, jti)  # kept longer than any such statement holds
    row = {"key": key, "request_digest": key, "status": 0, "at": clock.now(session)}
    return insert_new(session, db.idempotency, row, "key")


def _changed(session: Session, client: ApiClient, action: str, before: Any, after: Any, *, counts: bool = True) -> None:
    client.version += counts
    told = {"client": client.id}
    values = {"before": before, "after": told | (after or {})}
    note(session, action, client.customer_id, ("customer", client.customer_id), **values)


def _client(
    session: Session, scope: Scope, client_id: str, within: Rights | None, expected_version: int | None
) -> ApiClient:
    """A program to be changed. Not there for who does not see it, refused to who has fewer rights than it has."""
    found = _locked(session, client_id, theirs(scope, ApiClient)) if client_id.isprintable() else None
    if found is None:
        raise NotFound("There is no such client.", code="client_not_found", field="client_id")
    if expected_version not in (None, found.version):
        text = N_("The program has changed since you looked. This is how it stands now.")
        raise Conflict(text, code="version_conflict")
    _not_beyond(at_desk(found.scopes) if scope.kind == "operator" else found.scopes, within)
    return found


def _locked(session: Session, client_id: str, *conditions: Any) -> ApiClient | None:
    query = select(ApiClient).where(ApiClient.id == client_id, *conditions)
    found: ApiClient | None = session.scalars(locked(query, ApiClient)).one_or_none()
    return found
