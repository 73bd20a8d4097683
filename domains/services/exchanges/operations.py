"""What we ask of the provider is written down before we ask, under the id that the provider will know it by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import insert_new, locked
from domains.kernel.errors import DomainError

from ..models import ProviderOperation
from ..providers import UnknownOutcome


def note_asked(
    session: Session, operation_id: UUID, *, kind: str, subject_id: UUID, customer_id: UUID, reseller_id: UUID | None
) -> timedelta | None:
    """Write down that we ask (again): the first time in full, then only counted.

    Gives how long ago the try before this one began; None when there was none.
    """
    row = {
        "id": operation_id, "customer_id": customer_id, "reseller_id": reseller_id, "kind": kind,
        "subject_id": subject_id, "state": "asked", "tries": 0, "asked_at": clock.now(session), "last_asked_at": None,
    }  # fmt: skip
    insert_new(session, ProviderOperation.__table__, row, "id")
    found = _locked(session, operation_id)
    if found is None:
        return None
    now, before = clock.now(session), found.last_asked_at
    found.tries, found.last_asked_at = found.tries + 1, now
    return now - before if before is not None else None


def note_answer(
    session: Session, operation_id: UUID, *, state: str, provider_id: str | None = None, code: str | None = None
) -> None:
    """Write down what came of it: done, with the provider's id, or refused, with the code."""
    found = _locked(session, operation_id)
    if found is not None:
        found.state, found.ended_at = state, clock.now(session)
        found.provider_id, found.error_code = provider_id or found.provider_id, code


@contextmanager
def after_asking() -> Iterator[None]:
    """Around a look at what became of something we have asked for: a no to the look is no answer to what was asked.

    Raises UnknownOutcome in its place, so that we look again instead of taking back what the provider may have done.
    """
    try:
        yield
    except DomainError as no:
        raise UnknownOutcome(f"what became of it cannot be seen: {no.code}") from no


def _locked(session: Session, operation_id: UUID) -> ProviderOperation | None:
    query = locked(select(ProviderOperation).where(ProviderOperation.id == operation_id), ProviderOperation.__table__)
    return session.scalars(query).one_or_none()
