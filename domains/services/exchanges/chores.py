"""What the worker of services does on the side."""

from __future__ import annotations

from domains.kernel.chores import Chore

from ..commands import forget_expired, forget_hints
from ..models import db


def forget_promises() -> int:
    """Delete promises that nobody has taken up, a day after they ran out."""
    with db.begin() as session:
        return forget_expired(session)


def forget_old_hints() -> int:
    """Delete hints of providers that are a month old."""
    with db.begin() as session:
        return forget_hints(session)


CHORES = (Chore(every=3600.0, run=forget_promises), Chore(every=86_400.0, run=forget_old_hints))
