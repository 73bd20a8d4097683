"""What there is to decide about the end of each term: until when, by whom, what each way means and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock, paging
from domains.kernel.errors import Conflict, Invalid, NotFound, Refused, Said
from domains.kernel.money import Money, UnitPrice
from domains.kernel.paging import Page
from domains.kernel.tenancy import Scope

from ..models import Decision, EndRules, Offer, OfferPlan, Subscription
from ..models.decisions import MODES, RUNNING, if_nothing, over_at, rules_of
from ..pricing import ANNUAL, MONTHLY, cycles_in, last_day
from .catalogue import Market, market_of
from .subscriptions import find

STATES = ("open", "decided", "locked", "settled")
_DAY, _MICROSECOND, _EPOCH = timedelta(days=1), timedelta(microseconds=1), datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Way:
    """One way in which a term may end. `cost` is what it commits to (of a bridge: for a month), net; `first` to `until`
    are the days it is for; `more` is by how much a month becomes dearer or cheaper than it is now.

    When it cannot be chosen there is a reason.
    """

    mode: str
    allowed: bool
    reason: str | None
    first: date | None
    until: date | None
    unit_price: UnitPrice | None
    billing_cycle: str | None
    cost: Money
    every_month: Money
    more: Money


@dataclass(frozen=True)
class EndOfTerm:
    """The decision about the end of a subscription's term. `if_nothing` is what happens when nobody decides, and
    `nothing_costs` what that commits to; `deadline` is the last moment to decide.

    `state` is open, decided, locked (too late; what is said last happens) or settled, when `outcome` says what came.
    """

    id: UUID
    decision_id: UUID
    subscription_id: UUID
    number: str
    name: str
    account_id: UUID
    account_name: str
    customer_id: UUID
    reseller_id: UUID | None
    quantity: int
    unit: str
    term: str
    billing_cycle: str
    term_first: date
    term_end: date
    deadline: datetime
    locked_from: datetime | None
    state: str
    mode: str | None
    standing: bool
    note: str | None
    owner_id: UUID | None
    owner: str | None
    decided_by_id: UUID | None
    decided_by: str | None
    decided_at: datetime | None
    if_nothing: str
    nothing_costs: Money
    surcharge_percent: Decimal | None
    unit_price: UnitPrice
    next_unit_price: UnitPrice
    ways: tuple[Way, ...]
    open_change_id: UUID | None
    outcome: str | None
    settled_at: datetime | None
    version: int
    changes_at: datetime | None


def state_of(kept: Decision, now: datetime) -> str:
    """The word for how a decision stands."""
    if kept.settled_at is not None:
        return "settled"
    return "locked" if now >= kept.deadline else "decided" if kept.mode is not None else "open"


def check_open(kept: Decision, row: Subscription, now: datetime) -> None:
    """Refuse to decide what cannot be decided now, with the moment at which it can be again."""
    if row.open_change_id is not None:
        busy = "Another change is under way. Wait until it is done, then look again."
        raise Conflict(busy, code="change_in_progress")
    if row.state not in RUNNING:
        raise Refused("It does not run, so there is nothing to decide.", code="not_active")
    if now >= kept.deadline:
        late = Said("It was to be decided until %(time)s; the provider no longer hears of it.", time=kept.deadline)
        raise Refused(late, code="locked_before_renewal", available_from=over_at(kept.term_end))


def check_mode(row: Subscription, mode: str) -> None:
    """Refuse a way that there is not, or that the provider does not offer for this subscription."""
    if mode not in MODES:
        raise Invalid("Say what shall happen: renew, cancel or bridge.", code="mode_invalid", field="mode")
    offered = rules_of(row).modes
    if mode not in offered:
        words = "The provider does not offer “%(mode)s” here: it offers %(modes)s."
        raise Refused(words, code="mode_not_offered", field="mode", mode=mode, modes=tuple(offered))


def get_end_of_term(session: Session, scope: Scope, subscription_id: UUID) -> EndOfTerm:
    """What there is to decide about a subscription's term. NotFound out of scope, or when it has no end."""
    row = find(session, scope, subscription_id)
    query = select(Decision).where(Decision.subscription_id == row.id, scope.covers(Decision))
    newest = query.order_by(Decision.settled_at.is_not(None), Decision.term_end.desc(), Decision.id.desc()).limit(1)
    kept = session.scalars(newest).first()
    if kept is None:
        raise NotFound("There is nothing to decide about its end.", code="decision_not_found", field="subscription_id")
    return _views(session, scope, [(kept, row)])[0]


