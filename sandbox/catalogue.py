"""The provider's catalogue: a hundred products in their editions, with add-ons and trials, the same every time."""

from __future__ import annotations

import csv
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from .books import Pages

Offer = dict[str, Any]
RATES = {  # how many of a currency our provider asks for one euro
    "EUR": "1",
    "GBP": "0.86",
    "NOK": "11.6",
    "SEK": "11.2",
    "CHF": "0.95",
    "PLN": "4.3",
    "SGD": "1.46",
    "AUD": "1.66",
    "JPY": "164",
    "NZD": "1.82",
    "INR": "91",
}
EDITIONS = (
    ("", "1", "", 1, 500),
    (" Plus", "1.6", " Plus adds single sign-on, longer retention and answers within a working day.", 5, 2500),
    (
        " Enterprise",
        "2.4",
        " Enterprise adds an audit trail, a contact by name and a service level of 99.95 percent.",
        25,
        10000,
    ),
)
PLANS = {  # (term, billing cycle): how much of twelve single months it costs, per billing cycle
    "seat": (
        (("P1M", "monthly"), "1.2"),
        (("P1Y", "monthly"), "1"),
        (("P1Y", "annual"), "11.4"),
        (("P3Y", "monthly"), "0.9"),
    ),
    "addon": ((("P1M", "monthly"), "1.2"), (("P1Y", "monthly"), "1"), (("P1Y", "annual"), "11.4")),
    "usage": ((("P1M", "monthly"), "1"),),
    "perpetual": ((("one_time", "one_time"), "1"),),
    "trial": ((("P1M", "monthly"), "0"),),
}
LISTED = Decimal("1.35")  # how much more the provider asks of everybody than of a reseller
MONTHLY_ONLY = {"Margie Networks"}
EXTEND = {
    "Fabrikam": "month_end",
    "Adatum": "month_end",
    "Litware": "free_date",
    "Tailspin Software": "month_end",
    "Wide World Importers": "next_term",  # only when a term is over
}
QUESTIONS: dict[tuple[str, str], dict[str, Any]] = {  # what we want to know with an order
    ("Northfield Labs", "API Portal"): {"questions": [
        {"key": "domain", "label": "Domain name of the portal", "kind": "domain", "required": True,
         "hint": "Developers find it there, such as developers.northwind.example."},
        {"key": "hosting", "label": "Where it is hosted", "kind": "choice", "required": True,
         "choices": ["European Union", "United States", "Asia Pacific"]},
        {"key": "tax_exemption", "label": "Tax exemption number", "kind": "text"},
        {"key": "no_military_use", "label": "It is not used for military purposes", "kind": "yes_no", "required": True},
    ]},
}  # fmt: skip


def offers() -> list[Offer]:
    """All offers, in a stable order."""
    with (Path(__file__).parent / "catalogue.csv").open(encoding="utf-8") as lines:
        products = list(csv.DictReader(lines, delimiter="|"))
    made = [_offer(product, *edition) for product in products for edition in _editions(product)]
    made += [_addon(product) for product in products if product["kind"] == "seat" and len(product["name"]) % 3 == 0]
    made += [_trial(product) for product in products if product["kind"] == "seat" and len(product["name"]) % 4 == 1]
    return [*made, _data_connector()]


def _editions(product: dict[str, str]) -> tuple[tuple[str, str, str, int, int], ...]:
    return EDITIONS if product["kind"] in ("seat", "usage") else EDITIONS[:1]


def slug(vendor: str, name: str) -> str:
    """The stable id of an offer."""
    words = f"{vendor.split()[0]} {name}".lower().replace("1 tb", "1tb")
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-")


def _offer(product: dict[str, str], suffix: str, factor: str, more: str, least: int, most: int) -> Offer:
    kind, name = product["kind"], product["name"] + suffix
    base = Decimal(product["eur"]) * Decimal(factor)
    return {
        "id": slug(product["vendor"], name),
        "vendor": product["vendor"],
        "category": product["category"],
        "name": name,
        "description": product["description"] + more,
        "kind": kind,
        "unit": product["unit"],
        "addon_of": [],
        "prerequisites": _prerequisites(product["name"]),
        "min_quantity": least if kind == "seat" else 1,
        "max_quantity": most,
        "countries": ["*"],
        "policy": policy(product["vendor"], kind) | QUESTIONS.get((product["vendor"], product["name"]), {}),
        "valid_from": "2024-01-01",
        "valid_to": None,
        "version": 1,
        "plans": plans(kind, base, product["vendor"]),
    }


