"""What the provider bills us is held against what we have charged; running periods are charged as they come.

Every day of every seat is charged once: a period begins where earlier charges end. What fits nothing is a mismatch,
kept for a person to look at, and is never passed on by guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid5

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domains.kernel.database import insert_new
from domains.kernel.money import Money
from domains.kernel.proration import prorate

from ..models import Charge
from ..models import ProviderLine as Kept
from .charges import charge_period

_DAY = timedelta(days=1)
NOBODY = UUID(int=0)
_PROVIDER_LINES = UUID("7b0e6f0a-54a5-5c2e-8d0e-6b1f8f3f9a10")  # so that a provider's line has the same id each time


@dataclass(frozen=True)
class ProviderLine:
    """A line of the provider's month as billing reads it; see `services`, which pulls it."""

    line_id: str
    subscription_id: UUID
    kind: str
    quantity: int
    first: date
    after: date
    period_first: date
    period_after: date
    cost: Money


@dataclass(frozen=True)
class StrayLine:
    """A line of the provider's month that is of no subscription of ours; see `services`, which pulls it."""

    line_id: str
    reference: str
    kind: str
    quantity: int
    first: date
    after: date
    cost: Money


def keep_strays(session: Session, *, month: date, strays: tuple[StrayLine, ...]) -> None:
    """Keep the lines that belong to nobody, for a person to ask the provider about."""
    for line in strays:
        row = {
            "id": uuid5(_PROVIDER_LINES, line.line_id), "line_id": line.line_id, "customer_id": NOBODY,
            "reseller_id": None, "subscription_id": NOBODY, "month": month, "kind": line.kind[:20],
            "quantity": line.quantity, "first": line.first, "after": line.after, "currency": line.cost.currency,
            "cost_minor": line.cost.minor, "state": "mismatch", "charge_id": None, "reason": "unknown",
            "reference": line.reference[:80],
        }  # fmt: skip
        insert_new(session, Kept.__table__, row, "id")


def explain_lines(session: Session, *, subscription_id: UUID, reference: str, payer_id: UUID) -> None:
    """Match the provider's lines of a subscription that had no charge, or belonged to nobody, now that it has charges.

    `reference` is how the provider calls the subscription.
    """
    charges = list(session.scalars(select(Charge).where(Charge.subscription_id == subscription_id)))
    theirs = (Kept.subscription_id == NOBODY) & (Kept.reference == reference)
    own = (Kept.subscription_id == subscription_id) & (Kept.reason == "no_charge")
    query = select(Kept).where(Kept.state == "mismatch", or_(theirs, own)).order_by(Kept.first, Kept.line_id)
    for line in session.scalars(query):
        found = _match(line, _alive(line, charges))
        if found is not None and found.currency == line.currency:
            line.state, line.charge_id, line.reason = "matched", found.id, None
            line.customer_id, line.subscription_id = payer_id, subscription_id


def settle_lines(session: Session, lines: Sequence[ProviderLine], *, payer_id: UUID, month: date) -> None:
    """Hold each line against our charges, charge what has no charge yet, and keep both together.

    A line that is known already is not judged again; when it says something else now, a person must look at it.
    """
    for line in sorted(lines, key=lambda one: (one.first, one.line_id)):
        known = session.get(Kept, uuid5(_PROVIDER_LINES, line.line_id))
        if known is not None:
            _compare(known, line)
            continue
        charge_id, reason = _judged(session, line)
        row = {
            "id": uuid5(_PROVIDER_LINES, line.line_id), "line_id": line.line_id, "customer_id": payer_id,
            "reseller_id": None, "subscription_id": line.subscription_id, "month": month, "kind": line.kind,
            "quantity": line.quantity, "first": line.first, "after": line.after, "currency": line.cost.currency,
            "cost_minor": line.cost.minor, "state": "matched" if charge_id else "mismatch", "charge_id": charge_id,
            "reason": reason,
        }  # fmt: skip
        insert_new(session, Kept.__table__, row, "id")


def _compare(known: Kept, line: ProviderLine) -> None:
    said = line.quantity, line.first, line.after, line.cost.currency, line.cost.minor
    if said != (known.quantity, known.first, known.after, known.currency, known.cost_minor):
        known.state, known.reason = "mismatch", "changed"


