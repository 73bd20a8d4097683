"""Whose call this is: customers that test have a clock and faults of their own."""

from __future__ import annotations

from typing import Any

from flask import current_app, request

from .books import Books, Document, Pages
from .faults import Faults

NAMED = {"subscription_id": "subscription", "order_id": "order"}  # documents that know whose they are


def customer_of(books: Books, faults: Faults, values: dict[str, Any], body: Any) -> str | None:
    """Whose call this is, as far as it says; None while nobody tests: it costs the others nothing."""
    if not current_app.extensions["moved"] and not any("customer" in (one.get("match") or {}) for one in faults.all()):
        return None
    given = body if isinstance(body, dict) else {}
    plainly = given.get("customer") or values.get("reference") or request.args.get("customer")
    if plainly:
        return str(plainly)
    with books.open() as pages:
        return next((str(one["customer"]) for one in _about(pages, values) if one), None)


def _about(pages: Pages, values: dict[str, Any]) -> list[Document | None]:
    """The orders and subscriptions that a call is about, by their ids or by a reference."""
    found = [pages.get(kind, values[name]) for name, kind in NAMED.items() if name in values]
    changes = [pages.get("change", values["change_id"])] if "change_id" in values else []
    if sought := request.args.get("reference"):
        found += pages.find("order", reference=sought)
        changes += pages.find("change", reference=sought)
    return found + [pages.get("subscription", one["subscription_id"]) for one in changes if one]