def _prerequisites(name: str) -> list[str]:
    return {"Disaster Recovery": [slug("Fabrikam", "Server Backup 1 TB")]}.get(name, [])


def policy(vendor: str, kind: str) -> dict[str, Any]:
    """Windows and limits of a kind of offer: facts of the provider, not of the reseller."""
    window = {"perpetual": 720, "usage": 72, "trial": 0}.get(kind, 336 if vendor == "Alpine Design" else 168)
    returnable = kind in ("seat", "addon") and vendor != "Wide World Importers"
    return {
        "cancel_window_hours": window or None,
        "return_window_hours": window if returnable else None,
        "returnable": returnable,
        "extend": EXTEND.get(vendor, "free_date") if kind in ("seat", "addon") else "none",
        "max_term_months": 36 if vendor in MONTHLY_ONLY else 60,
    }


def plans(kind: str, base: Decimal, vendor: str) -> list[dict[str, Any]]:
    """The ways to buy an offer, each with a purchase price in every currency."""
    sold = PLANS[kind][:2] if vendor in MONTHLY_ONLY else PLANS[kind]
    return [
        {"term": term, "billing_cycle": cycle, "prices": [_price(base * Decimal(factor), code) for code in RATES]}
        for (term, cycle), factor in sold
    ]


def _price(euros: Decimal, currency: str) -> dict[str, str]:
    exponent = Decimal(1) if currency == "JPY" else Decimal("0.01")
    amount = (euros * Decimal(RATES[currency])).quantize(exponent, rounding=ROUND_HALF_UP)
    listed = (amount * LISTED).quantize(exponent, rounding=ROUND_HALF_UP)
    return {"currency": currency, "purchase_price": str(amount), "list_price": str(listed)}


def _addon(product: dict[str, str]) -> Offer:
    name = f"{product['name']} Support Pack"
    text = f"Answers about {product['name']} by telephone, day and night, from people who know it."
    made = _offer(product | {"name": name, "description": text, "kind": "addon"}, "", "0.3", "", 1, 500)
    return made | {"addon_of": [slug(product["vendor"], product["name"] + edition[0]) for edition in EDITIONS]}


def _trial(product: dict[str, str]) -> Offer:
    name = f"{product['name']} Trial"
    text = f"{product['name']} for a month, for up to 25, at no charge. It does not renew."
    return _offer(product | {"name": name, "description": text, "kind": "trial"}, "", "1", "", 1, 25)


def _data_connector() -> Offer:
    product = {
        "vendor": "Tailspin Software",
        "category": "Analytics",
        "name": "Data Connector",
        "kind": "addon",
        "unit": "connector",
        "eur": "9.60",
        "description": "Brings a further source into Analytics Pro and keeps it fresh.",
    }
    return _offer(product, "", "1", "", 1, 100) | {"addon_of": [slug("Tailspin Software", "Analytics Pro")]}


# ---------- what changes ----------


def change(pages: Pages, offer: Offer) -> Offer:
    """Keep an offer as it is now, and that it has changed."""
    pages.put("offer", offer)
    pages.put("offer_revision", {"id": str(pages.number("offer_revision")), "offer_id": offer["id"]})
    return offer


def mark(pages: Pages) -> int:
    """Where the catalogue stands: the place of the last change of an offer."""
    return pages.last("offer_revision")


def sold(pages: Pages, after: int, limit: int) -> tuple[list[Offer], int | None]:
    """A page of all that is sold."""
    found, more = pages.page("offer", after, limit)
    return [one for one in found if not one.get("ended")], more


def changed(pages: Pages, since: int, limit: int) -> tuple[list[Offer], int | None]:
    """A page of what has changed after a mark, each offer as it is now; with `ended` on what is no longer sold."""
    revisions, more = pages.page("offer_revision", since, limit)
    named = dict.fromkeys(one["offer_id"] for one in revisions)
    return [offer for one in named if (offer := pages.get("offer", one))], more
