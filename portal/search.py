"""One search over everything the reader may see, by name, number or id."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g
from flask_babel import gettext as _

from domains.accounts import db as accounts_db
from domains.accounts import queries as accounts
from domains.services import db as services_db
from domains.services import queries as services
from domains.support import db as support_db
from domains.support import queries as support

from .access import signed_in
from .forms import searched
from .htmx import page, redirect

bp = Blueprint("search", __name__)
EACH = 6
Hit = tuple[str, str, str]  # name, small print, address


@bp.get("/search")
@signed_in
def index() -> Any:
    """What is found; a single hit is gone to at once."""
    words = searched()
    groups = [(title, hits) for title, hits in found(words) if hits] if words.strip() else []
    only = groups[0][1][0][2] if len(groups) == 1 and len(groups[0][1]) == 1 else None
    return redirect(only) if only else page("search.html", words=words, groups=groups)


def found(words: str) -> list[tuple[str, list[Hit]]]:
    """Hits by kind, of the domains that this process holds and the reader may read."""
    held = current_app.config["SETTINGS"].domain_names
    kinds = [
        ("services", "subscriptions:read", _("Subscriptions"), subscriptions),
        ("services", "orders:read", _("Orders"), orders), ("accounts", "accounts:read", _("Accounts"), of_accounts),
        ("support", "cases:read", _("Support cases"), cases), ("services", "offers:read", _("Catalogue"), offers),
    ]  # fmt: skip
    return [(title, look(words)) for domain, scope, title, look in kinds if domain in held and g.caller.may(scope)]


def subscriptions(words: str) -> list[Hit]:
    with services_db.begin_read() as session:
        hits = services.list_subscriptions(session, g.caller.scope, q=words, limit=EACH).items
    return [(hit.name, f"{hit.number} · {hit.account_name}", f"/subscriptions/{hit.id}") for hit in hits]


def orders(words: str) -> list[Hit]:
    with services_db.begin_read() as session:
        hits = services.list_orders(session, g.caller.scope, q=words, limit=EACH).items
    return [(hit.number, hit.account_name, f"/orders/{hit.id}") for hit in hits]


def of_accounts(words: str) -> list[Hit]:
    with accounts_db.begin_read() as session:
        hits = accounts.list_accounts(session, g.caller.scope, q=words, limit=EACH).items
    return [(hit.name, hit.currency, f"/accounts/{hit.id}") for hit in hits]


def cases(words: str) -> list[Hit]:
    with support_db.begin_read() as session:
        hits = support.list_cases(session, g.caller.scope, q=words, limit=EACH).items
    return [(hit.subject, hit.number, f"/cases/{hit.id}") for hit in hits]


def offers(words: str) -> list[Hit]:
    with services_db.begin_read() as session:
        hits = services.search_offers(session, g.caller.scope, q=words, limit=EACH).items
    return [(hit.name, hit.vendor, f"/offers/{hit.id}") for hit in hits]
