"""What can be done with customers: register, activate, change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import locked
from domains.kernel.errors import Conflict, Invalid, Refused
from domains.kernel.messages import publish
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from .. import queries
from ..events import CustomerActivated, CustomerChanged
from ..models import ADDRESS, APAC, EUROPE, KINDS, Customer, check, check_credit, clean_address, clean_name, region_of

COUNTRIES = tuple(sorted(EUROPE | APAC))


def register_customer(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, kind: str, name: str, legal_name: str,
    country: str, currency: str, language: str, time_zone: str, email: str, tax_id: str | None,
    credit_limit: Money | None, payment_terms_days: int, price_book: str,
    street: str | None = None, postcode: str | None = None, city: str | None = None, province: str | None = None,
) -> None:  # fmt: skip
    """Begin to onboard a customer. Refuses facts that cannot be right, a reseller that is none, and a taken name."""
    check(country=country, currency=currency, language=language, time_zone=time_zone, email=email, tax_id=tax_id)
    _check_terms(kind, reseller_id, payment_terms_days, credit_limit, currency)
    clean = _free_name(session, reseller_id, clean_name(name))
    customer = Customer(
        id=customer_id, customer_id=customer_id, reseller_id=reseller_id, kind=kind, status="onboarding", version=1,
        name=clean, legal_name=clean_name(legal_name, "legal_name", 200), country=country, region=region_of(country),
        currency=currency, language=language, time_zone=time_zone, email=email, tax_id=tax_id, price_book=price_book,
        credit_minor=credit_limit.minor if credit_limit else None, payment_terms_days=payment_terms_days,
        created_at=clock.now(session),
        **clean_address(street=street, postcode=postcode, city=city, province=province),
    )  # fmt: skip
    session.add(customer)
    note(session, "customers.register", customer, after={"name": clean, "kind": kind})


def _check_terms(
    kind: str, reseller_id: UUID | None, payment_terms_days: int, credit: Money | None, paid_in: str
) -> None:
    check_credit(credit, paid_in)
    if kind not in KINDS or (kind == "end_customer") != (reseller_id is not None):
        raise Invalid("Only an end-customer has a reseller, and it must have one.", code="kind_invalid", field="kind")
    if not 0 <= payment_terms_days <= 120:
        raise Invalid("Payment terms are 0 to 120 days.", code="payment_terms_invalid", field="payment_terms_days")


def _free_name(session: Session, reseller_id: UUID | None, name: str) -> str:
    _check_reseller(session, reseller_id)
    _check_name_free(session, reseller_id, name, None)
    return name


def _check_reseller(session: Session, reseller_id: UUID | None) -> None:
    if reseller_id is None:
        return
    reseller = session.get(Customer, reseller_id)
    if reseller is None or reseller.kind != "reseller" or reseller.status != "active":
        raise Refused("Only an active reseller can have end-customers.", code="reseller_not_active")


def _check_name_free(session: Session, reseller_id: UUID | None, name: str, own: UUID | None) -> None:
    same = [func.lower(Customer.name) == name.lower(), Customer.status != "closed"]
    same.append(Customer.reseller_id == reseller_id if reseller_id else Customer.reseller_id.is_(None))
    taken = session.scalars(select(Customer.id).where(*same)).all()
    if any(found != own for found in taken):
        raise Refused("There is a customer called %(name)s already.", code="name_taken", field="name", name=name)


def discard_customer(session: Session, *, customer_id: UUID) -> None:
    """Close a customer whose onboarding came to nothing; if it is not there, fine."""
    customer = find_locked(session, customer_id)
    if customer is not None and customer.status == "onboarding":
        customer.status = "closed"
        customer.version += 1
        note(session, "customers.discard", customer)


def activate_customer(session: Session, *, customer_id: UUID) -> None:
    """Let a customer buy from now on."""
    customer = find_locked(session, customer_id)
    if customer is None or customer.status != "onboarding":
        return
    customer.status = "active"
    customer.version += 1
    publish(session, CustomerActivated(**facts_of(customer)))
    note(session, "customers.activate", customer)


def update_customer(
    session: Session, *, scope: Scope, customer_id: UUID, expected_version: int | None, **changes: Any
) -> Customer:
    """Change what a customer is called, how it is reached, or what its invoices say: legal_name, tax_id, address.

    Refuses another version than the one expected, facts that cannot be right, and a taken name.
    """
    customer = queries.get(session, scope, customer_id, for_change=True)
    if expected_version is not None and customer.version != expected_version:
        raise Conflict("The customer has been changed since you looked at it.", code="version_conflict")
    changes = _cleaned(customer, changes)
    before = {name: getattr(customer, name) for name in changes}
    if "name" in changes:
        _check_name_free(session, customer.reseller_id, changes["name"], customer.id)
    for name, value in changes.items():
        setattr(customer, name, value)
    check(
        country=customer.country, currency=customer.currency, language=customer.language,
        time_zone=customer.time_zone, email=customer.email, tax_id=customer.tax_id,
    )  # fmt: skip
    customer.version += 1
    publish(session, CustomerChanged(**facts_of(customer)))
    note(session, "customers.update", customer, before=before, after=changes)
    return customer


def _cleaned(customer: Customer, changes: dict[str, Any]) -> dict[str, Any]:
    clean = dict(changes)
    for name, longest in (("name", 120), ("legal_name", 200)):
        if name in clean:
            clean[name] = clean_name(clean[name], name, longest)
    if "tax_id" in clean:
        clean["tax_id"] = (clean["tax_id"] or "").strip() or None
    if not ADDRESS.keys().isdisjoint(clean):
        clean |= clean_address(**{part: clean.get(part, getattr(customer, part)) for part in ADDRESS})
    return clean


def find_locked(session: Session, customer_id: UUID) -> Customer | None:
    """A customer's row, locked, if it is there."""
    return session.scalars(locked(select(Customer).where(Customer.id == customer_id), Customer)).one_or_none()


def facts_of(customer: Customer) -> dict[str, Any]:
    """What the other domains are told of a customer."""
    names = CustomerActivated.__dataclass_fields__
    return {name: getattr(customer, name) for name in names}


def note(session: Session, action: str, customer: Customer, **values: Any) -> None:
    """Note in the trail what was done to a customer."""
    audit.record(session, action, customer_id=customer.id, subject=("customer", customer.id), **values)
