"""What notifications do about facts of other domains: write to people, and keep the searchable trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains import NAMES
from domains.kernel.database import new_id
from domains.kernel.messages import fitted, on

from .commands import Person, keep_entries, know_organisation, notify


@on("users.LetterAsked")
def write_to(session: Session, event: dict[str, Any]) -> None:
    """Queue an e-mail about somebody's way in."""
    notify(session, **fitted(notify, event))


@on("customers.CustomerActivated")
@on("customers.CustomerChanged")
def keep_up(session: Session, event: dict[str, Any]) -> None:
    """Note a customer's name and reseller."""
    know_organisation(session, **fitted(know_organisation, event))


@on("users.SupportAccessChanged")
def tell_owners(session: Session, event: dict[str, Any]) -> None:
    """Tell a customer's owners that staff ask to see its pages, or have taken that in an emergency."""
    whose = {"customer_id": UUID(event["customer_id"]), "reseller_id": event["reseller_id"]}
    whose["reseller_id"] = UUID(whose["reseller_id"]) if whose["reseller_id"] else None
    facts = {name: event[name] for name in ("customer", "who", "reason", "hours")}
    for person in event["recipients"]:
        known = Person(UUID(person["user_id"]), person["name"], person["email"], person["language"])
        notify(
            session,
            delivery_id=new_id(),
            recipient=known,
            template=f"support_access_{event['what']}",
            facts=facts,
            **whose,
        )


def _keeper(domain: str) -> Callable[[Session, dict[str, Any]], None]:
    def keep(session: Session, event: dict[str, Any]) -> None:
        """Keep what a domain has sealed."""
        keep_entries(session, domain=domain, **fitted(keep_entries, event))

    return keep


for _name in (*NAMES, "saga"):
    on(f"{_name}.AuditSealed")(_keeper(_name))
