"""One search over everything the reader may see, by name, number or id."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

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


class Hit(NamedTuple):
    """Something that was found; `state` is one of a `kind` of portal/states.py."""

    name: str
    small: str
    href: str
    state: str = ""
    kind: str = ""


class Group(NamedTuple):
    """The first hits of one kind, and the address where all of them are."""

    title: str
    hits: list[Hit]
    all_at: str

    @property
    def is_full(self) -> bool:
        return len(self.hits) == EACH


@bp.get("/search")
@signed_in
def index() -> Any:
    """What is found; a single hit is gone to at once. What other processes hold comes as parts of their own."""
    words = searched().strip()
    groups = [group for group in found(words) if group.hits] if words else []
    away = elsewhere(words) if words else []
    only = groups[0].hits[0].href if not away and sum(len(group.hits) for group in groups) == 1 else None
    return redirect(only) if only else page("search.html", words=words, groups=groups, away=away)


def kinds() -> list[tuple[str, str, str, Any, str]]:
    """What can be found: its domain, the scope it needs, its title, how it is looked up, where all of it is."""
    every = [
        ("services", "subscriptions:read", _("Subscriptions"), subscriptions, "/subscriptions"),
        ("services", "orders:read", _("Orders"), orders, "/orders"),
        ("accounts", "accounts:read", _("Accounts"), of_accounts, "/accounts"),
        ("support", "cases:read", _("Support cases"), cases, "/cases"),
        ("services", "offers:read", _("Catalogue"), offers, "/offers"),
    ]
    return [kind for kind in every if g.caller.may(kind[1])]


def found(words: str, only_at: str = "") -> list[Group]:
    """Hits by kind, of the domains that this process holds and the reader may read; of one address, or of all."""
    held = current_app.config["SETTINGS"].domain_names
    return [
        Group(title, look(words), at + "?" + urlencode({"q": words} | ({"status": ""} if at == "/cases" else {})))
        for domain, _scope, title, look, at in kinds()
        if domain in held and only_at in ("", at)
    ]


def elsewhere(words: str) -> list[tuple[str, str]]:
    """The parts that other processes must find: their address and title."""
    held = current_app.config["SETTINGS"].domain_names
    asked = urlencode({"q": words})
    return [(f"{at}/_found?{asked}", title) for domain, _s, title, _l, at in kinds() if domain not in held]


def part(at: str) -> Any:
    """The hits of one kind, for the page of another process."""
    words = searched().strip()
    groups = found(words, at) if words else []
    return page("search/found.html", "search/_found.html", words=words, groups=groups)


def subscriptions(words: str) -> list[Hit]:
    with services_db.begin_read() as session:
        hits = services.list_subscriptions(session, g.caller.scope, q=words, limit=EACH).items
    small = {hit.id: f"{hit.number} · {hit.account_name}" for hit in hits}
    return [Hit(hit.name, small[hit.id], f"/subscriptions/{hit.id}", hit.state, "subscription") for hit in hits]


def orders(words: str) -> list[Hit]:
    with services_db.begin_read() as session:
        hits = services.list_orders(session, g.caller.scope, q=words, limit=EACH).items
    return [Hit(hit.number, hit.account_name, f"/orders/{hit.id}", hit.state, "order") for hit in hits]


def of_accounts(words: str) -> list[Hit]:
    with accounts_db.begin_read() as session:
        hits = accounts.list_accounts(session, g.caller.scope, q=words, limit=EACH).items
    return [Hit(hit.name, hit.currency, f"/accounts/{hit.id}", hit.status, "account") for hit in hits]


def cases(words: str) -> list[Hit]:
    kind = "desk" if g.caller.may("support:work") else "case"
    with support_db.begin_read() as session:
        hits = support.list_cases(session, g.caller.scope, q=words, limit=EACH).items
    return [Hit(hit.subject, hit.number, f"/cases/{hit.id}", hit.status, kind) for hit in hits]


def offers(words: str) -> list[Hit]:
    with services_db.begin_read() as session:
        hits = services.search_offers(session, g.caller.scope, q=words, limit=EACH).items
    return [Hit(hit.name, hit.vendor, f"/offers/{hit.id}") for hit in hits]
