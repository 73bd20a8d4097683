"""Charges, once each: what an order costs at once, what a change costs, and what a running period costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import id_of, insert_new
from domains.kernel.money import Money, UnitPrice
from domains.kernel.proration import at_price

from ..models import Charge


@dataclass(frozen=True)
class ChargeLine:
    """A line of an order as billing reads it: what it is, at what price, and what is charged at once."""

    subscription_id: UUID
    name: str
    quantity: int
    unit_price: UnitPrice
    charge_now: Money
    charged_until: date | None = None
    payer_price: UnitPrice | None = None


@dataclass(frozen=True)
class AcceptedLine:
    """A line that the provider has accepted."""

    subscription_id: UUID


def charge_order(
    session: Session,
    *,
    order_id: UUID,
    account_id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    account_name: str,
    lines: tuple[ChargeLine, ...],
    accepted: tuple[AcceptedLine, ...],
    effective_on: date,
) -> None:
    """Charge what an order's accepted lines cost until their first billing period ends, once each."""
    delivered = {line.subscription_id for line in accepted}
    for line in lines:
        if line.subscription_id in delivered:
            row = sold(line.charge_now, line.unit_price, line.payer_price) | {
                "id": line.subscription_id, "customer_id": customer_id, "reseller_id": reseller_id,
                "account_id": account_id, "account_name": account_name, "subscription_id": line.subscription_id,
                "source_id": order_id, "kind": "activation", "name": line.name, "quantity": line.quantity,
                "effective_on": effective_on, "until": line.charged_until,
            }  # fmt: skip
            charge_once(session, row)


def charge_change(
    session: Session,
    *,
    change_id: UUID,
    subscription_id: UUID,
    account_id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    account_name: str,
    name: str,
    kind: str,
    from_quantity: int,
    to_quantity: int,
    unit_price: UnitPrice,
    charge_now: Money,
    effective_on: date,
    valid_to_wish: date | None = None,
    commitment: Money | None = None,
) -> None:
    """Charge (or, negative, give back) what a change costs at once. A change that costs nothing leaves no charge.

    Of an extension we note the last day it pays for, so that those days are not charged again as they come.
    """
    if charge_now.minor == 0:
        return
    quantity = to_quantity - from_quantity if kind == "change_quantity" else from_quantity
    row = sold(charge_now, unit_price, _payer_price(session, subscription_id, unit_price)) | {
        "id": change_id, "customer_id": customer_id, "reseller_id": reseller_id, "account_id": account_id,
        "account_name": account_name, "subscription_id": subscription_id, "source_id": change_id, "kind": kind,
        "name": name, "quantity": quantity, "effective_on": effective_on,
        "until": _paid_until(effective_on, valid_to_wish, charge_now == commitment) if kind == "extend" else None,
    }  # fmt: skip
    charge_once(session, row)


@dataclass(frozen=True)
class PlanCharge:
    """A plan as billing reads it: its price, what it costs until when, and what comes back of the one before."""

    name: str
    unit_price: UnitPrice
    charge: Money
    refund: Money
    charged_until: date
    payer_price: UnitPrice | None = None


def charge_plan(
    session: Session, *, change_id: UUID, subscription_id: UUID, account_id: UUID, customer_id: UUID,
    reseller_id: UUID | None, account_name: str, name: str, from_quantity: int, to_quantity: int,
    unit_price: UnitPrice, effective_on: date, plan: PlanCharge,
) -> None:  # fmt: skip
    """Give back the days of the plan before that are not used, and charge the new one from the same day, once each.

    They are two charges, as the provider bills them. The new plan's is there even at no cost: it says the price of
    the periods to come.
    """
    row: dict[str, Any] = {
        "customer_id": customer_id, "reseller_id": reseller_id, "account_id": account_id, "account_name": account_name,
        "subscription_id": subscription_id, "source_id": change_id, "effective_on": effective_on,
        "kind": "change_plan",
    }  # fmt: skip
    if plan.refund.minor:
        back = {
            "id": id_of(f"plan before {change_id}", effective_on),
            "name": name,
            "quantity": -from_quantity,
            "until": None,
        }
        before = _payer_price(session, subscription_id, unit_price)
        charge_once(session, row | back | sold(-plan.refund, unit_price, before))
    new = {"id": change_id, "name": plan.name, "quantity": to_quantity, "until": plan.charged_until}
    charge_once(session, row | new | sold(plan.charge, plan.unit_price, plan.payer_price))


