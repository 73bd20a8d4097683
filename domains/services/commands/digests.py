"""The morning's letter about drift: what stands open at the moment at which it is written."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from ..models import Letter
from ..queries.digests import waiting_drift

MOST = 20  # that are named; the rest is counted


@dataclass(frozen=True)
class SummedUp:
    """What is said; None when nothing waits any more."""

    letter: Letter | None


def sum_up_drift(session: Session, *, customer_id: UUID, zone: str) -> SummedUp:
    """Say what waits in a customer's drift inbox, in accounts of a time zone. Nothing is written down by it."""
    found = waiting_drift(session, customer_id=customer_id, zone=zone)
    if not found:
        return SummedUp(None)
    lines = [{"name": ", ".join(filter(None, (row.account_name, row.name, row.number)))} for row in found[:MOST]]
    facts = {"count": len(found), "lines": lines, "more": "…" if len(found) > MOST else ""}
    return SummedUp(Letter("drift_digest", facts))