def list_decisions(
    session: Session,
    scope: Scope,
    *,
    state: str | None = None,
    due_before: datetime | None = None,
    owner_id: UUID | None = None,
    account_id: UUID | None = None,
    customer_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[EndOfTerm]:
    """Decisions in scope, the most urgent first; without `state` all that are not settled."""
    asked = {"state": state, "due_before": due_before, "owner_id": owner_id, "account_id": account_id,
             "customer_id": customer_id}  # fmt: skip
    query = select(Decision, Subscription).join(Subscription, Subscription.id == Decision.subscription_id)
    query = query.where(scope.covers(Decision), _in_state(state, clock.business_now(session)))
    for column, value in ((Decision.owner_id, owner_id), (Decision.account_id, account_id),
                          (Decision.customer_id, customer_id)):  # fmt: skip
        query = query.where(column == value) if value is not None else query
    if due_before is not None:
        query = query.where(Decision.deadline < due_before)
    size = paging.checked_limit(limit)
    ordered = _after(query, cursor, asked).order_by(Decision.deadline, Decision.id).limit(size + 1)
    rows = [(kept, row) for kept, row in session.execute(ordered)]
    more = _position(rows[size - 1][0]) if len(rows) > size else None
    cursor = paging.encode_cursor(more, asked) if more is not None else None
    return Page(_views(session, scope, rows[:size]), cursor)


def open_soon(session: Session, scope: Scope, *, days: int, limit: int) -> list[EndOfTerm]:
    """What nobody has decided and is too late within so many days, the most urgent first."""
    until = clock.business_now(session) + timedelta(days=days)
    return list_decisions(session, scope, state="open", due_before=until, limit=limit).items


def _in_state(state: str | None, now: datetime) -> Any:
    if state is None:
        return Decision.settled_at.is_(None)
    if state not in STATES:
        words = "There is no state “%(state)s” of a decision: use %(states)s."
        raise Invalid(words, code="state_invalid", field="state", state=state, states=STATES)
    if state == "settled":
        return Decision.settled_at.is_not(None)
    if state == "locked":
        return and_(Decision.settled_at.is_(None), Decision.deadline <= now)
    undecided = Decision.mode.is_(None) if state == "open" else Decision.mode.is_not(None)
    return and_(Decision.settled_at.is_(None), Decision.deadline > now, undecided)


def _position(kept: Decision) -> bytes:
    return ((kept.deadline - _EPOCH) // _MICROSECOND).to_bytes(8, "big") + kept.id.bytes


def _after(query: Any, cursor: str | None, asked: dict[str, Any]) -> Any:
    if not cursor:
        return query
    raw = paging.decode_cursor(cursor, asked, check=lambda position: len(position) == 24)
    moment, last = _EPOCH + int.from_bytes(raw[:8], "big") * _MICROSECOND, UUID(bytes=raw[8:])
    return query.where(or_(Decision.deadline > moment, and_(Decision.deadline == moment, Decision.id > last)))


def _views(session: Session, scope: Scope, rows: Sequence[tuple[Decision, Subscription]]) -> list[EndOfTerm]:
    now, prices = clock.business_now(session), next_prices(session, scope, [row for _kept, row in rows])
    return [_view(kept, row, prices[row.id].unit_price, now) for kept, row in rows]


class NextPrice(NamedTuple):
    """What a unit costs in the next term; `payer_price` is what a reseller pays us, where that is another price."""

    unit_price: UnitPrice
    payer_price: UnitPrice | None


def next_prices(session: Session, scope: Scope, rows: Sequence[Subscription]) -> dict[UUID, NextPrice]:
    """What a unit of each costs in the next term: by the price book of today, or as now where it is no longer sold."""
    markets: dict[UUID, Market] = {}
    wanted = {row.offer_id for row in rows}
    offers = {offer.id: offer for offer in session.scalars(select(Offer).where(Offer.id.in_(wanted)))} if wanted else {}
    query = select(OfferPlan).where(OfferPlan.offer_id.in_(wanted))
    plans = {(one.offer_id, one.currency, one.term, one.billing_cycle): one for one in session.scalars(query)}
    found: dict[UUID, NextPrice] = {}
    for row in rows:
        if row.account_id not in markets:
            markets[row.account_id] = market_of(session, scope, account_id=row.account_id)
        offer, plan = offers.get(row.offer_id), plans.get((row.offer_id, row.currency, row.term, row.billing_cycle))
        price = (
            markets[row.account_id].priced(offer, plan, row.quantity)
            if offer is not None and plan is not None
            else None
        )
        now = NextPrice(row.unit_price, row.payer_price)
        found[row.id] = NextPrice(price.unit_price, price.payer_price) if price is not None else now
    return found


def bridge_price(price: UnitPrice, billing_cycle: str, percent: Decimal | None) -> UnitPrice:
    """What a unit costs in a month of a bridge: the monthly price and the provider's surcharge, to the minor unit."""
    monthly = price.amount / 12 if billing_cycle == ANNUAL else price.amount
    dearer = Money.of(monthly * (100 + (percent or Decimal(0))) / 100, price.currency)
    return UnitPrice(dearer.amount, price.currency)


def _view(kept: Decision, row: Subscription, price: UnitPrice, now: datetime) -> EndOfTerm:
    rules, nothing = rules_of(row), if_nothing(row)
    ways = tuple(_way(mode, kept, row, price, rules) for mode in MODES)
    costs = {way.mode: way.cost for way in ways}
    return EndOfTerm(
        id=row.id, decision_id=kept.id, subscription_id=row.id, number=row.number, name=row.name,
        account_id=row.account_id, account_name=row.account_name, customer_id=row.customer_id,
        reseller_id=row.reseller_id, quantity=row.quantity, unit=row.unit, term=row.term,
        billing_cycle=row.billing_cycle, term_first=kept.term_first, term_end=kept.term_end, deadline=kept.deadline,
        locked_from=rules.locked_from, state=state_of(kept, now), mode=kept.mode, standing=kept.standing,
        note=kept.note, owner_id=kept.owner_id, owner=kept.owner, decided_by_id=kept.decided_by_id,
        decided_by=kept.decided_by, decided_at=kept.decided_at, if_nothing=nothing,
        nothing_costs=costs.get(nothing, Money.zero(row.currency)), surcharge_percent=rules.surcharge_percent,
        unit_price=row.unit_price, next_unit_price=price, ways=ways, open_change_id=row.open_change_id,
        outcome=kept.outcome, settled_at=kept.settled_at, version=kept.version,
        changes_at=kept.deadline if now < kept.deadline else None,
    )  # fmt: skip


def _way(mode: str, kept: Decision, row: Subscription, price: UnitPrice, rules: EndRules) -> Way:
    zero, first = Money.zero(row.currency), kept.term_end + _DAY
    now_monthly = monthly(row.unit_price, row.quantity, row.billing_cycle)
    reason = None if mode in rules.modes else Said("The provider does not offer this here.")
    if mode == "cancel":
        return Way(mode, reason is None, reason, None, kept.term_end, None, None, zero, zero, -now_monthly)
    if mode == "bridge":
        dearer = bridge_price(row.unit_price, row.billing_cycle, rules.surcharge_percent)
        if rules.modes and "renew" not in rules.modes:  # it is on a bridge already, surcharge and all
            dearer = row.unit_price
        month = dearer.times(row.quantity)
        until = last_day(first, "P1M")
        return Way(mode, reason is None, reason, first, until, dearer, MONTHLY, month, month, month - now_monthly)
    cost = price.times(row.quantity) * cycles_in(row.term, row.billing_cycle)
    month = monthly(price, row.quantity, row.billing_cycle)
    until = last_day(first, row.term)
    return Way(mode, reason is None, reason, first, until, price, row.billing_cycle, cost, month, month - now_monthly)


def monthly(price: UnitPrice, quantity: int, billing_cycle: str) -> Money:
    """What units cost in a month, of a yearly price its twelfth."""
    share = price.amount / 12 if billing_cycle == ANNUAL else price.amount
    return Money.of(share * quantity, price.currency)
