"""A reseller's own prices: what its end-customers pay over what it pays itself. For the reseller alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.kernel.errors import Invalid
from domains.services import commands, db, queries
from domains.services.pricing import ROUNDINGS

from .access import requires
from .customers import names_of
from .forms import Errors, chosen, refusals_on, whole
from .htmx import page, redirect
from .price_books import ROUNDED
from .price_rules import PERCENT, read_rules, write_rules

bp = Blueprint("resale_prices", __name__, url_prefix="/resale-prices")


@bp.get("")
@requires("customers:read")
def index() -> Any:
    """What is set for all end-customers, and each of them."""
    with db.begin_read() as session:
        found = {one.id: one for one in queries.list_resale_prices(session, g.caller.scope)}
        buyers = queries.list_buyers(session, g.caller.scope)
    own = queries.check_reseller(g.caller.scope)
    names = names_of(buyers)
    whose = sorted(((one, names.get(one, str(one))) for one in buyers if one != own), key=lambda one: one[1].casefold())
    return page("resale_prices/list.html", found=found, own=own, whose=whose, rounded=ROUNDED)


@bp.get("/<uuid:customer_id>")
@requires("customers:read")
def show(customer_id: UUID, errors: Errors | None = None) -> Any:
    """What one pays, or all of them: the form, and how it was."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        book = queries.get_resale_prices(session, g.caller.scope, customer_id)
        versions = queries.resale_versions(session, g.caller.scope, customer_id)
    given = {"markup": "" if book.markup_percent is None else f"{book.markup_percent.normalize():f}"}
    given |= {"rules": as_text(book.rules), "rounding": book.rounding, "version": str(book.version)}
    given |= {name: request.form[name] for name in given if name in request.form}
    name = "" if book.for_all else names_of([customer_id]).get(customer_id, "")
    known: dict[str, Any] = {"versions": versions, "as_text": as_text, "rounded": ROUNDED, "name": name}
    return page("resale_prices/show.html", book=book, given=given, errors=wrong, status=wrong.status, **known)


@bp.post("/<uuid:customer_id>")
@requires("customers:write")
@refusals_on(show)
def update(customer_id: UUID) -> Any:
    """Set what one pays, or all of them."""
    rounding = chosen("rounding", ROUNDINGS, _("Choose how prices are rounded."))
    wish: dict[str, Any] = {"rules": read_rules(request.form.get("rules", "")), "rounding": rounding}
    wish |= {"markup_percent": percentage(), "expected_version": whole("version")}
    with db.begin() as session:
        queries.check_end_customer(session, g.caller.scope, customer_id)
        reseller_id = queries.check_reseller(g.caller.scope)
        commands.set_resale_prices(session, reseller_id=reseller_id, customer_id=customer_id, **wish)
    flash(_("Saved. It holds for what is ordered from now on."), "done")
    return redirect("/resale-prices")


def as_text(rules: Any) -> str:
    """Rules as the lines that a reseller writes."""
    return write_rules(rules, "price")


def percentage() -> Decimal | None:
    """The percentage as it was typed: 15, +15 % or 12.5; None when it is left out."""
    text = request.form.get("markup", "").replace(" ", "").removesuffix("%")
    found = PERCENT.fullmatch(f"{text}%") if text else None
    if text and found is None:
        raise Invalid(_("Type a percentage, such as 15 or 12.5."), code="markup_invalid", field="markup_percent")
    return Decimal(found[1].replace(",", ".")) if found else None