def _judged(session: Session, line: ProviderLine) -> tuple[UUID | None, str | None]:
    """The charge that passes a line on, and what a person should look at, if anything."""
    query = select(Charge).where(Charge.subscription_id == line.subscription_id)
    charges = list(session.scalars(query.order_by(Charge.effective_on, Charge.id)))
    if any(one.currency != line.cost.currency for one in charges):
        return None, "currency"
    taken, alive = _taken(session, line, charges), _alive(line, charges)
    free = [one for one in alive if one.id not in taken]
    found = _match(line, free)
    if found is None and _match(line, alive) is not None:
        return None, "doubled"
    if found is None:
        charge_id = _charged(session, line, charges)
        found = session.get(Charge, charge_id) if charge_id else _paid_ahead(line, free, charges)
    if found is None:
        return None, "no_charge"
    return found.id, "costs_more" if _costs_more(line, found) else None


def _taken(session: Session, line: ProviderLine, charges: Sequence[Charge]) -> set[UUID | None]:
    """The charges that another line has been passed on by for the same days; what is bought once has one line."""
    query = select(Kept).where(Kept.subscription_id == line.subscription_id, Kept.state == "matched")
    once = {one.id for one in charges if one.until is not None and one.until.year == date.max.year}
    return {other.charge_id for other in session.scalars(query) if other.charge_id in once or _same_days(other, line)}


def _same_days(one: Kept, other: ProviderLine) -> bool:
    return one.first == other.first or (one.first < other.after and other.first < one.after)


def _costs_more(line: ProviderLine, charge: Charge) -> bool:
    """Whether the provider takes more for the same days than the customer pays; what goes back is cheaper always."""
    alike = line.after - _DAY == charge.until and line.first <= charge.effective_on  # not paid for in parts, and ahead
    same = charge.until is None or alike or charge.until.year == date.max.year
    return same and 0 < charge.amount_minor < line.cost.minor


def _match(line: ProviderLine | Kept, charges: Sequence[Charge]) -> Charge | None:
    """The charge that is there already: for the same units from the same day, or one that paid for these days before.

    The provider's day may be the one before ours: it counts in UTC, we in the customer's zone, which is ahead.
    """
    alike = [one for one in charges if one.units == line.quantity and not _is_for_others(one, line, charges)]
    for day in (line.first, line.first + _DAY):
        for one in alike:
            if one.effective_on == day and (day == line.first or _is_dated_later(one, line)):
                return one
    for one in alike:
        if one.until is not None and one.effective_on <= line.first <= one.until and line.after - _DAY <= one.until:
            return one
    return None


def _is_dated_later(charge: Charge, line: ProviderLine | Kept) -> bool:
    """Whether a charge that begins a day after a line may be for its days: where it says until when, until then.

    Another term or plan that begins on the second day of a line has not paid for the first.
    """
    return charge.until is None or charge.kind == "activation" or charge.until == line.after - _DAY


def _alive(line: ProviderLine | Kept, charges: Sequence[Charge]) -> list[Charge]:
    """The charges that may be for a line: those of a plan that was left before its days were given back."""
    left = [one for one in charges if one.kind == "change_plan" and one.units > 0 and one.effective_on < line.first]
    return [one for one in charges if not any(_made_before(one, plan) for plan in left)]


def _made_before(one: Charge, other: Charge) -> bool:
    return one.id != other.id and (one.effective_on, one.created_at) <= (other.effective_on, other.created_at)


def _paid_ahead(line: ProviderLine, free: Sequence[Charge], charges: Sequence[Charge]) -> Charge | None:
    """The last of the charges that have paid for a line's days ahead, in parts: extensions of what is billed yearly.

    The line must be for all units that there were; what came since has lines of its own.
    """
    ahead = [one for one in free if one.kind in ("extend", "change_plan") and one.units > 0 and one.until is not None]
    paid = [one for one in ahead if one.effective_on < line.first and one.until and line.after - _DAY <= one.until]
    return paid[-1] if paid and _units_before(line.first, charges) == line.quantity else None


def _units_before(day: date, charges: Sequence[Charge]) -> int:
    """How many units there were when a day began."""
    units = 0
    for one in sorted(charges, key=lambda one: (one.effective_on, one.created_at)):
        if one.kind == "renewal" and one.effective_on <= day:
            units = one.units
        elif one.kind not in ("renewal", "extend", "period") and one.effective_on < day:
            units += one.units
    return units


