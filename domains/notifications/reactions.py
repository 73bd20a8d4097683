"""What notifications do about facts of other domains: write to whom another domain wants written to."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from domains.kernel.messages import fitted, on

from .commands import notify


@on("users.LetterAsked")
def write_to(session: Session, event: dict[str, Any]) -> None:
    """Queue an e-mail about somebody's way in."""
    notify(session, **fitted(notify, event))
