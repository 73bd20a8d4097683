"""What a drift would cost, or give back, if it were adopted: reckoned alike for whoever decides and for the charges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import N_, Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Drift, Offer, OfferPlan, Seen, Subscription
from ..models.adoptions import Bought, Loss
from ..models.differences import ENDED, NEW, newest_units
from ..pricing import charge_day
from ..pricing.adoptions import Part, Terms, of_beginning, of_extension, of_units
from .catalogue import market_of


def bought_of(session: Session, drift: Drift) -> Bought:
    """What was bought directly, at the price of the account's price book on the day it began, for so many units.

    Refused when it is not in our catalogue, or has no price.
    """
    seen = drift.as_seen
    offered = (Offer.provider == drift.provider, Offer.provider_offer_id == (seen.offer if seen else None))
    offer: Offer | None = session.scalars(select(Offer).where(*offered)).one_or_none()
    if offer is None or seen is None:
        text = N_("We do not sell what was bought there. Open a case, or wait until our catalogue has it.")
        raise Refused(text, code="offer_not_sold")
    market = market_of(session, Scope.customer(drift.customer_id), account_id=drift.account_id, on=seen.valid_from)
    known = {"offer_id": offer.id, "currency": market.currency, "term": seen.term, "billing_cycle": seen.billing_cycle}
    plan = session.get(OfferPlan, known)
    price = market.priced(offer, plan, seen.quantity) if plan is not None else None
    if plan is None or price is None:
        raise Refused("We have no price for what was bought there. Open a case.", code="plan_not_sold")
    return Bought(
        offer.id, offer.provider_offer_id, offer.name, offer.vendor, offer.kind, offer.unit, plan.term,
        plan.billing_cycle, price.unit_price, dict(offer.policy), price.payer_price,
    )  # fmt: skip


def changes(
    account: AccountRef, drift: Drift, row: Subscription, seen: Seen | None, losses: Iterable[Loss]
) -> Iterator[Part]:
    """What differs, as charges: a later end, units that came, units that went (as the provider gave money back)."""
    terms = Terms(row.unit_price, row.billing_cycle, row.valid_from, row.valid_to, row.paid_until)
    if seen is None or seen.state in ENDED:
        yield from (of_units(terms, -loss.quantity, loss.on, "cancel") for loss in losses)
        return
    extended = _extension(account, drift, row, seen)
    if extended is not None:
        yield extended[0]
        terms = Terms(terms.price, terms.billing_cycle, terms.first, seen.valid_to or row.valid_to, extended[1])
    more = seen.quantity - row.quantity
    for count, moment in newest_units(seen.lots, more, drift.found_at) if more > 0 else []:
        yield of_units(terms, count, _day(account, moment, row.billing_cycle))
    if more < 0:
        yield from (of_units(terms, -loss.quantity, loss.on) for loss in losses)


def paid_after(account: AccountRef, drift: Drift, row: Subscription, seen: Seen | None) -> date | None:
    """Until when a subscription is paid for once its drift is adopted."""
    extended = _extension(account, drift, row, seen) if seen is not None and seen.state not in ENDED else None
    return extended[1] if extended is not None else row.paid_until


def _extension(account: AccountRef, drift: Drift, row: Subscription, seen: Seen) -> tuple[Part, date | None] | None:
    differs = any(one.field == "valid_to" for one in drift.found)
    if not differs or seen.valid_to is None or seen.valid_to <= row.valid_to:
        return None
    terms = Terms(row.unit_price, row.billing_cycle, row.valid_from, row.valid_to, row.paid_until)
    return of_extension(terms, row.quantity, seen.valid_to, _day(account, drift.found_at, row.billing_cycle))


def beginning(account: AccountRef, drift: Drift, seen: Seen, bought: Bought, now: datetime) -> Iterator[Part]:
    """What a new subscription costs from its first day: the units it began with, and those that came later."""
    if seen.valid_from is None or seen.valid_to is None:
        raise Refused("The provider does not say since when this runs. Open a case.", code="plan_not_said")
    begun = seen.valid_from
    terms = Terms(bought.unit_price, bought.billing_cycle, begun, seen.valid_to)
    came = newest_units(seen.lots, seen.quantity, drift.found_at)
    first = sum(count for count, moment in came if moment.date() <= begun) or seen.quantity
    yield from of_beginning(terms, first, clock.local_day(now, account.time_zone))
    if first != seen.quantity:
        later = [(count, moment) for count, moment in came if moment.date() > begun]
        yield from (of_units(terms, count, _day(account, moment, bought.billing_cycle)) for count, moment in later)


def _day(account: AccountRef, moment: datetime, billing_cycle: str) -> date:
    return charge_day(moment, clock.local_day(moment, account.time_zone), billing_cycle)


def cost_of(session: Session, drift: Drift) -> Money | None:
    """What adopting a drift charges at once, as things stand; below zero for what comes back.

    None where only the provider's bill can tell (units that went), and where it cannot be adopted.
    """
    account, seen = session.get(AccountRef, drift.account_id), drift.as_seen
    row = session.get(Subscription, drift.subscription_id)
    if account is None or seen is None:
        return None
    if row is not None:
        return None if seen.state in ENDED or seen.quantity < row.quantity else _sum(
            changes(account, drift, row, seen, ()), row.currency
        )  # fmt: skip
    try:
        bought = bought_of(session, drift) if drift.kind == NEW else None
        now = clock.business_now(session)
        return _sum(beginning(account, drift, seen, bought, now), account.currency) if bought is not None else None
    except Refused:
        return None


def _sum(parts: Iterable[Part], currency: str) -> Money:
    return sum((part.amount for part in parts), Money.zero(currency))
