"""Letters to the owners of a customer about its money."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import config
from domains.kernel.money import Money

from ..events import Recipient
from ..models import Membership, Organisation, User
from .telling import write


def tell_of_budget(
    session: Session, *, account_id: UUID, customer_id: UUID, name: str, percent: int, committed: Money, budget: Money
) -> None:
    """Write to a customer's owners how far an account has come with its budget."""
    facts = {
        "account": name, "percent": str(percent), "committed": f"{committed.currency} {committed.amount}",
        "budget": f"{budget.currency} {budget.amount}",
        "link": f"{config.current().public_url}/accounts/{account_id}/budget",
    }  # fmt: skip
    owners = select(User).join(Membership, Membership.user_id == User.id).order_by(User.id)
    live = (Membership.role == "owner", Membership.state == "active", User.status != "disabled")
    place = session.get(Organisation, customer_id)
    for person in session.scalars(owners.where(Membership.customer_id == customer_id, *live)):
        write(session, place, Recipient(person.id, person.name, person.email, person.language), "budget_reached", facts)
