"""What follows when a term is over: its outcome is taken over and priced, once; and who is reminded before it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.columns import id_of
from domains.kernel.database import locked
from domains.kernel.money import Money, UnitPrice
from domains.kernel.tenancy import Scope

from ..models import Audience, ChangeOutcome, Decision, Letter, Offer, RenewedTerm, Subscription
from ..models.decisions import rules_of
from ..models.reminders import audience, due, next_moment
from ..pricing import charged_until, days_cost
from ..queries.decisions import bridge_price, get_end_of_term, next_prices
from ..queries.due import reckoned, zone_of
from .decisions import note
from .findings import apply_look
from .subscriptions import find_locked, tell

BRIDGE_TERM = "P1M"  # a bridge goes on from one month to the next


@dataclass(frozen=True)
class Renewed:
    """What became of a term that was over, and what is said of it to whom; None when nothing follows any more."""

    renewal: RenewedTerm | None = None
    whom: Audience | None = None
    letter: Letter | None = None


class _Before(NamedTuple):
    """What a unit cost in the term that is over; `payer_price` is what a reseller paid, if that is another price."""

    price: UnitPrice
    billing_cycle: str
    payer_price: UnitPrice | None
    term: str


def apply_renewal(session: Session, *, subscription_id: UUID, look: ChangeOutcome | None) -> Renewed:
    """Take over what the provider has made of a term that was over, and give what follows from it, once.

    What goes on costs what the price book says on its first day; a bridge costs the monthly price and the surcharge.
    """
    row = find_locked(session, subscription_id)
    if row is None or row.open_change_id is not None:
        return Renewed()
    old = _Before(row.unit_price, row.billing_cycle, row.payer_price, row.term)
    apply_look(session, subscription_id=subscription_id, look=look)
    kept = _unfinished(session, subscription_id)
    if kept is None:
        return Renewed()
    kept.finished_at = clock.business_now(session)
    row.version += 1  # what may be done with it is another thing from now on
    if kept.outcome == "ended":
        became = _ended(session, row, kept, old.price)
    else:
        _reprice(session, row, kept, look, old)
        became = _goes_on(session, row, kept, old.price)
    return Renewed(became, Audience("owner", kept.owner_id), _letter(row, kept, became))


def _unfinished(session: Session, subscription_id: UUID) -> Decision | None:
    """The oldest decision that is settled and of which not all is done that follows."""
    query = select(Decision).where(Decision.subscription_id == subscription_id, Decision.settled_at.is_not(None))
    query = query.where(Decision.finished_at.is_(None)).order_by(Decision.term_end)
    return session.scalars(locked(query, Decision.__table__)).first()


def _reprice(session: Session, row: Subscription, kept: Decision, look: ChangeOutcome | None, old: _Before) -> None:
    """Give a subscription the price of its new term."""
    if look is not None:
        row.term, row.billing_cycle = look.term or row.term, look.billing_cycle or row.billing_cycle
        _take_offer(session, row, look.provider_offer_id)
    if kept.outcome == "bridged":
        if _was_bridged(session, kept, old.term):
            return
        said = old.billing_cycle, rules_of(row).surcharge_percent
        price, payer = bridge_price(old.price, *said), old.payer_price and bridge_price(old.payer_price, *said)
    else:
        price, payer = next_prices(session, Scope.customer(row.customer_id), [row])[row.id]
    row.unit_rate, row.payer_rate = price.amount, payer.amount if payer is not None else None
    tell(session, row)  # what it costs is another thing now, and budgets go by it


def _take_offer(session: Session, row: Subscription, provider_offer_id: str | None) -> None:
    """Make a subscription one of the offer that its new term was planned with, if it is another one that we know."""
    if provider_offer_id in (None, row.provider_offer_id):
        return
    query = select(Offer).where(Offer.provider == row.provider, Offer.provider_offer_id == provider_offer_id)
    offer = session.scalars(query).one_or_none()
    if offer is not None:
        row.take_over(
            offer_id=offer.id, provider_offer_id=offer.provider_offer_id, name=offer.name, vendor=offer.vendor,
            kind=offer.kind, unit=offer.unit, terms_of_offer=offer.policy,
        )  # fmt: skip


def _was_bridged(session: Session, kept: Decision, term: str) -> bool:
    """Whether the term that is over was a month of a bridge itself, with the surcharge in its price.

    A bridge of years ago says nothing, and neither does one that somebody has left for a plan with a longer term.
    """
    before = select(Decision.outcome).where(Decision.subscription_id == kept.subscription_id)
    before = before.where(Decision.settled_at.is_not(None), Decision.term_end < kept.term_end)
    last = session.scalars(before.order_by(Decision.term_end.desc())).first()
    return last == "bridged" and term == BRIDGE_TERM


def _goes_on(session: Session, row: Subscription, kept: Decision, old: UnitPrice) -> RenewedTerm:
    first = kept.term_end + timedelta(days=1)
    until = charged_until(first, row.valid_from, row.valid_to, row.billing_cycle)
    now = days_cost(row.unit_price, row.quantity, begin=first, end=until + timedelta(days=1), first=row.valid_from,
                    billing_cycle=row.billing_cycle)  # fmt: skip
    known = {"outcome": kept.outcome, "unit_price": str(row.unit_price), "old_price": str(old)}
    note(session, kept, "renewal", known | {"valid_to": row.valid_to.isoformat(), "amount": str(now)})
    subject = ("subscription", row.id)
    audit.record(session, "services.renew", customer_id=row.customer_id, subject=subject, after=known)
    return _became(row, kept, old, row.unit_price, now, first, until)


def _ended(session: Session, row: Subscription, kept: Decision, old: UnitPrice) -> RenewedTerm:
    note(session, kept, "renewal", {"outcome": "ended"})
    audit.record(session, "services.end", customer_id=row.customer_id, subject=("subscription", row.id),
                 after={"state": row.state, "term_end": kept.term_end})  # fmt: skip
    return _became(row, kept, old, old, Money.zero(row.currency), kept.term_end, kept.term_end)


def _became(
    row: Subscription, kept: Decision, old: UnitPrice, price: UnitPrice, now: Money, first: date, until: date
) -> RenewedTerm:
    return RenewedTerm(
        decision_id=kept.id, outcome=kept.outcome or "unchanged", subscription_id=row.id, account_id=row.account_id,
        account_name=row.account_name, name=row.name, number=row.number, quantity=row.quantity, unit_price=price,
        charge_now=now, first=first, valid_to=row.valid_to, charged_until=until, old_price=old,
        owner_id=kept.owner_id, payer_price=row.payer_price,
    )  # fmt: skip


def _letter(row: Subscription, kept: Decision, became: RenewedTerm) -> Letter:
    """What is said of a term that was over: with what it costs now and what it cost before."""
    facts = {
        "name": row.name, "number": row.number, "account": row.account_name, "term_end": kept.term_end.isoformat(),
        "valid_to": row.valid_to.isoformat(), "charge_now": became.charge_now,
        "price": became.unit_price.times(row.quantity), "old_price": became.old_price.times(row.quantity),
        "quantity": row.quantity, "subscription_id": str(row.id),
    }  # fmt: skip
    return Letter(f"subscription_{kept.outcome}", facts, ("term_end", "valid_to"))


# ---------- before it is over


@dataclass(frozen=True)
class Reminded:
    """What is said to whom; None when there is nothing to say any more, or it was said."""

    whom: Audience | None = None
    letter: Letter | None = None


def note_reminder(session: Session, *, decision_id: UUID) -> Reminded:
    """Write down that somebody is reminded now, once for each rung, and give what is said.

    Nothing is said when it was decided meanwhile, or has been said.
    """
    query = select(Decision).where(Decision.id == decision_id)
    kept = session.scalars(locked(query, Decision.__table__)).one_or_none()
    if kept is None or kept.mode is not None or kept.settled_at is not None:
        return Reminded()
    now, reckon = clock.business_now(session), reckoned(session, kept)
    rung = due(*reckon, now, kept.reminded)
    kept.reminded = rung if rung is not None else kept.reminded
    kept.next_reminder_at = next_moment(*reckon, now, kept.reminded)
    if rung is None:
        return Reminded()
    whom = audience(rung)
    line = id_of(f"reminder {kept.id} {kept.deadline.isoformat()} {rung}", kept.deadline.date())
    note(session, kept, "reminder", {"rung": rung, "audience": whom, **kept.owned}, line_id=line)
    return Reminded(Audience(whom, kept.owner_id), _said(session, kept, whom))


def _said(session: Session, kept: Decision, whom: str) -> Letter:
    """What is said of a decision that is open, with the day in the customer's zone and the cost of doing nothing."""
    it = get_end_of_term(session, Scope.customer(kept.customer_id), kept.subscription_id)
    here, now = zone_of(session, kept.account_id), clock.business_now(session)
    last = clock.local_day(kept.deadline, here)
    facts = {
        "name": it.name, "number": it.number, "account": it.account_name, "quantity": it.quantity,
        "days": (last - clock.local_day(now, here)).days, "decide_by": last.isoformat(),
        "term_end": kept.term_end.isoformat(), "costs": it.nothing_costs, "subscription_id": str(kept.subscription_id),
        "owner": kept.owner or "",
    }  # fmt: skip
    return Letter(f"decision_open_{it.if_nothing}", facts, ("decide_by", "term_end"))
