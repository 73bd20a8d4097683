"""What notifications do about facts of other domains: write to whom they want written to, and keep the searchable trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from domains import NAMES
from domains.kernel.messages import fitted, on

from .commands import keep_entries, know_organisation, notify


@on("users.LetterAsked")
def write_to(session: Session, event: dict[str, Any]) -> None:
    """Queue an e-mail about somebody's way in."""
    notify(session, **fitted(notify, event))


@on("customers.CustomerActivated")
@on("customers.CustomerChanged")
def keep_up(session: Session, event: dict[str, Any]) -> None:
    """Note a customer's name and reseller."""
    know_organisation(session, **fitted(know_organisation, event))


def _keeper(domain: str) -> Callable[[Session, dict[str, Any]], None]:
    def keep(session: Session, event: dict[str, Any]) -> None:
        """Keep what a domain has sealed."""
        keep_entries(session, domain=domain, **fitted(keep_entries, event))

    return keep


for _name in (*NAMES, "saga"):
    on(f"{_name}.AuditSealed")(_keeper(_name))
