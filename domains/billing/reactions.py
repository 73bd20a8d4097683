"""What billing does about facts of other domains: keep up with its customers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from domains.kernel.messages import fitted, on

from .commands import know_customer


@on("customers.CustomerChanged")
def keep_up(session: Session, event: dict[str, Any]) -> None:
    """Note what has changed about a customer."""
    know_customer(session, **fitted(know_customer, event))
