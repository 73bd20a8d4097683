"""The catalogue: everything that can be bought, at the reader's own prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, g, request
from sqlalchemy.orm import Session

from domains.kernel.errors import NotFound
from domains.services import db, queries

from . import search
from .access import requires
from .forms import Errors, maybe_day, optional_id, refusals_on, searched, whole
from .htmx import here, page
from .words import facet_value

bp = Blueprint("offers", __name__, url_prefix="/offers")
FACETS = ("category", "vendor", "term", "billing_cycle", "kind", "trial", "price")
SIDE_BY_SIDE = 3  # offers that can be compared at one time


@bp.get("")
@requires("offers:read")
def index() -> Any:
    """Search the catalogue; the same page with and without a script."""
    wish: dict[str, Any] = {name: request.args.getlist(name) for name in FACETS}
    find: dict[str, Any] = {"q": searched(), "sort": request.args.get("sort", "best")}
    find["cursor"] = request.args.get("cursor")
    with db.begin_read() as session:
        accounts = accounts_of(session)
        whose = account_meant(accounts)
        found = queries.search_offers(session, g.caller.scope, account_id=whose, limit=20, **find, **wish)
        compared = side_by_side(session, whose)
    return page("offers/list.html", found=found, accounts=accounts, compared=compared, in_use=in_use(wish), **find)


@bp.get("/<uuid:offer_id>")
@requires("offers:read")
def show(offer_id: UUID) -> Any:
    """One offer: what it is, in which ways it is sold, what it needs."""
    with db.begin_read() as session:
        accounts = accounts_of(session)
        offer = queries.get_offer(session, g.caller.scope, offer_id, account_id=account_meant(accounts))
    return page("offers/show.html", offer=offer, accounts=accounts, account_id=account_meant(accounts))


def price_page(offer_id: UUID, errors: Errors | None = None) -> Any:
    """Why an offer costs what it costs, or what is wrong with the question."""
    wrong, why = errors or Errors(), None
    with db.begin_read() as session:
        accounts = accounts_of(session)
        whose = account_meant(accounts)
        offer = queries.get_offer(session, g.caller.scope, offer_id, account_id=whose)
        if not wrong:
            why = queries.explain_price(session, g.caller.paying, offer_id, account_id=whose, **price_asked())
    known: dict[str, Any] = {"accounts": accounts, "account_id": whose, "why": why, "errors": wrong}
    return page("offers/price.html", offer=offer, status=wrong.status, **known)


@bp.get("/<uuid:offer_id>/price")
@requires("offers:read")
@refusals_on(price_page)
def price(offer_id: UUID) -> Any:
    """Why an offer costs what it costs: today or on another day, for so many."""
    return price_page(offer_id)


def price_asked() -> dict[str, Any]:
    """The way to buy, how many and the day that a price is asked for; what is left out is the default."""
    term, _dot, cycle = request.args.get("plan", "").partition(".")
    found: dict[str, Any] = {"term": term or None, "billing_cycle": cycle or None, "on": maybe_day("on")}
    return found | ({"quantity": max(whole("quantity"), 1)} if request.args.get("quantity") else {})


def accounts_of(session: Session) -> list[Any]:
    """The accounts that the reader may order for; who acts for nobody in particular has none."""
    if g.caller.customer_id is None:
        return []
    return list(queries.list_accounts(session, g.caller.scope, customer_id=g.caller.customer_id))


def account_meant(accounts: Sequence[Any]) -> UUID | None:
    """The account that the address names, else the first one."""
    return optional_id("account") or (accounts[0].id if accounts else None)


def side_by_side(session: Session, account_id: UUID | None) -> list[Any]:
    """The offers ticked for comparison."""
    try:
        wanted = [UUID(text) for text in request.args.getlist("compare")[:SIDE_BY_SIDE]]
    except ValueError:
        raise NotFound("There is no such offer.") from None
    return [queries.get_offer(session, g.caller.scope, one, account_id=account_id) for one in wanted]


def in_use(wish: dict[str, list[str]]) -> list[tuple[str, str]]:
    """The filters in use: what each says, and the address without it."""
    return [
        (
            facet_value(value, name),
            here(**{name: [other for other in values if other != value] or None, "cursor": None}),
        )
        for name, values in wish.items()
        for value in values
    ]


@bp.get("/_found")
@requires("offers:read")
def hits() -> Any:
    """What a search finds here, for the page of another process."""
    return search.part("/offers")