def _paid_until(day: date, wish: date | None, pays_for_all: bool) -> date | None:
    """The last day that an extension pays for: its new end, or that of the running month when more is charged later."""
    month_end = (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return wish if wish is None or pays_for_all else min(wish, month_end)


@dataclass(frozen=True)
class RenewedTerm:
    """What became of a term that was over, as billing reads it; see `services`, which says so."""

    decision_id: UUID
    outcome: str
    subscription_id: UUID
    account_id: UUID
    account_name: str
    name: str
    quantity: int
    unit_price: UnitPrice
    charge_now: Money
    first: date
    charged_until: date
    payer_price: UnitPrice | None = None


def charge_renewal(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, renewal: RenewedTerm | None
) -> None:
    """Charge the first billing period of a new term at its own price, once; later ones go by this price, too.

    Days that were charged before we heard of the renewal, as the provider had billed them, are not charged again.
    """
    if renewal is None or renewal.outcome not in ("renewed", "bridged"):
        return
    first, now = _left_of(session, renewal)
    row = sold(now, renewal.unit_price, renewal.payer_price) | {
        "id": renewal.decision_id, "customer_id": customer_id, "reseller_id": reseller_id,
        "account_id": renewal.account_id, "account_name": renewal.account_name,
        "subscription_id": renewal.subscription_id, "source_id": renewal.decision_id, "kind": "renewal",
        "name": renewal.name, "quantity": renewal.quantity, "effective_on": first, "until": renewal.charged_until,
    }  # fmt: skip
    charge_once(session, row)


def _left_of(session: Session, renewal: RenewedTerm) -> tuple[date, Money]:
    """From when on and what is to be charged: all of it, or what is left where days of the term were charged before."""
    query = select(Charge).where(Charge.subscription_id == renewal.subscription_id, Charge.kind == "period")
    early = query.where(Charge.effective_on >= renewal.first, Charge.effective_on <= renewal.charged_until)
    paid = max((one.until for one in session.scalars(early) if one.until is not None), default=None)
    if paid is None:
        return renewal.first, renewal.charge_now
    days, left = (renewal.charged_until - renewal.first).days + 1, max((renewal.charged_until - paid).days, 0)
    rest = Money.of(renewal.charge_now.amount * left / days, renewal.charge_now.currency)
    first = min(paid + timedelta(days=1), renewal.charged_until)
    return first, rest


def charge_period(
    session: Session, like: Charge, *, first: date, last: date, quantity: int, amount: Money, resale: Money | None
) -> UUID:
    """Charge another running period of what `like` was a charge for, once for each first day; gives the charge's id.

    The price is the one it was sold at; `resale` is what an end-customer pays its reseller, if that is another one.
    """
    charge_id = id_of(f"period of {like.subscription_id}", first)
    row = {
        "id": charge_id, "customer_id": like.customer_id,
        "reseller_id": like.reseller_id, "account_id": like.account_id, "account_name": like.account_name,
        "subscription_id": like.subscription_id, "source_id": like.source_id, "kind": "period", "name": like.name,
        "quantity": quantity, "unit_price": like.unit_price, "currency": like.currency, "amount_minor": amount.minor,
        "effective_on": first, "until": last, "resale_price": like.resale_price,
        "resale_minor": resale.minor if resale is not None else None,
    }  # fmt: skip
    charge_once(session, row)
    return charge_id


def sold(amount: Money, price: UnitPrice, payer: UnitPrice | None) -> dict[str, Any]:
    """What a charge says of its price: what we invoice, and beside it what an end-customer pays its reseller.

    `amount` is at `price`, which the customer pays; `payer` is the reseller's price, where that is another one.
    """
    invoiced = amount if payer is None else at_price(amount, price, payer)
    beside: dict[str, Any] = {"resale_price": None, "resale_minor": None}
    if payer is not None:
        beside = {"resale_price": price.amount, "resale_minor": amount.minor}
    own = (payer or price).amount
    return {"unit_price": own, "currency": amount.currency, "amount_minor": invoiced.minor} | beside


def _payer_price(session: Session, subscription_id: UUID, price: UnitPrice) -> UnitPrice | None:
    """What a reseller pays for a unit of a subscription that its end-customer pays `price` for; None: the same.

    It is that of the newest charge at this price: each plan and each term begins with one, even at no cost.
    """
    query = select(Charge).where(Charge.subscription_id == subscription_id, Charge.resale_price == price.amount)
    newest = session.scalars(query.order_by(Charge.effective_on.desc(), Charge.id.desc()).limit(1)).first()
    return newest.price if newest is not None else None


def charge_once(session: Session, row: dict[str, Any]) -> None:
    """Write a charge down, unless it is there already."""
    # The charge has the id of what caused it, so the same cause is charged once.
    if insert_new(session, Charge.__table__, row | {"created_at": clock.now(session)}, "id"):
        after = {name: row[name] for name in ("name", "quantity", "currency", "amount_minor", "kind")}
        if row.get("resale_minor") is not None:  # an end-customer's trail tells what it pays itself
            after["amount_minor"] = row["resale_minor"]
        subject = ("charge", row["id"])
        audit.record(session, "billing.charge", customer_id=row["customer_id"], subject=subject, after=after)
