"""Other plans: which ones a subscription may change to now, or renew into, and what it is billed when it does."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from . import clock, ledger
from .books import Document, Pages
from .catalogue import EDITIONS, slug
from .errors import No

MONTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}
SUFFIXES = tuple(suffix for suffix, *_ in EDITIONS)
INSTRUCTIONS = ("quantity", "offer_id", "term", "billing_cycle")


def _editions(pages: Pages, offer: Document) -> list[Document]:
    """The editions of a product that can be had, the least first; of a trial, those of what it tries."""
    name = offer["name"].removesuffix(" Trial")
    for suffix in SUFFIXES[1:]:
        name = name.removesuffix(suffix)
    found = [pages.get("offer", slug(offer["vendor"], name + suffix)) for suffix in SUFFIXES]
    return [one for one in found if one is not None and one["kind"] == "seat"]


def _plan(offer: Document, term: str, cycle: str, kind: str, new_term: bool) -> Document:
    return {
        "offer_id": offer["id"], "term": term, "billing_cycle": cycle, "kind": kind, "new_term": new_term,
        "reopens_window": new_term, "min_quantity": offer["min_quantity"], "max_quantity": offer["max_quantity"],
    }  # fmt: skip


def transitions(pages: Pages, subscription: Document) -> list[Document]:
    """What it may change to now: a higher edition until the same day, a longer term, or out of a trial."""
    offer = pages.get("offer", subscription["offer_id"]) or {}
    if offer.get("kind") not in ("seat", "trial"):
        return []
    editions, term, cycle = _editions(pages, offer), subscription["term"], subscription["billing_cycle"]
    if offer["kind"] == "trial":
        sold = [(one, plan) for one in editions[:1] for plan in one["plans"]]
        return [_plan(one, plan["term"], plan["billing_cycle"], "conversion", True) for one, plan in sold]
    ids = [one["id"] for one in editions]
    higher = editions[ids.index(offer["id"]) + 1 :] if offer["id"] in ids else []
    same = [_plan(one, term, cycle, "edition", False) for one in higher if price_of(one, term, cycle, "EUR")]
    longer = [plan for plan in offer["plans"] if MONTHS.get(plan["term"], 0) > MONTHS.get(term, 99)]
    return same + [_plan(offer, plan["term"], plan["billing_cycle"], "term", True) for plan in longer]


def renewal_plans(pages: Pages, subscription: Document) -> list[Document]:
    """What it may renew into: every edition in every term, lower ones too."""
    offer = pages.get("offer", subscription["offer_id"]) or {}
    editions = _editions(pages, offer) if offer.get("kind") == "seat" else [offer] if offer else []
    return [
        _plan(one, plan["term"], plan["billing_cycle"], "renewal", True)
        for one in editions
        for plan in one["plans"]
        if plan["term"] in MONTHS
    ]


def renewal_offers(pages: Pages, subscription: Document) -> list[str]:
    """The offers whose plans it may renew into."""
    return list(dict.fromkeys(plan["offer_id"] for plan in renewal_plans(pages, subscription)))


def price_of(offer: Document, term: str, cycle: str, currency: str) -> Decimal | None:
    """What a unit of a plan costs a reseller; None where it is not sold so."""
    for plan in offer["plans"]:
        if (plan["term"], plan["billing_cycle"]) == (term, cycle):
            found = [price for price in plan["prices"] if price["currency"] == currency]
            return Decimal(found[0]["purchase_price"]) if found else None
    return None


def _chosen(among: list[Document], asked: Document) -> Document:
    wanted = tuple(asked.get(name) for name in ("offer_id", "term", "billing_cycle"))
    for plan in among:
        if (plan["offer_id"], plan["term"], plan["billing_cycle"]) == wanted:
            return plan
    raise No(422, "plan_not_allowed", "This plan cannot be changed to.", allowed=among)


def _quantity(plan: Document, asked: Any, least: int) -> int:
    least, most = max(least, plan["min_quantity"]), plan["max_quantity"]
    if not isinstance(asked, int) or not least <= asked <= most:
        raise No(422, "quantity_out_of_range", f"The quantity must be {least} to {most}.", min=least, max=most)
    return asked


def put_on(pages: Pages, subscription: Document, plan: Document) -> None:
    """Make a subscription one of another plan, at the price of today."""
    offer = pages.get("offer", plan["offer_id"]) or {}
    price = price_of(offer, plan["term"], plan["billing_cycle"], subscription["currency"])
    if price is None:
        raise No(422, "currency_not_sold", "This plan has no price in the subscription's currency.")
    subscription.update(
        offer_id=offer["id"], name=offer["name"], term=plan["term"], billing_cycle=plan["billing_cycle"],
        unit_purchase_price=str(price),
    )  # fmt: skip


def change_plan(pages: Pages, subscription: Document, asked: Document, today: date) -> Decimal | None:
    """Change to another plan from today on: what is billed of the old one goes back, the new one is billed.

    A plan with a term of its own begins it today. Returns the refund, below zero.
    """
    plan, before = _chosen(transitions(pages, subscription), asked), subscription["quantity"]
    least = 1 if plan["kind"] == "conversion" else before
    quantity = _quantity(plan, asked.get("quantity", before), least)
    free = Decimal(subscription["unit_purchase_price"]) == 0
    refund = None if free else ledger.bill_change(pages, subscription, -before, today)
    put_on(pages, subscription, plan)
    subscription["quantity"] = quantity
    if plan["new_term"]:
        _begin_term(subscription, today)
    _bill_to_end(pages, subscription, today)
    return refund


def _begin_term(subscription: Document, today: date) -> None:
    last = clock.add_months(today, MONTHS[subscription["term"]]) - timedelta(days=1)
    subscription.update(start_date=str(today), term_start=str(today), valid_to=str(last), auto_renew=True)
    subscription.update(extended=False, end_of_term="renew")  # also what ran on by extended service before
    after = min(ledger.billing_period(subscription, today)[1], last + timedelta(days=1))
    subscription["billed_to"] = str(after)


def _bill_to_end(pages: Pages, subscription: Document, today: date) -> None:
    """Bill all units from today to the first day that is not billed, each billing period at its own length."""
    first, after = today, date.fromisoformat(subscription["billed_to"])
    while first < after:
        period = ledger.billing_period(subscription, first)
        stop = min(period[1], after)
        ledger.charge(pages, subscription, "proration", subscription["quantity"], first, stop, period)
        first = stop


def schedule(pages: Pages, subscription: Document, asked: Document) -> None:
    """Note what the next term shall begin with, or nothing more."""
    wanted = asked.get("instructions")
    if wanted is None:
        subscription["next_term"] = None
        return
    if not subscription["auto_renew"] or subscription["valid_to"] is None:
        raise No(422, "needs_auto_renew", "What does not renew has no next term.")
    kept = {name: wanted[name] for name in INSTRUCTIONS if wanted.get(name) is not None}
    if not kept:
        raise No(400, "field_missing", f"Say one of {', '.join(INSTRUCTIONS)}.")
    plan = _chosen(renewal_plans(pages, subscription), _next(subscription) | kept)
    _quantity(plan, kept.get("quantity", subscription["quantity"]), 1)
    subscription["next_term"] = kept


def _next(subscription: Document) -> Document:
    return {name: subscription[name] for name in ("offer_id", "term", "billing_cycle")}


def renew_into(pages: Pages, subscription: Document, start: date) -> None:
    """Carry out at a renewal what was scheduled for it; another plan counts its periods from that day."""
    wanted = subscription.get("next_term")
    if wanted:
        if set(wanted) != {"quantity"}:
            subscription["start_date"] = str(start)
        put_on(pages, subscription, _next(subscription) | wanted)
        subscription["quantity"] = wanted.get("quantity", subscription["quantity"])
    subscription["next_term"] = None
