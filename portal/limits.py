"""Approval limits: up to which amount each role of the organisation may order by itself; its owner sets them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from domains.kernel.errors import Invalid
from domains.kernel.money import Money
from domains.services import commands, db, queries

from .access import requires
from .forms import Errors, refusals_on, whole
from .frame import ROLES
from .htmx import page, redirect

bp = Blueprint("limits", __name__, url_prefix="/approval-limits")
NAMES = {"owner": ROLES["owner"], "buyer": ROLES["buyer"], "client": _l("Programs")}


@bp.get("")
@requires("approval-limits:read")
def index(errors: Errors | None = None) -> Any:
    """The limits as they are; a form for those who may set them."""
    wrong, customer_id = errors or Errors(), customer_here()
    with db.begin_read() as session:
        limits = queries.approval_limits(session, g.caller.scope, customer_id)
        accounts = queries.list_accounts(session, g.caller.scope, customer_id=customer_id)
        rule = queries.ordering_rule(session, g.caller.scope, customer_id)
    currency = accounts[0].currency if accounts else ""
    known: dict[str, Any] = {"limits": limits, "names": NAMES, "currency": currency, "errors": wrong, "rule": rule}
    return page("users/limits.html", status=wrong.status, **known)


@bp.post("")
@requires("approval-limits:write")
@refusals_on(index)
def update() -> Any:
    """Set all limits as they were typed."""
    whose = {"customer_id": customer_here(), "reseller_id": g.caller.reseller_id}
    above, days = amount("preview_above"), whole("approval_days", otherwise=queries.APPROVAL_DAYS)
    with db.begin() as session:
        for role, limit in typed_limits().items():
            commands.set_approval_limit(session, **whose, role=role, limit=limit)
        commands.set_ordering_rule(session, **whose, preview_above=above, approval_days=days)
    flash(_("Saved."), "done")
    return redirect("/approval-limits")


def customer_here() -> UUID:
    """The customer the reader belongs to or acts for. Refused for staff who act for nobody."""
    if g.caller.customer_id is None:
        raise Invalid(_("Act for a customer first."), code="customer_missing")
    found: UUID = g.caller.customer_id
    return found


def typed_limits() -> dict[str, Money | None]:
    """The limits as they were typed, by role; empty means any amount."""
    return {role: amount(role) for role in NAMES}


def amount(role: str) -> Money | None:
    """An amount as it was typed, 5000 or 5000.50. Refuses what is no such amount."""
    text = request.form.get(role, "").strip().replace(",", ".")
    if not text:
        return None
    whole, _dot, cents = text.partition(".")
    if not (whole + cents).isascii() or not (whole.isdigit() and (cents.isdigit() or not _dot)) or len(text) > 15:
        said = _l("Type the limit as a number without signs, such as 5000, or leave it empty for any amount.")
        raise Invalid(str(said), code="limit_invalid", field=role)
    return Money(Decimal(text), request.form.get("currency", ""))
