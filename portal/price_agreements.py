"""Price agreements: who buys by which price book, from when to when. For the operator."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.kernel import clock
from domains.kernel.database import new_id
from domains.services import commands, db, queries

from .access import requires
from .customers import names_of
from .forms import Errors, chosen_day, chosen_id, maybe_day, optional_id, refusals_on, typed, whole
from .htmx import page, redirect

bp = Blueprint("price_agreements", __name__, url_prefix="/price-agreements")


@bp.get("")
@requires("price-books:read")
def index() -> Any:
    """All price agreements, or one customer's."""
    with db.begin_read() as session:
        found = queries.list_agreements(session, g.caller.scope, holder_id=optional_id("customer"), limit=25,
                                        cursor=request.args.get("cursor"))  # fmt: skip
        today = clock.business_now(session).date()
    known: dict[str, Any] = {"names": names_of(one.holder_id for one in found.items), "today": today}
    return page("price_agreements/list.html", agreements=found.items, next_cursor=found.next_cursor, **known)


@bp.get("/new")
@requires("price-books:write")
def new(errors: Errors | None = None) -> Any:
    """The form for a new agreement."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        books = queries.list_price_books(session, g.caller.scope, limit=200).items
        buyers = queries.list_buyers(session, g.caller.scope)
        today = clock.business_now(session).date()
    names = names_of(buyers)
    choices = sorted(((str(one), names.get(one, str(one))) for one in buyers), key=lambda one: one[1])
    known: dict[str, Any] = {"books": books, "buyers": choices, "today": today, "agreement_id": new_id()}
    return page("price_agreements/new.html", errors=wrong, status=wrong.status, **known)


@bp.post("")
@requires("price-books:write")
@refusals_on(new)
def create() -> Any:
    """Agree prices."""
    wish: dict[str, Any] = {"reference": typed("reference") or "", "price_book": typed("price_book") or ""}
    wish |= {"valid_from": chosen_day("valid_from"), "valid_to": maybe_day("valid_to")}
    holder_id, agreement_id = chosen_id("customer", _("Choose a customer.")), chosen_id("agreement_id")
    with db.begin() as session:
        queries.check_holder(session, g.caller.scope, holder_id)
        queries.check_keeper(g.caller.scope)
        commands.agree_prices(session, agreement_id=agreement_id, holder_id=holder_id, **wish)
    flash(_("Agreed. It holds from its first day on."), "done")
    return redirect("/price-agreements")


@bp.get("/<uuid:agreement_id>")
@requires("price-books:read")
def show(agreement_id: UUID, errors: Errors | None = None) -> Any:
    """One agreement, and the form for another last day."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        agreement = queries.get_agreement(session, g.caller.scope, agreement_id)
        today = clock.business_now(session).date()
    name = names_of([agreement.holder_id]).get(agreement.holder_id, str(agreement.holder_id))
    known: dict[str, Any] = {"name": name, "today": today, "errors": wrong}
    return page("price_agreements/show.html", agreement=agreement, status=wrong.status, **known)


@bp.post("/<uuid:agreement_id>")
@requires("price-books:write")
@refusals_on(show)
def update(agreement_id: UUID) -> Any:
    """Give an agreement another last day."""
    known: dict[str, Any] = {"expected_version": whole("version"), "valid_to": maybe_day("valid_to")}
    with db.begin() as session:
        queries.get_agreement(session, g.caller.scope, agreement_id)
        queries.check_keeper(g.caller.scope)
        commands.end_agreement(session, agreement_id=agreement_id, **known)
    flash(_("Saved."), "done")
    return redirect(f"/price-agreements/{agreement_id}")
