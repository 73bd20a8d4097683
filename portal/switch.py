"""For whom one acts: a reseller for an end-customer, the operator's staff for a customer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g

from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries, tokens

from .access import signed_in
from .forms import Errors, optional_id, refusals_on, searched
from .frame import KINDS, is_staff
from .htmx import page, redirect

bp = Blueprint("switch", __name__)


@bp.get("/switch")
@signed_in
def choices() -> Any:
    """For whom one may act."""
    with db.begin_read() as session:
        found = queries.choices(session, home_scope(), q=searched() or None)
    return page("users/switch.html", customers=found, kinds=KINDS)


def asking(errors: Errors) -> Any:
    """Where staff ask a customer that has not let them in."""
    return redirect(f"/support-access/desk?customer={optional_id('customer')}", full=True)


@bp.post("/switch")
@signed_in
@refusals_on(asking)
def switch() -> Any:
    """Act for a customer, or (without one) for oneself again."""
    login_id, customer_id = UUID(g.caller.login_id), optional_id("customer")
    with db.begin() as session:
        commands.act_for(session, scope=home_scope(), login_id=login_id, customer_id=customer_id)
    tokens.forget_epoch("login", g.caller.login_id)
    return redirect("/", full=True)


def home_scope() -> Scope:
    """What the reader sees when acting for nobody."""
    home = UUID(g.caller.preferences["home_customer_id"])
    if is_staff(g.caller):
        return Scope.operator()
    return Scope.reseller(home) if g.caller.preferences["home_kind"] == "reseller" else Scope.customer(home)
