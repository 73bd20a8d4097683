"""Budgets: how much an account may commit, what it is bound to pay, and what is to come."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.accounts import commands, db, queries
from domains.accounts.commands import BEYOND
from domains.kernel.errors import Invalid

from .access import requires
from .accounts import budget
from .forms import Errors, chosen, refusals_on, whole
from .htmx import page, redirect

bp = Blueprint("budgets", __name__, url_prefix="/accounts")


@bp.get("/<uuid:account_id>/budget")
@requires("accounts:read")
def show(account_id: UUID, errors: Errors | None = None) -> Any:
    """What an account is bound to pay month by month, against its limits, and the form to change them."""
    with db.begin_read() as session:
        it = queries.outlook(session, g.caller.scope, account_id)
    wrong = errors or Errors()
    drawn = [{"month": one.first, "amount": one.forecast, "expected": n > 0} for n, one in enumerate(it.months)]
    known: dict[str, Any] = {"drawn": drawn, "ways": BEYOND, "errors": wrong, "status": wrong.status}
    return page("accounts/budget.html", it=it, account=it.account, **known)


@bp.post("/<uuid:account_id>/budget")
@requires("accounts:write")
@refusals_on(show)
def update(account_id: UUID) -> Any:
    """Change an account's limits."""
    with db.begin() as session:
        currency = queries.get(session, g.caller.scope, account_id).currency
        wish: dict[str, Any] = {"budget": budget(currency), "commitment_limit": budget(currency, "commitment_limit")}
        wish |= {"beyond": chosen("beyond", BEYOND, _("Choose what happens beyond the budget.")), "alerts": percents()}
        known: dict[str, Any] = {"account_id": account_id, "expected_version": whole("version")}
        commands.set_budget(session, scope=g.caller.scope, **known, **wish)
    flash(_("Saved."), "done")
    return redirect(f"/accounts/{account_id}/budget")


def percents() -> list[int]:
    """The percents that were typed, with commas between them. Refuses what is no whole number."""
    typed = [one for one in re.split(r"[\s,;%]+", request.form.get("alerts", "")) if one]
    if not all(re.fullmatch(r"[0-9]{1,3}", one) for one in typed):
        said = _("Type whole percents with commas between them, such as 80, 100.")
        raise Invalid(said, code="alerts_invalid", field="alerts")
    return [int(one) for one in typed]
