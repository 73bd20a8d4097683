"""Customers that the reader manages: who they are, and a new one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, current_app, flash, g, request
from flask_babel import gettext as _

from domains.customers import db, queries
from domains.customers.commands import (
    ADDRESS,
    COUNTRIES,
    CURRENCIES,
    LANGUAGES,
    check_newcomer,
    region_of,
    update_customer,
)
from domains.kernel.errors import Invalid, NotFound, Refused
from domains.services.pricing import STANDARD_NAME
from saga.flows.onboard_customer import onboard_customer
from saga.payloads.customer import OnboardCustomer

from .access import requires
from .forms import Errors, chosen, refusals_on, searched, typed, whole
from .frame import KINDS
from .htmx import page, redirect
from .reader import language
from .starting import Start, starts
from .users import LANGUAGE_NAMES, zones

bp = Blueprint("customers", __name__)


@bp.get("/customers")
@requires("customers:read")
def index() -> Any:
    """The customers that the reader is or manages."""
    with db.begin_read() as session:
        found = queries.list_customers(session, g.caller.scope, q=searched() or None, limit=25,
                                       cursor=request.args.get("cursor"))  # fmt: skip
    known: dict[str, Any] = {"kinds": KINDS, "countries": countries(), "next_cursor": found.next_cursor}
    return page("customers/list.html", customers=found.items, **known)


@bp.get("/customers/<uuid:customer_id>")
@requires("customers:read")
def show(customer_id: UUID) -> Any:
    """One customer."""
    with db.begin_read() as session:
        customer = queries.get(session, g.caller.scope, customer_id)
    known: dict[str, Any] = {"kinds": KINDS, "countries": countries(), "languages": LANGUAGE_NAMES}
    known |= {"address": ", ".join(filter(None, (getattr(customer, part) for part in ADDRESS)))}
    return page("customers/show.html", customer=customer, **known)


@bp.get("/customers/<uuid:customer_id>/edit")
@requires("customers:write")
def edit(customer_id: UUID, errors: Errors | None = None) -> Any:
    """The form for what invoices say of a customer."""
    with db.begin_read() as session:
        customer = queries.get(session, g.caller.scope, customer_id)
    wrong = errors or Errors()
    given = request.form if errors else customer
    return page("customers/edit.html", customer=customer, given=given, errors=wrong, status=wrong.status)


@bp.post("/customers/<uuid:customer_id>")
@requires("customers:write")
@refusals_on(edit)
def update(customer_id: UUID) -> Any:
    """Change what a customer's next invoices say."""
    wish = {"legal_name": needed("legal_name", _("Give its legal name, as it stands on invoices."))}
    with db.begin() as session:
        update_customer(session, scope=g.caller.scope, customer_id=customer_id, expected_version=whole("version"),
                        tax_id=typed("tax_id", most=40), **address_typed(), **wish)  # fmt: skip
    flash(_("Saved."), "done")
    return redirect(f"/customers/{customer_id}")


@bp.get("/customers/new")
@requires("customers:write")
def new(errors: Errors | None = None) -> Any:
    """The form for a new end-customer of a reseller."""
    managing_only()
    wrong = errors or Errors()
    known: dict[str, Any] = {"countries": countries(), "currencies": CURRENCIES, "languages": LANGUAGE_NAMES}
    known |= {"zones": zones()}
    return page("customers/new.html", errors=wrong, status=wrong.status, **known)


@bp.post("/customers")
@requires("customers:write")
@refusals_on(new)
@starts
def create() -> Start:
    """Onboard an end-customer."""
    managing_only()
    wish = {"name": new_name(), "legal_name": needed("legal_name", _("Give its legal name, as it stands on invoices."))}
    wish |= {"email": address("email"), "owner_name": needed("owner_name", _("Give the owner's name."))}
    wish |= {"owner_email": address("owner_email")}
    wish |= {"country": chosen("country", COUNTRIES, _("Choose a country."))}
    wish |= {"currency": chosen("currency", CURRENCIES, _("Choose a currency."))}
    wish |= {"language": chosen("language", LANGUAGES, _("Choose a language."))}
    wish |= {"time_zone": chosen("time_zone", zones(), _("Choose a time zone."))} | address_typed()
    return Start(onboard_customer, end_customer(wish, typed("tax_id", most=40)))


def needed(name: str, missing: str, most: int = 200) -> str:
    """A line of text; refused with the text `missing` when it is left out."""
    text = typed(name, most=most, label=_("This"))
    if text is None:
        raise Invalid(missing, code="missing", field=name)
    return text


def new_name() -> str:
    """The name of the new end-customer; refused when another of the reseller's has it."""
    name = needed("name", _("Give the organisation a name."), most=120)
    with db.begin_read() as session:
        same = queries.list_customers(session, g.caller.scope, q=name, limit=200).items
    if any(one.name.casefold() == name.casefold() for one in same):
        raise Refused("There is a customer called %(name)s already.", code="name_taken", field="name", name=name)
    return name


def address(name: str) -> str:
    """An e-mail address, at least by its shape."""
    given = needed(name, _("Give an e-mail address."), most=320)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", given):
        said = _("“%(given)s” is not an e-mail address: write it like name@company.example.", given=given)
        raise Invalid(said, code="email_invalid", field=name)
    return given


def address_typed() -> dict[str, Any]:
    """The parts of the address; refused without a street and a city."""
    parts: dict[str, Any] = {part: typed(part, most=longest, label=_("This")) for part, longest in ADDRESS.items()}
    return parts | {
        "street": needed("street", _("Give the street, as it stands on invoices.")),
        "city": needed("city", _("Give the city.")),
    }


def end_customer(wish: dict[str, Any], tax_id: str | None) -> OnboardCustomer:
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


def names_of(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Who these customers are, for a reader who sees several; nothing where this process does not hold customers."""
    wanted = set(ids) if g.caller.scope.kind != "customer" else set()
    if not wanted or "customers" not in current_app.config["SETTINGS"].domain_names:
        return {}
    found = {}
    with db.begin_read() as session:
        for id in wanted:
            with suppress(NotFound):  # one whose onboarding is under way, or came to nothing
                found[id] = queries.get(session, g.caller.scope, id).name
    return found
