"""What stands around every page: who reads, where one can go, for whom one acts."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from domains.kernel.config import Settings

ROLES = {
    "owner": _l("Owner"), "buyer": _l("Buyer"), "billing": _l("Billing"), "reader": _l("Reader"), "agent": _l("Agent"),
    "administrator": _l("Administrator"),
}  # fmt: skip
KINDS = {
    "direct": _l("Direct customer"), "reseller": _l("Reseller"), "end_customer": _l("End-customer"),
    "operator": _l("Operator"),
}  # fmt: skip


def register(app: Flask, settings: Settings) -> None:
    """Give every template its frame."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        known = {"request_id": request.headers.get("X-Request-Id", ""), "sandbox": None}
        caller = g.get("caller")
        if caller is None:
            return known | {"viewer": None, "nav_items": [], "act_as": None}
        return known | {"viewer": viewer(caller), "nav_items": places(caller), "act_as": acting(caller)}


def viewer(caller: Any) -> dict[str, Any]:
    """The reader as the layout shows them."""
    preferences, name = caller.preferences, caller.actor.name
    manages = preferences["home_kind"] in ("reseller", "operator")
    return {
        "name": name, "initials": "".join(word[0] for word in name.split()[:2]).upper(),
        "role_label": ROLES.get(caller.roles[0], caller.roles[0]), "customer_name": caller.customer_name,
        "customer_kind_label": KINDS.get(caller.customer_kind, caller.customer_kind),
        "region": preferences["region"].upper(),
        "zone": preferences["zone"], "language": preferences["language"], "theme": preferences["theme"],
        "is_staff": preferences["home_kind"] == "operator", "switch_url": "/switch" if manages else None,
    }  # fmt: skip


def acting(caller: Any) -> dict[str, str] | None:
    """For whom the reader acts, when that is not their own organisation."""
    home = caller.preferences["home_customer_id"]
    if caller.customer_id is None or str(caller.customer_id) == home:
        return None
    return {
        "customer_name": caller.customer_name,
        "by": caller.preferences["home_customer_name"],
        "leave_url": "/switch",
    }


def places(caller: Any) -> list[dict[str, Any]]:
    """Where the reader can go, by what they may read."""
    daily = [
        ("/", "home", _("Home"), None),
        ("/offers", "layout-grid", _("Catalogue"), "offers:read"),
        ("/subscriptions", "stack-2", _("Subscriptions"), "subscriptions:read"),
        ("/cases", "lifebuoy", _("Support cases"), "cases:read"),
        ("/orders", "shopping-cart", _("Orders"), "orders:read"),
        ("/costs", "file-invoice", _("Costs"), "charges:read"),
    ]
    organisation = [
        ("/accounts", "briefcase", _("Accounts and budgets"), "accounts:read"),
        ("/operations", "route", _("Operations"), "operations:read"),
        ("/users", "users", _("Users and roles"), "users:read"),
    ]
    if caller.preferences["home_kind"] in ("reseller", "operator"):
        organisation.insert(0, ("/customers", "building", _("Customers"), "customers:read"))
    short = {"/subscriptions": _("Licences"), "/cases": _("Cases")}
    return [
        {"title": title, "items": [
            {"href": href, "icon": icon, "label": label, "short": short.get(href)}
            for href, icon, label, scope in group if scope is None or caller.may(scope)
        ]}
        for title, group in (("", daily), (_("Organisation"), organisation))
    ]  # fmt: skip
