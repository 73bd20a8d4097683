"""The syncs of the catalogue and what each has changed; prices that we pay are told to operators alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import paging
from domains.kernel.errors import NotFound
from domains.kernel.paging import Page
from domains.kernel.tenancy import Scope

from ..models import CatalogueSync, OfferChange
from .prices import WIDE

KINDS = ("added", "changed", "ended")


@dataclass(frozen=True)
class FieldChange:
    """A field of an offer, before and after."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ChangeView:
    """What a sync has changed of an offer. `prices` are the plans at other purchase prices; None but for operators."""

    id: UUID
    sync_id: UUID
    offer_id: UUID
    name: str
    kind: str
    at: datetime
    fields: list[FieldChange]
    prices: list[dict[str, Any]] | None


def list_syncs(session: Session, *, cursor: str | None = None, limit: int = 50) -> Page[CatalogueSync]:
    """All syncs, newest first."""
    return paging.page(session, select(CatalogueSync), CatalogueSync.id, cursor=cursor, limit=limit, filters={})


def get_sync(session: Session, sync_id: UUID) -> CatalogueSync:
    """One sync. Refuses an id that is none."""
    found = session.get(CatalogueSync, sync_id)
    if found is None:
        raise NotFound("There is no such sync.", code="sync_not_found", field="sync_id")
    return found


def list_offer_changes(
    session: Session, scope: Scope, *, sync_id: UUID | None = None, offer_id: UUID | None = None,
    kind: str | None = None, cursor: str | None = None, limit: int = 50,
) -> Page[ChangeView]:  # fmt: skip
    """What syncs have changed, newest first: of one sync, of one offer, of one kind.

    A change of nothing but what we pay is told to operators alone.
    """
    filters = {"sync_id": sync_id, "offer_id": offer_id, "kind": kind}
    query = select(OfferChange)
    for name, value in filters.items():
        if value is not None:
            query = query.where(getattr(OfferChange, name) == value)
    found = paging.page(session, query, OfferChange.id, cursor=cursor, limit=limit, filters=filters)
    views = (_view(row, scope.kind in WIDE) for row in found.items)
    told = [one for one in views if one.prices is not None or one.fields or one.kind != "changed"]
    return Page(told, found.next_cursor)


def _view(row: OfferChange, wide: bool) -> ChangeView:
    fields = [FieldChange(name, before, row.after.get(name)) for name, before in sorted(row.before.items())]
    prices = list(row.prices) if wide else None
    return ChangeView(row.id, row.sync_id, row.offer_id, row.name, row.kind, row.at, fields, prices)
