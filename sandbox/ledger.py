"""What happened, for whoever asks since when; and what it costs, day by day, for whoever bills it on."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from . import clock
from .books import Document, Pages

ZERO_DECIMAL = {"JPY", "KRW", "VND"}


def tell(pages: Pages, kind: str, resource: str, resource_id: str) -> None:
    """Write one line of the changes feed."""
    cursor = pages.number("feed")
    at = clock.stamp(clock.now(pages))
    pages.put(
        "feed",
        {
            "id": str(cursor),
            "cursor": str(cursor),
            "at": at,
            "kind": kind,
            "resource": resource,
            "resource_id": resource_id,
        },
    )


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half up to the currency's minor unit."""
    return amount.quantize(Decimal(1) if currency in ZERO_DECIMAL else Decimal("0.01"), rounding=ROUND_HALF_UP)


def charge(
    pages: Pages, subscription: Document, kind: str, quantity: int, first: date, after: date, period: tuple[date, date]
) -> Decimal:
    """Book units of a subscription for the days from `first` to before `after` of a billing period.

    `quantity` is negative for a refund. Returns the amount, rounded once.
    """
    days, whole = (after - first).days, (period[1] - period[0]).days
    share = Decimal(days) / Decimal(whole)
    amount = rounded(Decimal(subscription["unit_purchase_price"]) * quantity * share, subscription["currency"])
    number = pages.number("line")
    line = {
        "id": f"BL-{number:08d}",
        "period": f"{first:%Y-%m}",
        "customer": subscription["customer"],
        "subscription_id": subscription["id"],
        "subscription_reference": subscription["reference"],
        "offer_id": subscription["offer_id"],
        "kind": kind,
        "quantity": quantity,
        "unit_purchase_price": subscription["unit_purchase_price"],
        "from_date": str(first),
        "to_date": str(after),
        "amount": {"amount": str(amount), "currency": subscription["currency"]},
        "description": f"{subscription['name']}, {quantity} × {days} of {whole} days",
    }
    pages.put("line", line | {"reference": line["period"]}, owner=line["period"])
    return amount


def billing_period(subscription: Document, day: date) -> tuple[date, date]:
    """The billing period around a day: calendar months, years of the term, or the one purchase."""
    if subscription["billing_cycle"] == "monthly":
        return day.replace(day=1), clock.month_end(day) + timedelta(days=1)
    start = date.fromisoformat(subscription["start_date"])
    if subscription["billing_cycle"] == "one_time":
        return start, start + timedelta(days=1)
    years = 0
    while clock.add_months(start, 12 * (years + 1)) <= day:
        years += 1
    return clock.add_months(start, 12 * years), clock.add_months(start, 12 * (years + 1))


def bill_next(pages: Pages, subscription: Document) -> bool:
    """Charge all units from `billed_to` to the end of its billing period, or of the term where that comes first.

    Moves `billed_to`, the first day that is not billed yet. Returns whether there was anything to bill.
    """
    first, last = date.fromisoformat(subscription["billed_to"]), subscription["valid_to"]
    start, end = billing_period(subscription, first)
    if subscription["billing_cycle"] == "one_time":
        if str(start) != subscription["billed_to"]:
            return False
        after = end
    else:
        after = min(end, date.fromisoformat(last) + timedelta(days=1)) if last else end
    if after <= first:
        return False
    kind = "cycle" if (first, after) == (start, end) else "proration"
    charge(pages, subscription, kind, subscription["quantity"], first, after, (start, end))
    subscription["billed_to"] = str(after)
    return True


def bill_change(pages: Pages, subscription: Document, quantity: int, day: date) -> Decimal | None:
    """Charge units that came (or refund units that went, below zero) from a day to where all is billed already."""
    period = billing_period(subscription, day)
    if subscription["billing_cycle"] == "one_time":
        return charge(pages, subscription, "cycle" if quantity > 0 else "refund", quantity, *period, period)
    kind = "refund" if quantity < 0 else "proration"
    return charge(pages, subscription, kind, quantity, day, date.fromisoformat(subscription["billed_to"]), period)
