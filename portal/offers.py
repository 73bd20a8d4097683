"""The catalogue: everything that can be bought, at the reader's own prices."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, request
from flask_babel import lazy_gettext as _l

from domains.accounts import db as accounts_db
from domains.accounts import queries as accounts
from domains.services import db
from domains.services.queries import get_offer, search_offers

from .access import requires
from .forms import optional_id, typed
from .htmx import page

bp = Blueprint("offers", __name__, url_prefix="/offers")
TERMS = {"P1M": _l("1 month"), "P1Y": _l("12 months"), "P3Y": _l("36 months"), "one_time": _l("Bought once")}
CYCLES = {"monthly": _l("Billed monthly"), "annual": _l("Billed yearly"), "one_time": _l("Billed once")}


@bp.get("")
@requires("offers:read")
def index() -> Any:
    wish = {name: request.args.getlist(name) for name in ("vendor", "category", "term", "billing_cycle")}
    sort = request.args.get("sort", "best")
    with db.begin_read() as session:
        account = optional_id("account")
        found = search_offers(session, g.caller.scope, account_id=account, q=typed("q") or "", sort=sort,
                              cursor=request.args.get("cursor"), limit=20, **wish)  # fmt: skip
    words = {"terms": TERMS, "cycles": CYCLES, "filters": chips(wish)}
    return page("offers/list.html", "offers/_results.html", found=found, account=account, sort=sort, **words)


def chips(wish: dict[str, list[str]]) -> list[tuple[str, str, list[str]]]:
    """The filters in use: (name, word, the other values of that name)."""
    known = {"term": TERMS, "billing_cycle": CYCLES}
    return [
        (name, str(known.get(name, {}).get(value, value)), [other for other in values if other != value])
        for name, values in wish.items()
        for value in values
    ]


@bp.get("/<uuid:offer_id>")
@requires("offers:read")
def show(offer_id: UUID) -> Any:
    with db.begin_read() as session:
        offer = get_offer(session, g.caller.scope, offer_id, account_id=optional_id("account"))
    words = {"terms": TERMS, "cycles": CYCLES, "account": optional_id("account")}
    return page("offers/show.html", offer=offer, **words)


def account_choices() -> list[tuple[str, str]]:
    """The accounts the reader can order for."""
    with accounts_db.begin_read() as session:
        found = accounts.list_accounts(session, g.caller.scope, status="active", limit=200).items
    return [(str(account.id), f"{account.name} ({account.currency})") for account in reversed(found)]
