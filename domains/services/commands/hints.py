"""Hints of providers: noted once, taken by whoever looks, forgotten after a month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import insert_new

from ..models import ProviderHint
from ..providers import Hint

KEPT = timedelta(days=30)


def note_hints(session: Session, *, provider: str, hints: Iterable[Hint]) -> int:
    """Write hints down; one that was noted before is left alone. Gives how many are new."""
    now, table = clock.now(session), ProviderHint.__table__
    rows = [
        {
            "id": _id_of(provider, hint), "provider": provider, "kind": hint.kind,
            "provider_subscription_id": hint.subscription_id, "account_id": _uuid(hint.customer), "at": hint.at,
            "noted_at": now, "taken_at": None,
        }
        for hint in hints
    ]  # fmt: skip
    return sum(insert_new(session, table, row, "id") for row in rows)


def _id_of(provider: str, hint: Hint) -> UUID:
    said = (provider, hint.kind, hint.subscription_id or "", hint.customer or "", hint.at.isoformat())
    return uuid5(NAMESPACE_URL, "\n".join(said))


def _uuid(said: str | None) -> UUID | None:
    try:
        return UUID(said or "")
    except ValueError:
        return None


def take_hints(session: Session, *, hint_ids: Sequence[UUID]) -> None:
    """Note that somebody looks at what these hints are about. Taking them twice is fine."""
    taken = update(ProviderHint).where(ProviderHint.id.in_(hint_ids), ProviderHint.taken_at.is_(None))
    session.execute(taken.values(taken_at=clock.now(session)))


def forget_hints(session: Session) -> int:
    """Delete hints that are a month old, taken or not: by then reconciliation has seen what they were about."""
    gone = session.execute(delete(ProviderHint).where(ProviderHint.noted_at < clock.now(session) - KEPT))
    return int(getattr(gone, "rowcount", 0))
