"""What the provider bills us for a month is pulled, for one payer's subscriptions, and given on to billing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from domains.kernel.messages import Exchange
from domains.kernel.money import Money

from ..models import ProviderLine, StrayLine, Subscription
from ..pricing import ONE_TIME
from ..pricing.reckoning import paid_period
from ..providers import MonthLine, keys, provider


@dataclass(frozen=True)
class _Held:
    """What a subscription's billing periods go by, now and under the plans that it had before."""

    term_first: date
    billing_cycle: str
    earlier: tuple[dict[str, str], ...] = ()

    def on(self, line: MonthLine) -> tuple[date, str]:
        """The first day and the billing cycle of the plan that a line is of.

        A period that begins on the day of a change had begun before it, and is of the plan before.
        """
        for plan in self.earlier:
            last = date.fromisoformat(plan["until"])
            begun = line.kind == "cycle" and plan["changed"] == "yes" and line.from_date == last + timedelta(days=1)
            if begun or line.from_date <= last:
                return date.fromisoformat(plan["first"]), plan["billing_cycle"]
        return self.term_first, self.billing_cycle


@dataclass(frozen=True)
class _Wanted:
    """Which month, and the payer's subscriptions by our id, by which the provider knows those that we have ordered.

    `theirs` are our ids by the provider's own: what was bought there directly has no reference of ours.
    """

    month: date
    held: dict[str, _Held]
    theirs: dict[str, str]

    def own(self, line: MonthLine) -> str | None:
        """Our id of a line's subscription; None when it is not one of the payer's."""
        if line.subscription_reference in self.held:
            return line.subscription_reference
        return self.theirs.get(line.subscription_id or "")


@dataclass(frozen=True)
class PulledMonth:
    """The provider's lines of one payer's subscriptions for a month."""

    lines: tuple[ProviderLine, ...]


def _intend(session: Session, *, payer_id: UUID, currency: str, month: date) -> _Wanted:
    direct = and_(Subscription.customer_id == payer_id, Subscription.reseller_id.is_(None))
    held_by = (Subscription.currency == currency, or_(direct, Subscription.reseller_id == payer_id))
    known = (Subscription.id, Subscription.provider_subscription_id, Subscription.valid_from)
    query = select(*known, Subscription.billing_cycle, Subscription.earlier_plans).where(*held_by)
    rows = session.execute(query).all()
    held = {str(row.id): _Held(row.valid_from, row.billing_cycle, tuple(row.earlier_plans or ())) for row in rows}
    return _Wanted(month, held, {row.provider_subscription_id or str(row.id): str(row.id) for row in rows})


def _call(wanted: _Wanted, asked_before: bool) -> tuple[ProviderLine, ...]:
    lines = _lines(wanted.month)
    own = [(line, wanted.own(line)) for line in lines]
    return tuple(_read(line, UUID(id), wanted.held[id]) for line, id in own if id is not None)


def _lines(month: date) -> list[MonthLine]:
    """What a month costs us, of every provider that tells it."""
    every = [provider(key) for key in keys()]
    return [line for one in every if one.capabilities().tells_costs for line in one.list_month_lines(month)]


def _read(line: MonthLine, subscription_id: UUID, held: _Held) -> ProviderLine:
    period = line.from_date, line.to_date
    first, cycle = held.on(line)
    if cycle != ONE_TIME:
        period = paid_period(line.from_date, first, cycle)
    return ProviderLine(
        line_id=line.id, subscription_id=subscription_id, kind=line.kind, quantity=line.quantity,
        first=line.from_date, after=line.to_date, period_first=period[0], period_after=period[1],
        cost=Money.of(line.amount.amount, line.amount.currency),
    )  # fmt: skip


def _record(session: Session, answer: tuple[ProviderLine, ...]) -> PulledMonth:
    return PulledMonth(answer)


pull_month = Exchange("services.pull_month", _intend, _call, _record)


@dataclass(frozen=True)
class PulledStrays:
    """The provider's lines of a month that are of no subscription of ours."""

    strays: tuple[StrayLine, ...]


def _intend_strays(session: Session, *, month: date) -> tuple[date, set[str]]:
    rows = session.execute(select(Subscription.id, Subscription.provider_subscription_id)).all()
    return month, {name for row in rows for name in (str(row.id), row.provider_subscription_id) if name}


def _call_strays(wanted: tuple[date, set[str]], asked_before: bool) -> tuple[StrayLine, ...]:
    month, ours = wanted
    return tuple(
        StrayLine(
            line_id=line.id, reference=line.subscription_reference or line.subscription_id or "", kind=line.kind,
            quantity=line.quantity, first=line.from_date, after=line.to_date,
            cost=Money.of(line.amount.amount, line.amount.currency),
        )
        for line in _lines(month) if not ours & {line.subscription_reference, line.subscription_id}
    )  # fmt: skip


def _record_strays(session: Session, answer: tuple[StrayLine, ...]) -> PulledStrays:
    return PulledStrays(answer)


pull_strays = Exchange("services.pull_strays", _intend_strays, _call_strays, _record_strays)