def _is_for_others(charge: Charge, line: ProviderLine | Kept, charges: Sequence[Charge]) -> bool:
    """Whether a charge is not for a line's days, though it may begin with them."""
    return _came_after(charge, line) or _was_replaced(charge, line, charges) or _pays_for_later(charge, line)


def _came_after(charge: Charge, line: ProviderLine | Kept) -> bool:
    """Whether a period had begun, at the plan before, when its plan was changed: that plan's charge is not for it."""
    if charge.kind != "change_plan" or line.first > charge.effective_on:
        return False
    return line.kind == "cycle" or (charge.units > 0 and _goes_beyond(charge, line))


def _pays_for_later(charge: Charge, line: ProviderLine | Kept) -> bool:
    """Whether an extension pays for days after a line that ended with the term, before it was extended."""
    return charge.kind == "extend" and _goes_beyond(charge, line)


def _goes_beyond(charge: Charge, line: ProviderLine | Kept) -> bool:
    """Whether a line ended in the course of a month, with its term, and a charge is for days after it."""
    month_end = (line.first.replace(day=1) + timedelta(days=32)).replace(day=1) - _DAY
    return line.after <= month_end and charge.until is not None and charge.until >= line.after


def _was_replaced(charge: Charge, line: ProviderLine | Kept, charges: Sequence[Charge]) -> bool:
    """Whether a line's days are of a plan that came after a charge's: what that one had paid for was given back."""
    plans = [one.effective_on for one in charges if one.kind == "change_plan" and one.units > 0]
    before = charge.effective_on - (_DAY if charge.kind != "change_plan" else timedelta())  # on its own day, too
    return any(before < day < line.first for day in plans)


def _of_its_plan(line: ProviderLine, charges: Sequence[Charge]) -> tuple[Charge | None, list[Charge]]:
    """What a period's units were sold as, and all charges of that plan: up to the first day of the next one."""
    plans = [
        one for one in charges if one.kind in ("activation", "renewal") or (one.kind == "change_plan" and one.units > 0)
    ]
    # A plan may be changed on the day on which its term began; of two such changes the later holds.
    plans.sort(key=lambda one: (one.effective_on, one.kind == "change_plan", one.created_at))
    begun = [one for one in plans if one.kind == "activation" or _has_begun(one, line)]
    if not begun:
        return None, []
    sold, later = begun[-1], plans[plans.index(begun[-1]) + 1 :]
    last = later[0].effective_on if later else date.max
    of_it = [one for one in charges if one.id == sold.id or sold.effective_on <= one.effective_on < last]
    return sold, [one for one in of_it if one is sold or one.kind != "change_plan"]


def _has_begun(plan: Charge, line: ProviderLine) -> bool:
    """Whether a line's days are of a plan: a new term's at once, a changed plan's from the next period."""
    if plan.kind == "renewal":
        return plan.effective_on < line.after
    return plan.effective_on < line.first


def _charged(session: Session, line: ProviderLine, charges: Sequence[Charge]) -> UUID | None:
    """Charge a running period at the sales price, from the day on that is not charged yet; nothing for a mismatch."""
    sold, known = _of_its_plan(line, charges)
    if sold is None or line.quantity <= 0 or line.kind == "refund":
        return None
    known = [one for one in known if not (_pays_for_later(one, line) or _was_replaced(one, line, charges))]
    paid = max((one.until for one in known if one.until is not None), default=sold.until)
    paid = paid if sold.until and paid else line.first - _DAY
    if line.first < paid or line.after - _DAY <= paid:  # also what is bought once, which is paid for ever
        return None
    first = max(line.first, paid + _DAY)
    if not line.period_first <= first < line.after <= line.period_after:  # of two months: we do not know which price
        return None
    days = (line.period_first, line.period_after), (first, line.after)
    amount = prorate(sold.price, line.quantity, *days)
    resale = prorate(sold.resold, line.quantity, *days) if sold.resold is not None else None
    span = {"first": first, "last": line.after - _DAY}
    return charge_period(session, sold, quantity=line.quantity, amount=amount, resale=resale, **span)
