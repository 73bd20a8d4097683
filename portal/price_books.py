"""Price books: the rules that make sales prices, and what other rules would do to them. For the operator."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from domains.customers.commands import CURRENCIES
from domains.services import commands, db, queries
from domains.services.pricing import ROUNDINGS

from .access import requires
from .forms import Errors, chosen, refusals_on, typed, whole
from .htmx import page, redirect
from .price_rules import read_rules, write_rules, written

bp = Blueprint("price_books", __name__, url_prefix="/price-books")
ROUNDED = {
    "minor": _l("To the cent"), "up_5": _l("Up to five cents"), "up_1": _l("Up to a whole unit"),
    "99": _l("Up to what ends in .99"),
}  # fmt: skip


@bp.get("")
@requires("price-books:read")
def index() -> Any:
    """All price books."""
    with db.begin_read() as session:
        found = queries.list_price_books(session, g.caller.scope, limit=25, cursor=request.args.get("cursor"))
    return page("price_books/list.html", books=found.items, next_cursor=found.next_cursor, rounded=ROUNDED)


@bp.get("/<uuid:price_book_id>")
@requires("price-books:read")
def show(price_book_id: UUID) -> Any:
    """One price book: its rules, and how it was."""
    with db.begin_read() as session:
        book = queries.get_price_book(session, g.caller.scope, price_book_id)
        versions = queries.book_versions(session, g.caller.scope, price_book_id)
    known: dict[str, Any] = {"rounded": ROUNDED, "written": written, "write_rules": write_rules}
    return page("price_books/show.html", book=book, versions=versions, **known)


@bp.get("/new")
@requires("price-books:write")
def new(errors: Errors | None = None, effects: Any = None) -> Any:
    """The form for a new price book."""
    return form(None, errors, effects)


@bp.get("/<uuid:price_book_id>/edit")
@requires("price-books:write")
def edit(price_book_id: UUID, errors: Errors | None = None, effects: Any = None) -> Any:
    """The form to change a price book."""
    with db.begin_read() as session:
        book = queries.get_price_book(session, g.caller.scope, price_book_id)
    return form(book, errors, effects)


@bp.post("/preview")
@requires("price-books:write")
@refusals_on(new)
def preview_new() -> Any:
    """The form again, with what the rules would do."""
    return new(effects=effects_of(None))


@bp.post("/<uuid:price_book_id>/preview")
@requires("price-books:write")
@refusals_on(edit)
def preview(price_book_id: UUID) -> Any:
    """The form again, with what the rules would do."""
    with db.begin_read() as session:
        book = queries.get_price_book(session, g.caller.scope, price_book_id)
    return edit(price_book_id, effects=effects_of(book.name))


@bp.post("")
@requires("price-books:write")
@refusals_on(new)
def create() -> Any:
    """Make a price book."""
    queries.check_keeper(g.caller.scope)
    with db.begin() as session:
        made = commands.set_price_book(session, name=typed("name", most=60) or "", expected_version=0, **wished())
    flash(_("Saved."), "done")
    return redirect(f"/price-books/{made}")


@bp.post("/<uuid:price_book_id>")
@requires("price-books:write")
@refusals_on(edit)
def update(price_book_id: UUID) -> Any:
    """Give a price book other rules."""
    with db.begin() as session:
        book = queries.get_price_book(session, g.caller.scope, price_book_id)
        commands.set_price_book(session, name=book.name, expected_version=whole("version"), **wished())
    flash(_("Saved. It holds for what is ordered from now on."), "done")
    return redirect(f"/price-books/{price_book_id}")


def form(book: Any, errors: Errors | None, effects: Any) -> Any:
    """The form with what was typed, else with the book as it is."""
    wrong = errors or Errors()
    given = {"rules": write_rules(book.rules) if book else "all cost +25%", "rounding": book.rounding if book else ""}
    given |= {"name": book.name if book else "", "currency": "EUR"}
    given |= {name: request.form[name] for name in given if name in request.form}
    known: dict[str, Any] = {"rounded": ROUNDED, "effects": effects, "given": given}
    known["currencies"] = [(one, one) for one in CURRENCIES]
    return page("price_books/edit.html", book=book, errors=wrong, status=wrong.status, **known)


def wished() -> dict[str, Any]:
    """The rules and the rounding as they were typed."""
    rounding = chosen("rounding", ROUNDINGS, _("Choose how prices are rounded."))
    return {"rules": read_rules(request.form.get("rules", "")), "rounding": rounding}


def effects_of(name: str | None) -> Any:
    """What the rules that were typed would do."""
    currency = chosen("currency", tuple(CURRENCIES), _("Choose a currency."))
    with db.begin_read() as session:
        return queries.preview_rules(session, g.caller.scope, name=name, currency=currency, **wished())
