"""What tests of the ends of terms do: decide, let time pass, look at what was written to whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from domains import notifications, services, users
from domains.notifications.models import Delivery
from domains.services import queries
from domains.services.queries import EndOfTerm
from domains.users.models import Membership
from saga.ends import begin_renewals
from saga.flows.set_end_of_term import set_end_of_term
from saga.payloads.end_of_term import SetEndOfTerm
from saga.tables import Run

from .seen import subscription_of
from .shop import Shop


@pytest.fixture(autouse=True)
def at_work(shop: Shop) -> None:
    """The owner has accepted the invitation, so that they can be told of things."""
    with users.db.begin() as session:
        session.execute(update(Membership).values(state="active"))


def end_of(shop: Shop, subscription_id: UUID) -> EndOfTerm:
    """The decision as its customer sees it."""
    with services.db.begin_read() as session:
        return queries.get_end_of_term(session, shop.scope, subscription_id)


def decide(shop: Shop, subscription_id: UUID, mode: str, **wish: Any) -> Run:
    """Decide as the owner, and do all that is due."""
    payload = SetEndOfTerm.of(end_of(shop, subscription_id), shop.caller, mode=mode, **wish)
    return shop.run(set_end_of_term, payload)


def move_to(shop: Shop, day: date, at: time = time(9)) -> None:
    """Move the provider's clock and ours to a time of a day, UTC."""
    moment = datetime.combine(day, at, UTC)
    shop.sandbox.control("POST", "clock/advance", to=moment.isoformat())
    shop.clock.move_to(moment)


def end_term(shop: Shop, subscription_id: UUID) -> date:
    """Let the term run out, and follow it up on the day after; gives its last day."""
    last = subscription_of(subscription_id).valid_to
    assert last is not None
    move_to(shop, last + timedelta(days=1))
    begin_renewals(f"test/{last}")
    shop.transport.run_until_quiet()
    return last


def letters_to(shop: Shop) -> list[tuple[str, str]]:
    """What was written to whom, oldest first, but for the orders."""
    with notifications.db.begin_read() as session:
        rows = session.scalars(select(Delivery).order_by(Delivery.created_at, Delivery.template))
        return [(row.recipient, row.template) for row in rows if row.template.startswith(("decision", "sub", "end_"))]


def held_at_provider(shop: Shop, subscription_id: UUID) -> Any:
    """The subscription as the provider has it."""
    return shop.sandbox.get(f"subscriptions/{subscription_of(subscription_id).provider_subscription_id}")
