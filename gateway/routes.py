"""Which domain owns which address: the gateway's routes are made from this table."""

from __future__ import annotations

# The first part of a path, in the portal and (behind /api/v1) in the API alike.
PREFIXES: dict[str, tuple[str, ...]] = {
    "customers": ("customers", "sandbox", "test-clocks"),
    "users": (
        "users", "invitations", "me", "profile", "security", "login", "logout", "confirm", "switch", "organisations",
        "oauth2", ".well-known", "api-clients", "sign-on", "support-access", "support-grants", "privacy", "erasures",
        "personal-data",
    ),
    "accounts": ("accounts", "budgets"),
    "services": (
        "offers", "orders", "subscriptions", "decisions", "approval-limits", "providers", "webhooks", "approvals",
        "ordering-rules", "cart", "carts", "quotes", "price-books", "price-agreements", "catalogue-syncs",
        "catalogue-changes", "drift", "drift-rules", "bulk-plans", "resale-prices",
    ),
    "support": ("cases",),
    "billing": ("charges", "costs", "invoices", "mismatches", "resale-statement"),
    "notifications": ("dev", "audit", "audit-entries", "personal-exports"),
}  # fmt: skip
ANYWHERE = ("", "operations", "runs", "search", "static", "styleguide", "healthz", "readyz", "openapi.json", "docs")
API = "/api/v1"


def owner_of(path: str) -> str | None:
    """The domain that owns a path of the portal or the API; None when any process may answer it.

    Raises KeyError for a path that nobody owns.
    """
    first = f"{path}/".removeprefix(f"{API}/").removeprefix("/api/").lstrip("/").split("/")[0]
    if first in ANYWHERE:
        return None
    return next(domain for domain, prefixes in PREFIXES.items() if first in prefixes)
