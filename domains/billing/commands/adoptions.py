"""Charges for what customers did directly at the provider, once somebody has adopted it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.database import id_of
from domains.kernel.money import Money, UnitPrice

from .charges import charge_once, sold
from .matching import explain_lines


@dataclass(frozen=True)
class AdoptedCharge:
    """A charge for what was done directly at the provider, as billing reads it; see `services`, which reckons it."""

    id: UUID
    kind: str
    quantity: int
    unit_price: UnitPrice
    amount: Money
    effective_on: date
    until: date | None
    payer_price: UnitPrice | None = None


def charge_adoption(
    session: Session,
    *,
    settlement_id: UUID,
    subscription_id: UUID,
    account_id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    account_name: str,
    name: str,
    provider_subscription_id: str,
    charges: tuple[AdoptedCharge, ...],
) -> None:
    """Charge what a customer did directly at the provider and has adopted, each part once, from its own first day.

    A month that was charged already is not charged again: it has the same id as what the provider's lines came to.
    Lines of the provider that belonged to nobody, or had no charge, are matched with these.
    """
    for one in charges:
        own = one.id if one.kind != "period" else id_of(f"period of {subscription_id}", one.effective_on)
        if one.amount.minor == 0:
            continue
        row = sold(one.amount, one.unit_price, one.payer_price) | {
            "id": own, "customer_id": customer_id, "reseller_id": reseller_id, "account_id": account_id,
            "account_name": account_name, "subscription_id": subscription_id, "source_id": settlement_id,
            "kind": one.kind, "name": name, "quantity": abs(one.quantity) if one.kind == "cancel" else one.quantity,
            "effective_on": one.effective_on, "until": one.until,
        }  # fmt: skip
        charge_once(session, row)
    payer = reseller_id or customer_id
    explain_lines(session, subscription_id=subscription_id, reference=provider_subscription_id, payer_id=payer)
