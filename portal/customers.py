"""Customers that the reader manages: who they are, and a new one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, g, request
from flask_babel import gettext as _

from domains.customers import db, queries
from domains.customers.commands import COUNTRIES, CURRENCIES, LANGUAGES, check_newcomer, region_of
from domains.services.pricing import STANDARD_NAME
from saga.flows.onboard_customer import onboard_customer
from saga.payloads.customer import OnboardCustomer

from .access import requires
from .forms import Errors, chosen, refusals_on, searched, typed
from .frame import KINDS
from .htmx import page
from .reader import language
from .starting import Start, starts

bp = Blueprint("customers", __name__)


@bp.get("/customers")
@requires("customers:read")
def index() -> Any:
    """The customers that the reader is or manages."""
    with db.begin_read() as session:
        found = queries.list_customers(session, g.caller.scope, q=searched() or None, limit=25,
                                       cursor=request.args.get("cursor"))  # fmt: skip
    return page("customers/list.html", customers=found.items, next_cursor=found.next_cursor, kinds=KINDS)


@bp.get("/customers/<uuid:customer_id>")
@requires("customers:read")
def show(customer_id: UUID) -> Any:
    """One customer."""
    with db.begin_read() as session:
        customer = queries.get(session, g.caller.scope, customer_id)
    return page("customers/show.html", customer=customer, kinds=KINDS)


@bp.get("/customers/new")
@requires("customers:write")
def new(errors: Errors | None = None) -> Any:
    """The form for a new end-customer of a reseller."""
    managing_only()
    wrong = errors or Errors()
    known: dict[str, Any] = {"countries": countries(), "currencies": CURRENCIES, "languages": LANGUAGES}
    return page("customers/new.html", errors=wrong, status=wrong.status, **known)


@bp.post("/customers")
@requires("customers:write")
@refusals_on(new)
@starts
def create() -> Start:
    """Onboard an end-customer."""
    managing_only()
    wish = {name: typed(name, most=200) or "" for name in ("name", "legal_name", "time_zone", "owner_name")}
    wish |= {name: typed(name, most=320) or "" for name in ("email", "owner_email")}
    wish |= {"country": chosen("country", COUNTRIES, _("Choose a country."))}
    wish |= {"currency": chosen("currency", CURRENCIES, _("Choose a currency."))}
    wish |= {"language": chosen("language", LANGUAGES, _("Choose a language."))}
    return Start(onboard_customer, end_customer(wish, typed("tax_id", most=40)))


def end_customer(wish: dict[str, str], tax_id: str | None) -> OnboardCustomer:
    """An end-customer of the reader's organisation. Refuses facts that cannot be right before anything is started."""
    check_newcomer(**wish, tax_id=tax_id)
    known: dict[str, Any] = {"reseller_id": g.caller.customer_id, "kind": "end_customer", "price_book": STANDARD_NAME}
    money = {"credit_limit": None, "payment_terms_days": 30}
    return OnboardCustomer.of(**wish, **known, **money, region=region_of(wish["country"]), tax_id=tax_id)


def countries() -> dict[str, str]:
    """The countries we sell in, by their names in the reader's language."""
    names = {code: language().territories.get(code, code) for code in COUNTRIES}
    return dict(sorted(names.items(), key=lambda one: one[1]))


def managing_only() -> None:
    """Only a reseller has end-customers, and not while it acts for one."""
    if g.caller.scope.kind != "reseller":
        abort(403)
