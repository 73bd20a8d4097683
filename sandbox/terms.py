"""The end of a term: renewed, ended, or bridged by extended service, as was decided before the lock.

Extended service goes on month by month at a surcharge, and ends on any day. What is decided is heard until a day before
the term is over; its last day is inclusive, and the next term begins on the day after it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from . import clock, ledger
from .books import Document, Pages
from .errors import No

LOCK = timedelta(hours=24)
SURCHARGE = Decimal(3)  # percent
BRIDGEABLE = ("seat", "addon")


def renewal_of(subscription: Document) -> datetime:
    """The moment at which the term is over: the day after its last one begins."""
    last = date.fromisoformat(subscription["valid_to"])
    return datetime.combine(last + timedelta(days=1), time(), UTC)


def rules(pages: Pages, subscription: Document, offer: Document) -> Document | None:
    """What may be decided about the end of the term, and until when; None for what does not end."""
    if subscription["valid_to"] is None:
        return None
    return {
        "modes": ways_of(subscription, offer),
        "default": "renew" if subscription["auto_renew"] else "cancel",
        "set_to": set_to(subscription),
        "surcharge_percent": str(SURCHARGE),
        "locked_from": clock.stamp(renewal_of(subscription) - LOCK),
    }


def set_to(subscription: Document) -> str:
    """What happens at the end of the term as it stands."""
    kept: str = subscription.get("end_of_term", "")
    return kept if kept == "bridge" else "renew" if subscription["auto_renew"] else "cancel"


def ways_of(subscription: Document, offer: Document) -> list[str]:
    """The ways in which a term may end. A trial cannot be renewed; extended service is no term that could be."""
    if subscription.get("extended"):
        return ["bridge", "cancel"]
    if offer["kind"] == "trial":
        return ["cancel"]
    return ["renew", "cancel", "bridge"] if offer["kind"] in BRIDGEABLE else ["renew", "cancel"]


def set_end(pages: Pages, subscription: Document, asked: Document, today: date) -> Any:
    """Decide what happens at the end of the term. Refused within the lock before it."""
    offer, mode = pages.get("offer", subscription["offer_id"]) or {}, asked.get("mode")
    if subscription["valid_to"] is None:
        raise No(422, "not_allowed_now", "What was bought once has no end of term.")
    if mode not in ways_of(subscription, offer):
        raise No(422, "mode_not_offered", f"The end of this term may be: {', '.join(ways_of(subscription, offer))}.")
    check_lock(pages, subscription)
    subscription.update(end_of_term=mode, auto_renew=mode == "renew")


def check_lock(pages: Pages, subscription: Document) -> None:
    """Refuse to hear of the end of a term that is as good as over."""
    renewal = renewal_of(subscription)
    if clock.now(pages) >= renewal - LOCK:
        raise No(422, "locked_before_renewal", "The end of the term is too near.", available_from=clock.stamp(renewal))


def bridge(subscription: Document, start: date) -> None:
    """Go on by extended service for a month: at the monthly price and the surcharge, to be cancelled on any day."""
    if not subscription.get("extended"):
        price = Decimal(subscription["unit_purchase_price"])
        monthly = price / 12 if subscription["billing_cycle"] == "annual" else price
        dearer = ledger.rounded(monthly * (100 + SURCHARGE) / 100, subscription["currency"])
        subscription.update(unit_purchase_price=str(dearer), extended=True, term="P1M", billing_cycle="monthly")
    last = clock.add_months(start, 1) - timedelta(days=1)
    subscription.update(term_start=str(start), valid_to=str(last), auto_renew=False, end_of_term="bridge")
    subscription["cancelable_until"] = clock.stamp(renewal_of(subscription))
