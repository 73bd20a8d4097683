"""What the worker of services does on the side."""

from __future__ import annotations

from domains.kernel.chores import Chore

from ..commands import forget_expired, forget_hints, open_missing
from ..models import db


def forget_promises() -> int:
    """Delete promises that nobody has taken up, a day after they ran out."""
    with db.begin() as session:
        return forget_expired(session)


def forget_old_hints() -> int:
    """Delete hints of providers that are a month old."""
    with db.begin() as session:
        return forget_hints(session)


def open_decisions() -> int:
    """Open the decisions of terms that have none yet: of what ran before there were any, or was adopted."""
    with db.begin() as session:
        return open_missing(session)


CHORES = (
    Chore(every=3600.0, run=forget_promises), Chore(every=86_400.0, run=forget_old_hints),
    Chore(every=60.0, run=open_decisions),
)  # fmt: skip
