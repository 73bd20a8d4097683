"""Onboard customers and see who they are. A reseller sees itself and its end-customers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.customers import commands, db, queries
from saga.flows.onboard_customer import onboard_customer
from saga.payloads.customer import OnboardCustomer

from .auth import requires
from .blueprint import Blueprint
from .callers import onboarding_by
from .etags import if_match
from .idempotency import once
from .schemas import listing
from .schemas.customers import Customer, CustomerList, CustomerPatch, CustomerQuery, CustomerRequest
from .starting import Start, starts

CHECKED = (
    "name", "legal_name", "owner_name", "owner_email", "country", "currency", "language", "time_zone", "email",
    "tax_id", "credit_limit", *commands.ADDRESS,
)  # fmt: skip
blp = Blueprint("customers", __name__, url_prefix="/customers", description=__doc__)


@blp.get("")
@requires("customers:read")
@blp.query(CustomerQuery)
@blp.response(200, CustomerList)
def list_customers(wish: dict[str, Any]) -> Any:
    """List customers, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_customers(session, g.caller.scope, **wish))


@blp.get("/<uuid:customer_id>")
@requires("customers:read")
@blp.response(200, Customer, etag=True)
def get_customer(customer_id: UUID) -> Any:
    """Get a customer."""
    with db.begin_read() as session:
        return queries.get(session, g.caller.scope, customer_id)


@blp.post("")
@requires("customers:write")
@blp.arguments(CustomerRequest)
@starts
def create_customer(wish: dict[str, Any]) -> Start:
    """Onboard a customer. Its owner gets a way in by e-mail."""
    known = onboarding_by(g.caller, wish)
    commands.check_newcomer(**{name: known[name] for name in CHECKED})
    return Start(onboard_customer, OnboardCustomer.of(**known, region=commands.region_of(known["country"])))


@blp.patch("/<uuid:customer_id>")
@requires("customers:write")
@blp.arguments(CustomerPatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, Customer, etag=True)
def update_customer(session: Session, changes: dict[str, Any], customer_id: UUID, expected_version: int | None) -> Any:
    """Change what a customer is called, how it is reached, or what its invoices say."""
    known: dict[str, Any] = {"customer_id": customer_id, "expected_version": expected_version}
    return commands.update_customer(session, scope=g.caller.scope, **known, **changes)
