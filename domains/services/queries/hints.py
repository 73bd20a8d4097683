"""What providers have hinted at and nobody has looked at yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from domains.kernel.tenancy import Scope

from ..models import ProviderHint, Subscription

MOST = 200  # at once


@dataclass(frozen=True)
class Hinted:
    """A subscription that hints are about; `hint_ids` are they, oldest first."""

    subscription_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    name: str
    hint_ids: tuple[UUID, ...]


def hinted_subscriptions(session: Session, scope: Scope, limit: int = MOST) -> list[Hinted]:
    """The subscriptions of ours that open hints are about, those that were noted first before others."""
    about = and_(
        Subscription.provider == ProviderHint.provider,
        Subscription.provider_subscription_id == ProviderHint.provider_subscription_id,
    )
    columns = (Subscription.id, Subscription.customer_id, Subscription.reseller_id, Subscription.name)
    query = select(*columns, ProviderHint.id.label("hint_id")).join(ProviderHint, about)
    query = query.where(scope.covers(Subscription), ProviderHint.taken_at.is_(None))
    found: dict[UUID, Hinted] = {}
    for row in session.execute(query.order_by(ProviderHint.noted_at, ProviderHint.id).limit(limit)):
        known = found.get(row.id)
        ids = (*(known.hint_ids if known else ()), row.hint_id)
        found[row.id] = Hinted(row.id, row.customer_id, row.reseller_id, row.name, ids)
    return list(found.values())


def open_hints(session: Session, scope: Scope, limit: int = MOST) -> Sequence[ProviderHint]:
    """Hints that nobody has taken, oldest first: also those about what is not ours yet. For whoever sees everything."""
    if not scope.is_wide:
        return []
    query = select(ProviderHint).where(ProviderHint.taken_at.is_(None))
    return list(session.scalars(query.order_by(ProviderHint.noted_at, ProviderHint.id).limit(limit)))
