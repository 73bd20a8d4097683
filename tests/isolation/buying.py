"""What a tenant asks for around its orders in both doors: carts, quotes, approvals, prices, drift and bulk plans."""

from __future__ import annotations

from typing import Any

from domains.kernel.database import new_id

from .world import CONNECTOR, Tenant

RULES = [{"scope": "all", "markup_percent": "5"}]


def about_prices(t: Tenant) -> dict[str, list[dict[str, Any]]]:
    """The same for price books, agreements and the catalogue."""
    agreed = {"reference": "x", "price_book": "Standard 2026", "valid_from": "2026-01-01"}
    return {
        "createPriceBook": [{"name": f"New of {t.name}", "rules": RULES}], "updatePriceBook": [{"rules": RULES}],
        "previewPriceBook": [{"rules": RULES}], "updatePriceAgreement": [{"valid_to": None}],
        "createPriceAgreement": [agreed | {"customer_id": t.ids["customer"]}], "startCatalogueSync": [{"full": False}],
        "setResalePrices": [{"markup_percent": "5"}],
    }  # fmt: skip


def before_an_order(t: Tenant, plain: dict[str, Any], more: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The same for carts, quotes, approvals and the rules for orders."""
    ids, addon = t.ids, t.offers.get(CONNECTOR)
    return {
        "makeQuote": [plain, plain | {"lines": [more]}], "sendQuote": [{}], "declineQuote": [{}], "acceptQuote": [{}],
        "openCart": [{"account_id": ids.get("account")}], "updateCart": [{"po_reference": "x"}], "emptyCart": [{}],
        "addCartLine": [more, {"offer_id": addon, "quantity": 1, "base_line_id": ids.get("cart_line")}],
        "updateCartLine": [{"quantity": 3}], "previewCart": [{}],
        "removeCartLine": [{}], "refillCart": [{"order_id": ids.get("order")}],
        "orderCart": [{"preview_id": ids.get("preview")}],
        "approve": [{}], "reject": [{"reason": "x"}], "delegate": [{"to": "x@x.example"}],
        "setOrderingRules": [{"preview_above": None, "approval_days": 14}],
    }  # fmt: skip


def many_at_once(t: Tenant) -> dict[str, list[dict[str, Any]]]:
    """The same for what was done at the provider, and for plans of many changes."""
    row = {"subscription": t.ids.get("subscription"), "action": "cancel", "value": "now"}
    return {
        "settleDrift": [{"decision": "ignore", "reason": "x"}], "reconcileAccount": [{}],
        "updateDriftRule": [{"adopt": "all"}], "applyBulkPlan": [{"digest": "x"}], "cancelBulkPlan": [{}],
        "createBulkPlan": [{"rows": [row]}],
    }  # fmt: skip


def forms_of_buying(t: Tenant, order: dict[str, str]) -> dict[str, dict[str, str]]:
    """What a tenant types about them in the portal."""
    ids = t.ids
    return {
        "resale_prices.update": {"markup": "5", "rounding": "minor", "version": "0"},
        "carts.add": order | {"line_id": str(new_id())}, "carts.refill": {"order": ids.get("order", "")},
        "carts.update": {"po_reference": "x"}, "carts.change_line": {"quantity": "3"}, "carts.empty": {},
        "carts.check": {}, "carts.order": {"preview_id": ids.get("preview", "")},
        "quotes.create": {"cart": ids.get("cart", ""), "quote_id": str(new_id()), "valid_days": "30"},
        "quotes.send": {"version": "1"}, "quotes.decline": {"version": "1"}, "quotes.accept": {},
        "approvals.decide": {"verb": "reject", "reason": "x", "version": "1"},
        "decisions.decide": {"mode": "renew", "version": "1"}, "decisions.give": {"owner": "", "version": "1"},
        "drift.settle": {"decision": "ignore", "reason": "x", "version": "1"},
        "drift.compare": {"account": ids.get("account", "")}, "bulk.apply": {"digest": "x"},
        "drift.set_rule": {"account": ids.get("account", ""), "adopt": "all", "version": "1"},
        "bulk.create": {"csv": f"subscription,action,value\n{ids.get('subscription')},cancel,now"},
        "bulk.cancel": {"version": "1"},
    }  # fmt: skip
