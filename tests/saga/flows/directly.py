"""What somebody does directly at the provider, found by a comparison and settled by a decision."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from domains import billing, services
from domains.billing.models import Charge
from domains.kernel.money import Money
from domains.services import queries
from domains.services.models import Drift
from saga.flows.reconcile_account import reconcile_account
from saga.payloads.drift import ReconcileAccount, SettleDrift
from saga.reconciling import SETTLING
from saga.tables import Run
from tests.factories.services import EVERYBODY

from .seen import run_of, subscription_of
from .shop import PRO, Shop


def directly(shop: Shop, subscription_id: UUID, **what: Any) -> None:
    """Somebody changes a subscription at the provider itself."""
    over_there = subscription_of(subscription_id).provider_subscription_id
    shop.sandbox.control("POST", "direct", subscription_id=over_there, **what)


def buys_directly(shop: Shop, quantity: int = 5, offer: str = PRO) -> str:
    """Somebody buys at the provider itself; gives the provider's id."""
    wish = {"offer_id": offer, "term": "P1Y", "billing_cycle": "monthly", "quantity": quantity, "currency": "EUR"}
    bought = shop.sandbox.control("POST", "direct", kind="buy", customer=str(shop.account_id), **wish)
    return str(bought["id"])


def compared(shop: Shop) -> list[Drift]:
    """All that stands otherwise once the account has been compared."""
    with services.db.begin_read() as session:
        account = queries.get_account(session, EVERYBODY, shop.account_id)
    run = shop.run(reconcile_account, ReconcileAccount.of(account))
    assert run_of(run.id).status == "completed"
    return standing()


def standing() -> list[Drift]:
    with services.db.begin_read() as session:
        return list(session.scalars(select(Drift).where(Drift.ended_at.is_(None)).order_by(Drift.id)))


def drift_of(drift_id: UUID) -> Drift:
    with services.db.begin_read() as session:
        return session.get_one(Drift, drift_id)


def settled(shop: Shop, drift: Drift, decision: str, reason: str | None = None) -> Run:
    """A drift that somebody has decided about, with all that follows done."""
    payload = SettleDrift.of(drift, decision, reason, shop.caller, drift.version)
    return run_of(shop.run(SETTLING[decision], payload).id)


def facts(drift: Drift) -> dict[str, tuple[str | None, str | None]]:
    return {one.field: (one.ours, one.theirs) for one in drift.found}


def charged(subscription_id: UUID) -> list[tuple[str, int, Money]]:
    with billing.db.begin_read() as session:
        query = select(Charge).where(Charge.subscription_id == subscription_id)
        rows = session.scalars(query.order_by(Charge.created_at, Charge.effective_on, Charge.id))
        return [(row.kind, row.quantity, row.amount) for row in rows]
