"""Cases, and the things they are about, made through the commands that make them in life."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Scope
from domains.support import commands, db
from domains.support.models import Case, Reply

BEA = Actor("user", "bea", "Bea Buyer")
ADA = Actor("user", "ada", "Ada Agent")


def a_thing(session: Session, kind: str, customer_id: UUID, **but: Any) -> UUID:
    """Something of a customer's that a case can be about."""
    facts: dict[str, Any] = {
        "kind": kind, "id": new_id(), "customer_id": customer_id, "reseller_id": None, "label": f"The {kind}",
        "state": "active", "version": 1,
    } | but  # fmt: skip
    commands.know_reference(session, **facts)
    found: UUID = facts["id"]
    return found


def a_case(session: Session, customer_id: UUID | None = None, **but: Any) -> Case:
    """A case that Bea has opened."""
    customer_id = customer_id or new_id()
    facts: dict[str, Any] = {
        "case_id": new_id(), "scope": Scope.customer(customer_id), "customer_id": customer_id, "reseller_id": None,
        "subject": "Seats are missing", "description": "We ordered ten.\nWe see none.", "impact": "normal",
        "account_id": None, "links": [], "opened_by": BEA,
    }  # fmt: skip
    return commands.open_case(session, **(facts | but))


def say(session: Session, case: Case, **but: Any) -> Reply:
    """Bea says something in her case."""
    facts: dict[str, Any] = {
        "scope": Scope.customer(case.customer_id), "reply_id": new_id(), "case_id": case.id, "body": "Any news?",
        "author": BEA, "as_agent": False,
    }  # fmt: skip
    return commands.add_reply(session, **(facts | but))


def answer(session: Session, case: Case, **but: Any) -> Reply:
    """Ada answers as an agent, or notes something (`internal=True`)."""
    return say(session, case, **({"scope": Scope.operator(), "author": ADA, "as_agent": True, "body": "Look."} | but))


def told(session: Session) -> list[tuple[str, dict[str, Any]]]:
    """What support has told the other domains, oldest first."""
    rows = session.execute(db.outbox.select().order_by(db.outbox.c.position))
    return [(row.type.removeprefix("support."), row.body) for row in rows]
