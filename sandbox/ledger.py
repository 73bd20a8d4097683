"""What happened, for whoever asks since when; and what it costs, day by day, for whoever bills it on."""

from __future__ import annotations

from collections.abc import Iterator
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


def charge_from(pages: Pages, subscription: Document, quantity: int, day: date) -> Decimal:
    """Charge (or refund) units from a day to the end of its billing period, or of the term where that comes first."""
    start, end = billing_period(subscription, day)
    if subscription["billing_cycle"] == "one_time":
        return charge(pages, subscription, "cycle" if quantity > 0 else "refund", quantity, start, end, (start, end))
    last = subscription["valid_to"]
    after = min(end, date.fromisoformat(last) + timedelta(days=1)) if last else end
    kind = "refund" if quantity < 0 else "cycle" if day == start and after == end else "proration"
    return charge(pages, subscription, kind, quantity, day, max(after, day), (start, end))


def run_cycles(pages: Pages, subscription: Document, since: date, until: date) -> None:
    """Charge every billing period that began after `since`, up to and including `until`."""
    for day in _days_after(since, until):
        if subscription["valid_to"] and day > date.fromisoformat(subscription["valid_to"]):
            return
        if billing_period(subscription, day)[0] == day and subscription["billing_cycle"] != "one_time":
            charge_from(pages, subscription, subscription["quantity"], day)


def _days_after(since: date, until: date) -> Iterator[date]:
    day = since + timedelta(days=1)
    while day <= until:
        yield day
        day += timedelta(days=1)
