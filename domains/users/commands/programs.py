"""Programs that may call the API, and their secrets."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest
from domains.kernel.database import insert_new, locked
from domains.kernel.errors import Invalid, NotFound
from domains.kernel.tenancy import Scope

from ..models import ApiClient, Organisation
from ..policy import CLIENT_SCOPES, RUN_SCOPES
from .trail import note


def create_api_client(
    session: Session,
    *,
    client_id: str,
    customer_id: UUID,
    reseller_id: UUID | None,
    name: str,
    scopes: list[str],
    secret: str,
) -> None:
    """Make a program that may call the API for a customer. Refuses scopes that no program of this customer may have.

    One of the operator's may work on runs, and then does nothing else: it sees those of all customers.
    """
    allowed = RUN_SCOPES if RUN_SCOPES & set(scopes) and _is_operator(session, customer_id) else CLIENT_SCOPES
    unknown = set(scopes) - allowed
    if unknown:
        raise Invalid(f"This program may not have {', '.join(sorted(unknown))}.", code="scope_invalid", field="scopes")
    row = {
        "id": client_id, "customer_id": customer_id, "reseller_id": reseller_id, "name": name, "scopes": scopes,
        "secrets": [digest(secret)], "status": "active", "epoch": 1, "created_at": clock.now(session),
    }  # fmt: skip
    if insert_new(session, ApiClient.__table__, row, "id"):
        note(session, "users.create_api_client", customer_id, ("customer", customer_id), after={"client": client_id})


def _is_operator(session: Session, customer_id: UUID) -> bool:
    found = session.get(Organisation, customer_id)
    return found is not None and found.kind == "operator"


def rotate_secret(session: Session, *, scope: Scope, client_id: str, secret: str) -> None:
    """Give a program a new secret; the one before it stays live, older ones end, and so do tokens issued so far."""
    client = _client(session, scope, client_id)
    client.secrets = [digest(secret), *client.secrets][:2]
    client.epoch += 1
    note(session, "users.rotate_secret", client.customer_id, ("customer", client.customer_id))


def disable_client(session: Session, *, scope: Scope, client_id: str) -> None:
    """Shut a program out, with the tokens it has."""
    client = _client(session, scope, client_id)
    client.status = "disabled"
    client.epoch += 1
    note(session, "users.disable_client", client.customer_id, ("customer", client.customer_id))


def _client(session: Session, scope: Scope, client_id: str) -> ApiClient:
    query = select(ApiClient).where(ApiClient.id == client_id, scope.covers(ApiClient))
    found: ApiClient | None = session.scalars(locked(query, ApiClient)).one_or_none()
    if found is None:
        raise NotFound("There is no such client.", code="client_not_found", field="client_id")
    return found
