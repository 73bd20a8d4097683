"""Accounts: what software is bought for and paid from, and who each is at the provider."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from domains.accounts import commands, db, queries
from domains.kernel.errors import Invalid
from domains.kernel.money import Money
from saga.flows.close_account import close_account
from saga.flows.open_account import open_account
from saga.payloads.account import CloseAccount, OpenAccount

from . import search
from .access import requires
from .forms import Errors, refusals_on, searched, typed, whole
from .htmx import page, redirect
from .starting import Start, starts

bp = Blueprint("accounts", __name__, url_prefix="/accounts")


@bp.get("")
@requires("accounts:read")
def index() -> Any:
    """All accounts."""
    with db.begin_read() as session:
        found = queries.list_accounts(session, g.caller.scope, q=searched() or None, limit=25,
                                      cursor=request.args.get("cursor"))  # fmt: skip
        known: dict[str, Any] = {"customers": customers_of(session, found.items)}
        limited = [one.id for one in found.items if one.budget is not None]
        known["spent"] = {id: queries.spend_left(session, g.caller.scope, id) for id in limited}
    return page("accounts/list.html", accounts=found.items, next_cursor=found.next_cursor, **known)


def customers_of(session: Session, accounts: list[Any]) -> dict[UUID, str]:
    """Whose accounts these are, for a reader who sees several customers'."""
    ids = {one.customer_id for one in accounts} if g.caller.scope.kind != "customer" else set()
    return {id: queries.customer_ref(session, g.caller.scope, id).name for id in ids}


@bp.get("/new")
@requires("accounts:write")
def new(errors: Errors | None = None) -> Any:
    """The form for a new account."""
    with db.begin_read() as session:
        customer = queries.customer_ref(session, g.caller.scope, customer_here())
    wrong = errors or Errors()
    return page("accounts/new.html", customer=customer, errors=wrong, status=wrong.status)


@bp.post("")
@requires("accounts:write")
@refusals_on(new)
@starts
def create() -> Start:
    """Open an account."""
    with db.begin_read() as session:
        customer = queries.customer_ref(session, g.caller.scope, customer_here())
        wish: dict[str, Any] = {"name": required_name(), "budget": budget(customer.currency)}
        wish |= {"cost_centre": typed("cost_centre", most=60), "po_reference": typed("po_reference", most=60)}
        payload = OpenAccount.of(customer, g.caller, **wish)
        commands.check_opening(session, customer, **payload.opening)
    return Start(open_account, payload)


@bp.get("/<uuid:account_id>")
@requires("accounts:read")
def show(account_id: UUID) -> Any:
    """One account."""
    with db.begin_read() as session:
        account = queries.get(session, g.caller.scope, account_id)
        spend = queries.spend_left(session, g.caller.scope, account_id)
        customers = customers_of(session, [account])
    return page("accounts/show.html", account=account, spend=spend, customer=customers.get(account.customer_id))


@bp.get("/<uuid:account_id>/edit")
@requires("accounts:write")
def edit(account_id: UUID, errors: Errors | None = None) -> Any:
    """The form to change an account."""
    with db.begin_read() as session:
        account = queries.get(session, g.caller.scope, account_id)
    wrong = errors or Errors()
    return page("accounts/edit.html", account=account, errors=wrong, status=wrong.status)


@bp.post("/<uuid:account_id>")
@requires("accounts:write")
@refusals_on(edit)
def update(account_id: UUID) -> Any:
    """Change an account."""
    wish = {"cost_centre": typed("cost_centre", most=60), "po_reference": typed("po_reference", most=60)}
    with db.begin() as session:
        currency = queries.get(session, g.caller.scope, account_id).currency
        commands.update_account(session, scope=g.caller.scope, account_id=account_id, expected_version=whole("version"),
                                name=required_name(), budget=budget(currency), tags=tags(), **wish)  # fmt: skip
    flash(_("Saved."), "done")
    return redirect(f"/accounts/{account_id}")


@bp.get("/<uuid:account_id>/close")
@requires("accounts:write")
def ask_close(account_id: UUID, errors: Errors | None = None) -> Any:
    """What closing an account means, to be confirmed."""
    with db.begin_read() as session:
        account = queries.get(session, g.caller.scope, account_id)
    wrong = errors or Errors()
    return page("accounts/close.html", account=account, errors=wrong, status=wrong.status)


@bp.post("/<uuid:account_id>/close")
@requires("accounts:write")
@refusals_on(ask_close)
@starts
def close(account_id: UUID) -> Start:
    """Close an account."""
    with db.begin_read() as session:
        account = queries.get(session, g.caller.scope, account_id)
        commands.check_closing(session, account, whole("version"))
    return Start(close_account, CloseAccount.of(account, g.caller, account.version))


def customer_here() -> UUID:
    """The customer the reader belongs to or acts for. Refused for staff who act for nobody."""
    if g.caller.customer_id is None:
        raise Invalid(_("Act for a customer first."), code="customer_missing")
    found: UUID = g.caller.customer_id
    return found


def required_name() -> str:
    """The name that was typed."""
    return typed("name", most=120, label=_("Name")) or ""


def tags() -> list[str]:
    """The tags that were typed, with commas between them."""
    return request.form.get("tags", "").split(",")


def budget(currency: str, field: str = "budget") -> Money | None:
    """A limit as it was typed, 5000 or 5000.50; None when it is left out. Refuses what is no such amount."""
    text = request.form.get(field, "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,12}([.,][0-9]{1,2})?", text):
        said = _("Type the budget as a number without signs, such as 5000, or leave it empty for no limit.")
        raise Invalid(said, code="budget_invalid", field=field)
    given = Decimal(text.replace(",", "."))
    budget = Money.of(given, currency)
    if budget.amount != given:
        raise Invalid(_("%(currency)s has no such small units: give a whole amount.", currency=currency),
                      code="budget_invalid", field=field)  # fmt: skip
    return budget


@bp.get("/_found")
@requires("accounts:read")
def hits() -> Any:
    """What a search finds here, for the page of another process."""
    return search.part("/accounts")
