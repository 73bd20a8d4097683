"""Subscriptions and their rules: seats go back newest first within their window, terms end, renew or move on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from . import clock, ledger, plans, terms
from .books import Document, Pages
from .errors import No

RUNNING = ("active", "suspended")  # what is suspended is billed on: it is kept for the customer
MONTHS = plans.MONTHS
DELETES_SCHEDULED = (
    "change_quantity",
    "extend",
    "cancel",
    "suspend",
    "change_plan",
)  # what was planned goes with these


def create(pages: Pages, order: Document, line: Document) -> Document:
    """Make the subscription that an accepted line asks for, and charge its first period."""
    offer, now = pages.get("offer", line["offer_id"]) or {}, clock.now(pages)
    today = now.date()
    subscription = {
        "id": f"CS-{4410000 + pages.number('subscription')}",
        "reference": line["reference"],
        "customer": order["customer"],
        "offer_id": offer["id"],
        "name": offer["name"],
        "quantity": line["quantity"],
        "status": "active",
        "term": line["term"],
        "billing_cycle": line["billing_cycle"],
        "unit_purchase_price": line["unit_purchase_price"],
        "currency": order["currency"],
        "start_date": str(today),
        "term_start": str(today),
        "valid_to": term_end(today, line["term"]),
        "auto_renew": line["term"] in MONTHS and offer["kind"] != "trial",
        "lots": [_lot(offer, line["quantity"], now)],
        "cancelable_until": _until(now, offer["policy"]["cancel_window_hours"]),
        "parent_subscription_id": line["parent_subscription_id"],
        "billed_to": str(today),
        "next_term": None,
        "version": 1,
    }
    ledger.bill_next(pages, subscription)
    ledger.tell(pages, "subscription.created", "subscription", subscription["id"])
    return pages.put("subscription", subscription, owner=order["customer"])


def term_end(start: date, term: str) -> str | None:
    """The last day of a term that starts on a day; None for what was bought once."""
    if term not in MONTHS:
        return None
    return str(clock.add_months(start, MONTHS[term]) - timedelta(days=1))


def _until(now: datetime, hours: float | None) -> str | None:
    return clock.stamp(now + timedelta(hours=hours)) if hours else None


def _lot(offer: Document, quantity: int, now: datetime) -> Document:
    window = offer["policy"]["return_window_hours"] if offer["policy"]["returnable"] else None
    return {"quantity": quantity, "added_at": clock.stamp(now), "returnable_until": _until(now, window)}


def shown(subscription: Document) -> Document:
    """A subscription as the outside sees it."""
    hidden = {"term_start", "billed_to"}
    answer = {name: value for name, value in subscription.items() if name not in hidden}
    return answer | {"etag": f'"{subscription["id"]}-{subscription["version"]}"'}


def open_lots(subscription: Document, now: datetime) -> list[Document]:
    """The lots that can still go back, newest first."""
    lots = reversed(subscription["lots"])
    return [lot for lot in lots if lot["returnable_until"] and clock.parsed(lot["returnable_until"]) >= now]


def policy(pages: Pages, subscription: Document) -> dict[str, Any]:
    """What may be changed now, with reasons for what may not."""
    offer, now = pages.get("offer", subscription["offer_id"]) or {}, clock.now(pages)
    until = subscription["cancelable_until"]
    can_cancel = bool(until and clock.parsed(until) >= now)
    lots, reasons = open_lots(subscription, now), {}
    if not can_cancel:
        reasons["cancel"] = {"code": "past_cancellation_window", "message": "The window to cancel has closed."}
    if not lots:
        reasons["decrease"] = {"code": "past_return_window", "message": "Seats cannot go back before the renewal."}
    returnable = [{"quantity": lot["quantity"], "until": lot["returnable_until"]} for lot in lots]
    active = subscription["status"] == "active"
    addons = addons_of(pages, subscription)
    if addons:
        reasons["cancel"] = {"code": "addons_running", "message": "Cancel its add-ons first."}
    return {
        "can_increase": active,
        "min_quantity": offer["min_quantity"],
        "max_quantity": offer["max_quantity"],
        "returnable": returnable if active else [],
        "cancel_until": until if can_cancel else None,
        "cancel_at_end_allowed": subscription["status"] in RUNNING and subscription["valid_to"] is not None,
        "allowed_end_dates": end_dates(offer, subscription) if active else [],
        "extend_mode": offer["policy"]["extend"],
        "locked_from": None,
        "end_of_term": terms.rules(pages, subscription, offer) if active else None,
        "reasons": reasons,
    } | _planning(pages, subscription, offer, active)


def _planning(pages: Pages, subscription: Document, offer: Document, active: bool) -> dict[str, Any]:
    """What may become of it otherwise: a pause, another plan, another next term."""
    lasts = subscription["valid_to"] is not None and offer["kind"] != "trial"
    return {
        "can_suspend": active and lasts,
        "can_resume": subscription["status"] == "suspended",
        "suspended_at_end": "expires",
        "can_schedule": active and lasts and subscription["auto_renew"],
        "deletes_scheduled": list(DELETES_SCHEDULED),
        "transitions": plans.transitions(pages, subscription) if active else [],
        "renewal_offers": plans.renewal_offers(pages, subscription) if active and lasts else [],
        "addons": {"cancel": "block", "suspend": "keep", "expire": "keep"},
    }


def addons_of(pages: Pages, subscription: Document) -> list[Document]:
    """What runs and adds to a subscription."""
    mine = {subscription["id"], subscription["reference"]} - {None}  # what was bought here has no reference
    held = pages.find("subscription", owner=subscription["customer"])
    return [one for one in held if one["parent_subscription_id"] in mine and one["status"] in RUNNING]


def end_dates(offer: Document, subscription: Document) -> list[str]:
    """The later last days this subscription may be extended to: at most twelve, within the longest term."""
    mode, last = offer["policy"]["extend"], subscription["valid_to"]
    if mode not in ("free_date", "month_end") or not last:
        return []
    day = date.fromisoformat(last)
    longest = clock.add_months(date.fromisoformat(subscription["start_date"]), offer["policy"]["max_term_months"])
    days = [clock.add_months(day, months) for months in range(13)]
    days = [clock.month_end(one) for one in days] if mode == "month_end" else days
    return [str(one) for one in sorted(set(days)) if day < one <= longest][:12]


def change(pages: Pages, subscription: Document, asked: Document) -> Document:
    """Apply a change; returns the refund ({amount, currency}) or nothing. Refuses what the policy does not allow."""
    today = clock.now(pages).date()
    if subscription["status"] not in RUNNING:
        raise No(422, "subscription_terminal", f"The subscription is {subscription['status']}.")
    kind = asked["kind"]
    if kind not in VERBS:
        raise No(400, "kind_unknown", f"kind is one of {', '.join(VERBS)}.")
    if subscription["status"] == "suspended" and kind not in ("resume", "cancel"):
        raise No(422, "subscription_suspended", "It is suspended: resume it first.")
    amount = VERBS[kind](pages, subscription, asked, today)
    if kind in DELETES_SCHEDULED:
        subscription["next_term"] = None
    return kept(pages, subscription, kind) | {"_refund": amount}


def kept(pages: Pages, subscription: Document, what: str) -> Document:
    """Keep a changed subscription and tell about it."""
    subscription["version"] += 1
    ledger.tell(pages, f"subscription.{what}", "subscription", subscription["id"])
    return pages.put("subscription", subscription)


def _set_quantity(pages: Pages, subscription: Document, asked: Document, today: date) -> Any:
    offer, wanted = pages.get("offer", subscription["offer_id"]) or {}, asked.get("quantity")
    least, most = offer["min_quantity"], offer["max_quantity"]
    if not isinstance(wanted, int) or not least <= wanted <= most:
        raise No(422, "quantity_out_of_range", f"The quantity must be {least} to {most}.", min=least, max=most)
    difference = wanted - subscription["quantity"]
    if difference > 0:
        subscription["lots"].append(_lot(offer, difference, clock.now(pages)))
    elif difference < 0:
        give_back(subscription, -difference, clock.now(pages))
    subscription["quantity"] = wanted
    return ledger.bill_change(pages, subscription, difference, today) if difference else None


def give_back(subscription: Document, quantity: int, now: datetime) -> None:
    """Take seats out of the newest lots; refuses more than can still go back."""
    lots = open_lots(subscription, now)
    if sum(lot["quantity"] for lot in lots) < quantity:
        last = subscription["valid_to"]
        available = str(date.fromisoformat(last) + timedelta(days=1)) if last else None
        raise No(422, "not_allowed_now", "So many seats cannot go back before the renewal.", available_from=available)
    for lot in lots:
        taken = min(lot["quantity"], quantity)
        lot["quantity"] -= taken
        quantity -= taken
    subscription["lots"] = [lot for lot in subscription["lots"] if lot["quantity"]]


def _cancel(pages: Pages, subscription: Document, asked: Document, today: date) -> Any:
    if asked.get("mode", "now") == "end_of_term":
        if subscription["valid_to"] is None:
            raise No(422, "not_allowed_now", "What was bought once has no end of term.")
        terms.check_lock(pages, subscription)
        subscription.update(auto_renew=False, end_of_term="cancel")
        return None
    until = subscription["cancelable_until"]
    if not until or clock.parsed(until) < clock.now(pages):
        last = subscription["valid_to"]
        available = str(date.fromisoformat(last) + timedelta(days=1)) if last else None
        raise No(422, "not_allowed_now", "The window to cancel has closed.", available_from=available)
    if addons_of(pages, subscription):
        raise No(422, "addons_running", "Its add-ons run on: cancel them first.")
    subscription.update(status="canceled", auto_renew=False)
    return ledger.bill_change(pages, subscription, -subscription["quantity"], today)


def _extend(pages: Pages, subscription: Document, asked: Document, today: date) -> Any:
    offer = pages.get("offer", subscription["offer_id"]) or {}
    allowed = end_dates(offer, subscription)
    if asked.get("end_date") not in allowed:
        raise No(422, "end_date_not_allowed", "This end date is not allowed.", allowed_end_dates=allowed)
    subscription["valid_to"] = asked["end_date"]
    return None


def _suspend(pages: Pages, subscription: Document, asked: Document, today: date) -> None:
    if not policy(pages, subscription)["can_suspend"]:
        raise No(422, "not_allowed_now", "This cannot be suspended.")
    subscription["status"] = "suspended"


def _resume(pages: Pages, subscription: Document, asked: Document, today: date) -> None:
    if subscription["status"] != "suspended":
        raise No(422, "not_allowed_now", "It is not suspended.")
    subscription["status"] = "active"


def _schedule(pages: Pages, subscription: Document, asked: Document, today: date) -> None:
    plans.schedule(pages, subscription, asked)


VERBS = {
    "change_quantity": _set_quantity, "cancel": _cancel, "extend": _extend, "suspend": _suspend, "resume": _resume,
    "change_plan": plans.change_plan, "schedule_next_term": _schedule, "end_of_term": terms.set_end,
}  # fmt: skip


def pass_days(pages: Pages) -> None:
    """Catch up with the clock: bill the periods that began, and renew or end the terms that ran out, in their order."""
    moved = clock.moved(pages)
    with clock.ahead_by(max(moved.values(), default=0.0)):
        latest = clock.now(pages).date()
    for subscription in pages.overdue(str(latest)):
        with clock.ahead_by(moved.get(subscription["customer"], 0.0)):
            _catch_up(pages, subscription, clock.now(pages).date())


def _catch_up(pages: Pages, subscription: Document, today: date) -> None:
    before = subscription["billed_to"]
    while subscription["status"] in RUNNING:
        last = date.fromisoformat(subscription["valid_to"]) if subscription["valid_to"] else date.max
        if date.fromisoformat(subscription["billed_to"]) <= min(today, last):
            if not ledger.bill_next(pages, subscription):
                break
        elif today <= last or not _renewed(pages, subscription, last + timedelta(days=1)):
            break
    if subscription["billed_to"] != before:
        pages.put("subscription", subscription)


def _renewed(pages: Pages, subscription: Document, start: date) -> bool:
    if terms.set_to(subscription) == "bridge" and subscription["status"] != "suspended":
        terms.bridge(subscription, start)
        kept(pages, subscription, "bridged")
        return True
    if not subscription["auto_renew"] or subscription["status"] == "suspended":
        subscription.update(status="expired", next_term=None)
        kept(pages, subscription, "expired")
        return False
    plans.renew_into(pages, subscription, start)
    offer = pages.get("offer", subscription["offer_id"]) or {}
    renewed_at = datetime.combine(start, datetime.min.time(), tzinfo=clock.now(pages).tzinfo)
    subscription.update(
        term_start=str(start),
        valid_to=term_end(start, subscription["term"]),
        lots=[_lot(offer, subscription["quantity"], renewed_at)],
        cancelable_until=_until(renewed_at, offer["policy"]["cancel_window_hours"]),
    )
    kept(pages, subscription, "renewed")
    return True
