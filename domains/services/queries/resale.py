"""What a reseller asks of its end-customers: the books that hold, as they are and as they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from domains.kernel.errors import N_, NotFound
from domains.kernel.tenancy import Scope

from ..models import AccountRef, ResaleBook
from ..pricing import Prices, Rule
from ..pricing.rules import from_data


@dataclass(frozen=True)
class ResaleView:
    """A reseller's book as it is; `id` is the end-customer whose it is, or the reseller where it is `for_all` of them.

    One that was never set is there in version 0, and says nothing.
    """

    id: UUID
    for_all: bool
    markup_percent: Decimal | None
    rounding: str
    rules: tuple[Rule, ...]
    version: int
    since: datetime | None


def resale_books(session: Session, account: AccountRef, on: date, past: bool) -> tuple[Prices, ...]:
    """The books that make an end-customer's price, of the reseller's own: the one of the customer first."""
    if account.reseller_id is None:
        return ()
    until = datetime.combine(on + timedelta(days=1), time(), UTC) if past else None
    rows = _newest(session, account.reseller_id, (account.customer_id, account.reseller_id), until)
    rows.sort(key=lambda row: row.holder_id != account.customer_id)
    return tuple(Prices(str(row.id), _all_of(row), rounding=row.rounding, on=on) for row in rows)


def _newest(
    session: Session, owner_id: UUID, holders: Sequence[UUID] | None, until: datetime | None = None
) -> list[ResaleBook]:
    """The newest version of each book of a reseller, or of some; `until`: as they were then."""
    last = select(ResaleBook.holder_id, func.max(ResaleBook.version).label("version"))
    last = last.where(ResaleBook.owner_id == owner_id)
    if until is not None:
        last = last.where(ResaleBook.since < until)
    newest = last.group_by(ResaleBook.holder_id).subquery()
    same = and_(newest.c.holder_id == ResaleBook.holder_id, newest.c.version == ResaleBook.version)
    query = select(ResaleBook).join(newest, same).where(ResaleBook.owner_id == owner_id)
    if holders is not None:
        query = query.where(ResaleBook.holder_id.in_(holders))
    return list(session.scalars(query.order_by(ResaleBook.id)))


def _all_of(row: ResaleBook) -> list[Rule]:
    """The rules of a book: its percentage for everything first, so that each other one of the same kind wins."""
    known = [from_data(one) for one in row.rules]
    return known if row.markup_percent is None else [Rule("all", markup_percent=row.markup_percent), *known]


def check_reseller(scope: Scope) -> UUID:
    """The reseller that asks. For everybody else there is nothing here: such prices are a reseller's alone."""
    if scope.kind != "reseller" or scope.customer_id is None:
        text = N_("Only a reseller has prices of its own for its end-customers.")
        raise NotFound(text, code="reseller_only", field="customer_id")
    return scope.customer_id


def list_resale_prices(session: Session, scope: Scope) -> list[ResaleView]:
    """A reseller's books: the one for all its end-customers first, then those of single ones. Others have none."""
    if scope.kind != "reseller":
        return []
    owner = check_reseller(scope)
    found = sorted(_newest(session, owner, None), key=lambda row: (row.holder_id != owner, row.holder_id))
    return [_view(row) for row in found]


def get_resale_prices(session: Session, scope: Scope, customer_id: UUID) -> ResaleView:
    """A reseller's book for one of its end-customers, or, by its own id, for all. Refuses a customer of others."""
    owner = check_reseller(scope)
    check_end_customer(session, scope, customer_id)
    found = _newest(session, owner, (customer_id,))
    return _view(found[0]) if found else ResaleView(customer_id, customer_id == owner, None, "minor", (), 0, None)


def _view(row: ResaleBook) -> ResaleView:
    rules = tuple(from_data(one) for one in row.rules)
    known = (row.markup_percent, row.rounding, rules, row.version, row.since)
    return ResaleView(row.holder_id, row.holder_id == row.owner_id, *known)


def resale_versions(session: Session, scope: Scope, customer_id: UUID) -> list[ResaleView]:
    """How a reseller's book was, newest first."""
    owner = check_reseller(scope)
    check_end_customer(session, scope, customer_id)
    query = select(ResaleBook).where(ResaleBook.owner_id == owner, ResaleBook.holder_id == customer_id)
    return [_view(row) for row in session.scalars(query.order_by(ResaleBook.version.desc()).limit(50))]


def check_end_customer(session: Session, scope: Scope, customer_id: UUID) -> None:
    """Refuse a customer that is neither the reseller itself nor one of its own."""
    owner = check_reseller(scope)
    if customer_id == owner:
        return
    own: Any = (AccountRef.customer_id == customer_id, AccountRef.reseller_id == owner)
    query = select(AccountRef.id).where(scope.covers(AccountRef), *own).order_by(AccountRef.id)
    if session.scalars(query.limit(1)).first() is None:
        raise NotFound("There is no such customer.", code="customer_not_found", field="customer_id")
