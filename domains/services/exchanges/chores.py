"""What the worker of services does on the side."""

from __future__ import annotations

from domains.kernel.chores import Chore

from ..commands import forget_expired
from ..models import db


def forget_promises() -> int:
    """Delete promises that nobody has taken up, a day after they ran out."""
    with db.begin() as session:
        return forget_expired(session)


CHORES = (Chore(every=3600.0, run=forget_promises),)
