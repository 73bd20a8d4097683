"""Programs, and customers' own providers."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.errors import N_ as N_
from domains.kernel.errors import NotFound
from domains.kernel.paging import Page, checked_limit, decode_cursor, encode_cursor
from domains.kernel.tenancy import Scope

from ..models import (
    ApiClient,
    SignOn,
    SignOnDomain,
    theirs,
)
from .organisations import organisation


def list_clients(
    session: Session, scope: Scope, *, customer_id: UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Page[ApiClient]:
    """Programs of customers that the caller may see, by their ids."""
    query, filters, size = select(ApiClient).where(theirs(scope, ApiClient)), {"of": customer_id}, checked_limit(limit)
    if customer_id is not None:
        query = query.where(ApiClient.customer_id == customer_id)
    if cursor:
        last = decode_cursor(cursor, filters, lambda position: 1 <= len(position) <= 64 and position.isascii())
        query = query.where(ApiClient.id > last.decode("ascii").replace("\0", ""))
    rows = list(session.scalars(query.order_by(ApiClient.id).limit(size + 1)))
    more = encode_cursor(rows[size - 1].id.encode(), filters) if len(rows) > size else None
    return Page(rows[:size], more)


def get_client(session: Session, scope: Scope, client_id: str) -> ApiClient:
    """One program; NotFound for any that the caller may not see."""
    query = select(ApiClient).where(ApiClient.id == client_id, theirs(scope, ApiClient))
    found: ApiClient | None = session.scalars(query).one_or_none() if client_id.isprintable() else None
    if found is None:
        raise NotFound("There is no such client.", code="client_not_found", field="client_id")
    return found


def sign_on(session: Session, scope: Scope, customer_id: UUID) -> SignOn | None:
    """A customer's own provider; None without one. NotFound for a customer that the caller may not see."""
    organisation(session, scope, customer_id)
    return session.get(SignOn, customer_id)


def domain(session: Session, scope: Scope, customer_id: UUID, domain_id: UUID) -> SignOnDomain:
    """One of a customer's e-mail domains."""
    found = next((one for one in domains(session, scope, customer_id) if one.id == domain_id), None)
    if found is None:
        raise NotFound("There is no such domain.", code="domain_not_found", field="domain")
    return found


def domains(session: Session, scope: Scope, customer_id: UUID) -> list[SignOnDomain]:
    """The e-mail domains that a customer says are its own, by name."""
    query = select(SignOnDomain).where(SignOnDomain.customer_id == customer_id, scope.covers(SignOnDomain))
    return list(session.scalars(query.order_by(SignOnDomain.name)))
