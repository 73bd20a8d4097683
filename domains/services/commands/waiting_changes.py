"""Changes that wait for somebody's yes; then dated anew and made, or given up. Meanwhile nothing is held for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..models import ApprovalAsked, Person
from ..pricing import ChangeTerms, NextInvoice, NextTerm, PlanTerms, TaxEstimate
from ..queries.waiting import change_as_of_today, plan_change_as_of_today
from .approvals import check_approved, close_approval, request_approval


@dataclass(frozen=True)
class DueChange:
    """The terms of a change that goes on: what they were, with the days moved along."""

    charge_now: Money
    refund: Money
    every_month: Money
    commitment: Money
    reserve: Money
    effective_on: date
    undo_until: datetime | None
    tax_estimate: TaxEstimate
    next_invoice: NextInvoice
    facts: dict[str, Any]


@dataclass(frozen=True)
class DuePlanChange(DueChange):
    """The same of a change of plan, with the plan dated by today."""

    plan: PlanTerms


def request_change(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, account_id: UUID, account_name: str, name: str,
    kind: str, from_quantity: int, to_quantity: int, valid_to_wish: date | None, requested_by: Person,
    charge_now: Money, every_month: Money, commitment: Money, effective_on: date, valid_to: date, number: str,
    subscription_id: UUID, approval: ApprovalAsked, run_id: UUID | None = None,
) -> None:  # fmt: skip
    """Ask for the approval that a change needs. The subscription is not held while nobody has decided."""
    what = f"{from_quantity} → {to_quantity}" if kind == "change_quantity" else f"{valid_to} → {valid_to_wish}"
    terms = {
        "subscription_id": subscription_id, "number": number, "name": name, "kind": kind,
        "from_quantity": from_quantity, "to_quantity": to_quantity, "valid_to": valid_to,
        "valid_to_wish": valid_to_wish, "charge_now": charge_now, "every_month": every_month,
        "commitment": commitment, "effective_on": effective_on,
    }  # fmt: skip
    request_approval(
        session, approval=approval, customer_id=customer_id, reseller_id=reseller_id, account_id=account_id,
        account_name=account_name, label=f"{name} · {what}", requested_by=requested_by.name,
        terms=msgspec.to_builtins(terms), run_id=run_id,
    )  # fmt: skip


def start_change(
    session: Session, *, change_id: UUID, subscription_id: UUID, customer_id: UUID, kind: str, to_quantity: int,
    valid_to_wish: date | None, facts: dict[str, Any], approval: ApprovalAsked,
) -> DueChange:  # fmt: skip
    """Go on with a change once it is approved, dated by today; pending until then. Refuses what was not approved."""
    check_approved(session, approval)
    terms: ChangeTerms = change_as_of_today(
        session, Scope.customer(customer_id), change_id=change_id, subscription_id=subscription_id, kind=kind,
        to_quantity=to_quantity, valid_to_wish=valid_to_wish,
    )  # fmt: skip
    return DueChange(*_dated(terms, facts))


def _dated(terms: ChangeTerms, facts: dict[str, Any], **more: Any) -> tuple[Any, ...]:
    told = facts | msgspec.to_builtins({"charge_now": terms.charge_now, **more})
    return (
        terms.charge_now, terms.refund, terms.every_month, terms.commitment, terms.reserve, terms.effective_on,
        terms.undo_until, terms.tax_estimate, terms.next_invoice, told,
    )  # fmt: skip


def give_up_change(session: Session, *, approval: ApprovalAsked) -> None:
    """Close the request for an approval of a change that came to nothing. A decision that was made stays."""
    close_approval(session, approval)


def request_plan_change(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, account_id: UUID, account_name: str, name: str,
    kind: str, from_quantity: int, to_quantity: int, requested_by: Person, charge_now: Money, every_month: Money,
    commitment: Money, effective_on: date, valid_to: date, number: str, subscription_id: UUID, plan: PlanTerms,
    approval: ApprovalAsked, run_id: UUID | None = None,
) -> None:  # fmt: skip
    """Ask for the approval that a change of plan needs. Meanwhile the subscription is not held."""
    terms = {
        "subscription_id": subscription_id, "number": number, "name": name, "kind": kind,
        "from_quantity": from_quantity, "to_quantity": to_quantity, "valid_to": valid_to,
        "valid_to_wish": plan.valid_to if plan.new_term else None, "charge_now": charge_now,
        "every_month": every_month, "commitment": commitment, "effective_on": effective_on,
        "plan": plan.name, "term": plan.term, "billing_cycle": plan.billing_cycle,
    }  # fmt: skip
    request_approval(
        session, approval=approval, customer_id=customer_id, reseller_id=reseller_id, account_id=account_id,
        account_name=account_name, label=f"{name} → {plan.name} · {plan.term}", requested_by=requested_by.name,
        terms=msgspec.to_builtins(terms), run_id=run_id,
    )  # fmt: skip


def start_plan_change(
    session: Session, *, change_id: UUID, subscription_id: UUID, customer_id: UUID, to_quantity: int, plan: PlanTerms,
    facts: dict[str, Any], approval: ApprovalAsked,
) -> DuePlanChange:  # fmt: skip
    """Go on with a change of plan once it is approved, dated by today at the agreed price; pending until then.

    Refuses what was not approved, and a plan that is not offered any more.
    """
    check_approved(session, approval)
    terms = plan_change_as_of_today(
        session, Scope.customer(customer_id), change_id=change_id, subscription_id=subscription_id,
        to_quantity=to_quantity, plan=plan,
    )  # fmt: skip
    dated = DueChange(*_dated(terms, facts, valid_to=terms.plan.valid_to))
    return DuePlanChange(**vars(dated), plan=terms.plan)


def request_schedule(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, account_id: UUID, account_name: str, name: str,
    kind: str, from_quantity: int, requested_by: Person, commitment: Money, effective_on: date, valid_to: date,
    number: str, subscription_id: UUID, next_term: NextTerm | None, next_cycle_price: Money, approval: ApprovalAsked,
    run_id: UUID | None = None,
) -> None:  # fmt: skip
    """Ask for the approval that a dearer next term needs. Meanwhile nothing is planned."""
    planned = next_term or NextTerm()
    units = planned.quantity if planned.quantity is not None else from_quantity
    terms = {
        "subscription_id": subscription_id, "number": number, "name": name, "kind": kind,
        "from_quantity": from_quantity, "to_quantity": units, "valid_to": valid_to, "commitment": commitment,
        "effective_on": effective_on, "plan": planned.name, "term": planned.term,
        "billing_cycle": planned.billing_cycle, "next_cycle_price": next_cycle_price,
    }  # fmt: skip
    said = (planned.name, f"× {units}", planned.term, planned.billing_cycle, f"≥ {effective_on}")
    request_approval(
        session, approval=approval, customer_id=customer_id, reseller_id=reseller_id, account_id=account_id,
        account_name=account_name, label=f"{name} · {' '.join(part for part in said if part)}",
        requested_by=requested_by.name, terms=msgspec.to_builtins(terms), run_id=run_id,
    )  # fmt: skip


def start_schedule(session: Session, *, approval: ApprovalAsked) -> None:
    """Go on with what is planned once it is approved; pending until then. Refuses what was not approved."""
    check_approved(session, approval)
