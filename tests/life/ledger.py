"""The charges of a subscription: every day of every unit is paid for exactly once, at its price."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select

from domains import billing
from domains.billing.models import Charge, ProviderLine

from .life import Life
from .rules import DAY, months_on
from .town import Sub

FAR = date(2100, 1, 1)


def check(life: Life, subs: list[Sub]) -> None:
    """Hold the charges of these subscriptions against the days on which they ran."""
    chosen = [sub for sub in subs if sub.ours and not sub.drifted and not sub.is_odd]
    ids = [sub.id for sub in chosen]
    with billing.db.begin_read() as session:
        charges = defaultdict[UUID, list[Any]](list)
        query = select(Charge).where(Charge.subscription_id.in_(ids)).order_by(Charge.created_at, Charge.id)
        for one in session.scalars(query):
            charges[one.subscription_id].append(one)
        lines = session.scalars(select(ProviderLine).where(ProviderLine.subscription_id.in_(ids)))
        wrong = {line.subscription_id: line for line in lines if line.state == "mismatch"}
    for sub in chosen:
        _renewals(life, sub, charges[sub.id])
        if sub.held.offer.kind in ("trial", "perpetual"):
            continue
        _days(life, sub, charges[sub.id])
        _amounts(life, sub, charges[sub.id])
        if sub.id in wrong:
            life.counts.checks[f"lines unexplained ({wrong[sub.id].reason})"] += 1
    life.counts.checks["ledgers"] += len(chosen)
    life.counts.checks["ledgers left out"] += len(subs) - len(chosen)


def _renewals(life: Life, sub: Sub, charges: list[Any]) -> None:
    found = [one.effective_on for one in charges if one.kind == "renewal"]
    if len(found) != len(sub.held.terms):
        raise life.broken(sub, f"it went on at {sub.held.terms} and was charged for it at {found}")


def _days(life: Life, sub: Sub, charges: list[Any]) -> None:
    """Compare, span by span, how many units are charged for and how many there were."""
    steps = defaultdict[date, int](int)
    paid = date.min
    for one in sorted(charges, key=_in_order):
        until = one.until or max(paid, _end_of_period(sub, one))
        first = sub.longer_from[one.effective_on] if one.kind == "extend" else one.effective_on
        if until >= first:
            steps[first] += one.units
            steps[until + DAY] -= one.units
        paid = one.until if one.until and (one.kind == "change_plan" or one.until > paid) else paid
    level, edges = 0, sorted({*steps, *(day for day, _ in sub.units), life.invoiced + DAY, FAR})
    for begin, end in pairwise(edges):
        level += steps.get(begin, 0)
        expected = _units_on(sub, begin)
        later = begin > life.invoiced  # what ends in a month is given back at once, and charged with the month
        if (level > expected and not sub.held.is_running) if later else level != expected:
            raise life.broken(sub, f"{level} units are charged from {begin} to {end - DAY}, and there were {expected}\n"
                              + _listed(charges))  # fmt: skip


def _in_order(charge: Any) -> tuple[Any, bool, bool]:
    """Charges of one moment: a term's before what is changed of it, what goes back of a plan before the new one."""
    return charge.created_at, charge.kind != "renewal", charge.kind == "change_plan" and charge.units > 0


def _end_of_period(sub: Sub, charge: Any) -> date:
    """Until when what comes or goes on a day is paid for: to the month's end, never beyond the term's."""
    day = charge.effective_on
    last, cycle = next(((last, cycle) for since, last, cycle in reversed(sub.spans) if since <= day), (day, ""))
    if charge.kind == "change_plan":  # what goes back of the plan before
        last, cycle = sub.replaced[day]
    month_end = months_on(day.replace(day=1), 1) - DAY
    return min(last, month_end) if cycle == "monthly" else date.min


def _units_on(sub: Sub, day: date) -> int:
    found = 0
    for since, units in sub.units:
        found = units if since <= day else found
    return found


def _listed(charges: list[Any]) -> str:
    return "\n".join(
        f"  {one.kind} {one.units} x {one.unit_price} from {one.effective_on} to {one.until}: {one.amount_minor}, "
        f"written {one.created_at:%Y-%m-%d %H:%M}" for one in charges
    )  # fmt: skip


def _amounts(life: Life, sub: Sub, charges: list[Any]) -> None:
    """What is charged for days of one calendar month is its share of the month's price."""
    for one in charges:
        month = months_on(one.effective_on.replace(day=1), 1)
        if one.kind not in ("activation", "period") or sub.held.cycle != "monthly" or sub.held.is_extended:
            continue
        if one.until is None or one.until >= month or (sub.held.terms and one.kind == "activation"):
            continue
        days, whole = (one.until - one.effective_on).days + 1, (month - month.replace(day=1)).days or 1
        whole = (month - (month - timedelta(days=1)).replace(day=1)).days
        exact = Decimal(one.unit_price) * one.units * days / whole
        if abs(one.amount.amount - exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)) > 1:
            raise life.broken(sub, f"{one.kind} of {days} days costs {one.amount} and not {exact}")
