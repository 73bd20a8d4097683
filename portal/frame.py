"""What stands around every page: who reads, where one can go, for whom one acts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from domains.kernel import clock
from domains.kernel.messages import context
from domains.kernel.tenancy import Caller
from domains.users.commands import STAFF

from . import formats

ROLES = {
    "owner": _l("Owner"), "buyer": _l("Buyer"), "billing": lazy_pgettext("role", "Billing"), "reader": _l("Reader"),
    "agent": _l("Support agent"), "saga.operator": _l("Runs operator"), "administrator": _l("Administrator"),
}  # fmt: skip
KINDS = {
    "direct": _l("Direct customer"), "reseller": _l("Reseller"), "end_customer": _l("End-customer"),
    "operator": _l("Operator"),
}  # fmt: skip

SUPPORT_AREAS = {
    "accounts": _l("accounts and budgets"), "orders": _l("orders and subscriptions"), "cases": _l("support cases"),
}  # fmt: skip


def register(app: Flask) -> None:
    """Give every template its frame."""
    app.jinja_env.filters["initials"] = initials

    @app.context_processor
    def frame() -> dict[str, Any]:
        caller = g.get("caller")
        known = {"request_id": context().request_id, "sandbox": sandbox_of(caller)}
        if caller is None:
            return known | {"viewer": None, "nav_items": [], "act_as": None}
        return known | {"viewer": viewer(caller), "nav_items": places(caller), "act_as": acting(caller)}


def sandbox_of(caller: Caller | None) -> dict[str, Any] | None:
    """What every page of a sandbox says: that nothing is real here, and what its clock says once it was moved."""
    if caller is None or caller.ahead is None:
        return None
    moved = clock.wall() + timedelta(seconds=caller.ahead) if caller.ahead else None
    return {"clock": moved, "href": "/sandbox" if caller.may("sandbox:read") else ""}


def viewer(caller: Caller) -> dict[str, Any]:
    """The reader as the layout shows them."""
    known, role = caller.preferences, (*caller.roles, "")[0]
    return {
        "name": caller.actor.name, "initials": initials(caller.actor.name),
        "role_label": ROLES.get(role, role), "customer_name": caller.customer_name,
        "customer_kind_label": KINDS.get(caller.customer_kind, caller.customer_kind), "region": known.get("region", ""),
        "zone": known.get("zone", ""), "language": known.get("language", ""), "theme": known.get("theme", ""),
        "is_staff": is_staff(caller), "switch_url": "/switch" if manages(caller) else "",
    }  # fmt: skip


def is_staff(caller: Caller) -> bool:
    """Whether somebody works for the operator, in one of its roles: others at the operator see only its own."""
    return caller.preferences.get("home_kind") == "operator" and not set(STAFF).isdisjoint(caller.roles)


def manages(caller: Caller) -> bool:
    """Whether somebody may act for other customers."""
    return is_staff(caller) or caller.preferences.get("home_kind") == "reseller"


def initials(name: str) -> str:
    """The first letters of somebody's first and last name, in capitals."""
    names = name.split()
    return "".join(part[0] for part in (*names[:1], *names[1:][-1:])).upper()


def acting(caller: Caller) -> dict[str, str] | None:
    """For whom the reader acts, when that is not their own organisation."""
    home = caller.preferences.get("home_customer_id", "")
    if caller.customer_id is None or home in ("", str(caller.customer_id)):
        return None
    by = caller.preferences.get("home_customer_name", "")
    known = {"customer_name": caller.customer_name, "by": by, "leave_url": "/switch"}
    return known | granted(caller) if caller.preferences.get("grant_id") else known


def granted(caller: Caller) -> dict[str, str]:
    """Until when staff may look, and what they may change, as the strip on every page says it."""
    known = caller.preferences
    until, areas = formats.instant(known["grant_until"]), known.get("grant_areas", "").split()
    may = ", ".join(str(SUPPORT_AREAS[area]) for area in areas) or _("nothing: you only read")
    said = _(
        "%(name)s sees %(customer)s by its support access until %(time)s. You may change: %(areas)s. "
        "What you see and do is kept in both audit logs.",
        name=caller.actor.name, customer=caller.customer_name, time=until, areas=may,
    )  # fmt: skip
    return {"note": said, "leave_word": _("End this visit")}


def of_the_organisation(caller: Caller) -> list[tuple[str, str, str, str]]:
    """Where one looks after an organisation, its money and who comes in: address, icon, name and the right it takes."""
    found = [
        ("/accounts", "briefcase", _("Accounts and budgets"), "accounts:read"),
        ("/approval-limits", "adjustments", _("Approval limits"), "approval-limits:read"),
        ("/drift", "arrows-diff", _("Done at the provider"), "subscriptions:read"),
        ("/bulk-plans", "list-details", _("Bulk changes"), "subscriptions:read"),
        ("/operations", "route", _("Operations"), "operations:read"),
        ("/users", "users", _("People"), "users:read"),
        ("/api-clients", "webhook", _("API clients"), "api-clients:read"),
        ("/sign-on", "key", _("Single sign-on"), "sign-on:read"),
        ("/support-access", "lock-open", _("Support access"), "support-access:read"),
        ("/support-access/desk", "lock-open", _("Support access"), "support:work"),
        ("/sandbox", "flask", _("Sandbox"), "sandbox:read"),
        ("/audit", "history", _("Audit log"), "audit:read"),
        ("/privacy", "shield-lock", _("Privacy"), "privacy:read"),
    ]
    if manages(caller):
        found.insert(0, ("/customers", "building", _("Customers"), "customers:read"))
    if caller.scope.kind == "reseller":
        found[1:1] = [
            ("/resale-prices", "percentage", _("Your prices"), "customers:read"),
            ("/resale-statement", "coins", _("Customers owe you"), "charges:read"),
        ]
    return found


def places(caller: Caller) -> list[dict[str, Any]]:
    """Where the reader can go, by what they may read. A phone shows the first four."""
    daily = [
        ("/", "home", _("Home"), ""),
        ("/offers", "layout-grid", _("Catalogue"), "offers:read"),
        ("/subscriptions", "stack-2", _("Subscriptions"), "subscriptions:read"),
        ("/orders", "shopping-cart", _("Orders"), "orders:read"),
        ("/cart", "list-details", _("Cart"), "orders:write"),
        ("/approvals", "user-check", _("Approvals"), "approvals:read"),
        ("/decisions", "calendar-due", _("Renewals"), "subscriptions:read"),
        ("/invoices", "file-invoice", _("Invoices"), "invoices:read"),
        ("/costs", "chart-bar", _("Costs"), "charges:read"),
        ("/cases", "lifebuoy", _("Support cases"), "cases:read"),
    ]
    control = [
        ("/runs", "adjustments", _("Runs"), "runs:read"),
        ("/providers", "cloud", _("Providers"), "runs:read"),
        ("/price-books", "tag", _("Price books"), "price-books:read"),
        ("/price-agreements", "scale", _("Price agreements"), "price-books:read"),
        ("/catalogue-syncs", "refresh", _("Catalogue syncs"), "catalogue:write"),
    ]
    return [
        {"title": title, "items": items}
        for title, group in (("", daily), (_("Organisation"), of_the_organisation(caller)), (_("Control"), control))
        if (items := [
            {"href": href, "icon": icon, "label": label}
            for href, icon, label, scope in group if not scope or caller.may(scope)
        ])
    ]  # fmt: skip
