"""What every domain, the coordinator and the provider hold of a run: the facts that must not depend on luck."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from domains import accounts, billing, notifications, services, support
from domains.accounts.models import Reservation
from domains.billing.models import Charge
from domains.kernel.money import Money
from domains.notifications.models import Delivery
from domains.services import queries as sold
from domains.services.models import Change, Order, ProviderOperation
from domains.support.models import Reference
from saga import store, tables
from saga.tables import Run
from saga.timeline import TimelineStep, timeline
from tests.factories.services import EVERYBODY
from tests.sandboxes import Sandbox


def run_of(run_id: UUID) -> Run:
    """A run as it stands."""
    with tables.db.begin_read() as session:
        return store.get(session, EVERYBODY, run_id)


def steps_of(run_id: UUID) -> list[TimelineStep]:
    """A run's timeline."""
    with tables.db.begin_read() as session:
        return timeline(session, store.get(session, EVERYBODY, run_id))


def words_of(run_id: UUID) -> list[str]:
    """The states of a run's steps."""
    return [step.status for step in steps_of(run_id)]


def sent(run_id: UUID, phase: str) -> list[str]:
    """The steps or compensations of a run in the order in which they were sent."""
    with tables.db.begin_read() as session:
        names = {row["seq"]: row["name"] for row in store.steps_of(session, [run_id])[run_id] if row["phase"] == phase}
        table = tables.run_event
        query = table.select().where(table.c.run_id == run_id, table.c.kind == "sent").order_by(table.c.id)
        return [names[row.seq] for row in session.execute(query) if row.data["phase"] == phase]


def order_of(order_id: UUID) -> sold.OrderView:
    """An order as its customer sees it."""
    with services.db.begin_read() as session:
        return sold.get_order(session, EVERYBODY, order_id)


def subscription_of(subscription_id: UUID) -> sold.SubscriptionView:
    """A subscription as its customer sees it."""
    with services.db.begin_read() as session:
        return sold.get_subscription(session, EVERYBODY, subscription_id)


def changes_of(subscription_id: UUID) -> list[tuple[str, str]]:
    """The changes of a subscription, oldest first: kind and state."""
    with services.db.begin_read() as session:
        query = select(Change.kind, Change.state).where(Change.subscription_id == subscription_id)
        return [(row.kind, row.state) for row in session.execute(query.order_by(Change.id))]


def tries(operation_id: UUID) -> int:
    """How often the provider was about to be asked under an operation's id."""
    with services.db.begin_read() as session:
        return session.get_one(ProviderOperation, operation_id).tries


def reservation(reservation_id: UUID) -> tuple[str, Money] | None:
    """What became of an amount that was held."""
    with accounts.db.begin_read() as session:
        found = session.get(Reservation, reservation_id)
        return (found.state, Money.from_minor(found.amount_minor, found.currency)) if found else None


def first_charge(subscription_id: UUID) -> tuple[str, int, Money]:
    """What a subscription was charged for when it began."""
    return charges(subscription_id)[0]


def charges(subscription_id: UUID) -> list[tuple[str, int, Money]]:
    """What a subscription was charged for, oldest first: kind, quantity and amount."""
    with billing.db.begin_read() as session:
        query = select(Charge).where(Charge.subscription_id == subscription_id).order_by(Charge.created_at)
        return [(row.kind, row.quantity, row.amount) for row in session.scalars(query)]


def letters(delivery_id: UUID) -> list[tuple[str, str]]:
    """The letter of a delivery: to whom, and what kind."""
    with notifications.db.begin_read() as session:
        found = session.get(Delivery, delivery_id)
        return [(found.recipient, found.template)] if found else []


def reference(id: UUID) -> tuple[str, str] | None:
    """A thing that a case can be about: its kind and state."""
    with support.db.begin_read() as session:
        found = session.get(Reference, id)
        return (found.kind, found.state) if found else None


def counts() -> dict[str, int]:
    """How much the domains hold, to see that nothing was written."""
    with services.db.begin_read() as session:
        held = {"orders": len(session.scalars(select(Order.id)).all()),
                "changes": len(session.scalars(select(Change.id)).all())}  # fmt: skip
    with accounts.db.begin_read() as session:
        held["reservations"] = len(session.scalars(select(Reservation.id)).all())
    with billing.db.begin_read() as session:
        return held | {"charges": len(session.scalars(select(Charge.id)).all())}


def end_of_order(run_id: UUID, order: Any, sandbox: Sandbox) -> dict[str, Any]:
    """Everything that an order has led to."""
    stands = order_of(order.order_id)
    held = [subscription_of(line.subscription_id) for line in order.lines]
    return {
        "run": run_of(run_id).status, "steps": words_of(run_id), "order": stands.state,
        "lines": [line.state for line in stands.lines],
        "subscriptions": [(one.state, one.quantity, sum(lot.quantity for lot in one.lots)) for one in held],
        "held": reservation(order.reservation_id), "letters": letters(order.delivery_id),
        "charges": [charges(one.id) for one in held],
        "known to support": [reference(one) for one in (order.order_id, *(sub.id for sub in held))],
        "orders at the provider": [one["status"] for one in sandbox.orders(order.order_id)],
    }  # fmt: skip


def end_of_change(run_id: UUID, change: Any, sandbox: Sandbox) -> dict[str, Any]:
    """Everything that a change has led to."""
    held = subscription_of(change.subscription_id)
    items = sandbox.get("changes", reference=str(change.change_id))["items"]
    at_provider = sandbox.get(f"subscriptions/{held.provider_subscription_id}")
    return {
        "run": run_of(run_id).status, "steps": words_of(run_id), "changes": changes_of(change.subscription_id),
        "subscription": (held.state, held.quantity, held.open_change_id), "auto_renew": held.auto_renew,
        "valid_to": held.valid_to, "lots": sum(lot.quantity for lot in held.lots),
        "held": reservation(change.reservation_id), "letters": letters(change.delivery_id),
        "charges": charges(change.subscription_id), "known to support": reference(change.subscription_id),
        "changes at the provider": [one["status"] for one in items],
        "at the provider": (at_provider["status"], at_provider["quantity"]),
    }  # fmt: skip
