"""What users do about facts of other domains: keep up with the organisations people belong to."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from domains.kernel.messages import fitted, on

from .commands import know_organisation


@on("customers.CustomerChanged")
def keep_up(session: Session, event: dict[str, Any]) -> None:
    """Note what has changed about a customer."""
    know_organisation(session, **fitted(know_organisation, event))
