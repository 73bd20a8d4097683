"""The terms of an order: every line checked against what is sold to this account today, then priced and dated.

The same function stands behind the preview and the order, and says what is wrong by the name of the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import new_id
from domains.kernel.endpoints import DEFAULT
from domains.kernel.errors import N_, Invalid, NotFound, Refused
from domains.kernel.money import Money, UnitPrice
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Offer, OfferPlan
from ..models.actions import out_of_range
from ..pricing import (
    MONTHLY,
    LineWish,
    NextInvoice,
    OrderLine,
    OrderTerms,
    charge_day,
    charged_until,
    cycles_in,
    estimate,
    last_day,
    month_of,
    rest_of_period,
    term_day,
)
from .accounts import active_account
from .answers import same_answers, with_answers
from .catalogue import Market, in_order, market_of
from .needs import check_needs
from .previews import check_same, mismatch, promised

MOST_LINES = 50
DAYS_AHEAD = 90  # so far ahead an order may be placed
Asked = LineWish | OrderLine


@dataclass(frozen=True)
class Counter:
    """Where an order is placed: the account, its market, the moment, what the lines name, and how many of each."""

    account: AccountRef
    market: Market
    now: datetime
    offers: dict[UUID, Offer]
    plans: dict[UUID, list[OfferPlan]]
    together: dict[UUID, int]


def order_terms(
    session: Session,
    scope: Scope,
    *,
    account_id: UUID,
    lines: Sequence[LineWish],
    po_reference: str | None = None,
    cost_centre: str | None = None,
    preview_id: UUID | None = None,
    starts_on: date | None = None,
    answered: bool = True,
) -> OrderTerms:
    """Check and price what an account wants to order; with a preview, at the prices that it promises.

    With `starts_on` it is dated as of that day, up to 90 days ahead: `effective_on` says so. Without `answered` what an
    offer asks need not be answered yet: such terms are for looking only. Refuses what is not sold
    now to this account, in this term or quantity, what lacks something it needs, and a preview that has expired or was
    made for something else. The ids in the terms are new each time.
    """
    account = active_account(session, scope, account_id)
    _check_count(lines)
    day = later_day(session, account, starts_on)
    if preview_id is not None:
        terms = _as_promised(session, scope, preview_id, account, lines)
        if starts_on is not None and (day or terms.effective_on) != terms.effective_on:
            raise mismatch("This preview was made for an order that starts on another day.")
        check_same((po_reference, terms.po_reference), (cost_centre, terms.cost_centre))
        check_lines(session, scope, account, terms.lines, due_later(session, account, terms))
        return with_new_ids(terms, preview_id, po_reference, cost_centre)
    counter = counter_of(session, scope, account, lines, day)
    ordered = [_line(counter, wish, f"lines[{index}]", answered) for index, wish in enumerate(lines)]
    provider_of(counter.offers.values())
    ordered = check_needs(session, scope, account.id, counter.offers, ordered)
    return terms_at(counter, tuple(ordered), po_reference, cost_centre)


def check_lines(
    session: Session, scope: Scope, account: AccountRef, lines: Sequence[OrderLine], day: date | None = None
) -> str:
    """Refuse lines that an account could not order now (or on a later `day`), though their terms were made.

    Their prices stay as they are. Gives the key of the one provider that sells them.
    """
    counter = counter_of(session, scope, account, lines, day)
    for index, line in enumerate(lines):
        sold_to(counter, line, f"lines[{index}]")
    check_needs(session, scope, account.id, counter.offers, lines)
    return provider_of(counter.offers.values())


def provider_of(offers: Iterable[Offer]) -> str:
    """The key of the provider that sells all these offers. Refuses what would have to be ordered from several."""
    found = sorted({offer.provider for offer in offers})
    if len(found) > 1:
        text = N_("These lines come from several providers (%(providers)s). Order from each one by itself.")
        raise Refused(text, code="several_providers", field="lines", providers=tuple(found))
    return found[0] if found else DEFAULT


def _check_count(lines: Sequence[LineWish]) -> None:
    if not lines:
        raise Invalid("Order at least one line.", code="lines_missing", field="lines")
    if len(lines) > MOST_LINES:
        text = N_("An order has at most %(most)s lines; this one has %(count)s. Split it.")
        raise Invalid(text, code="too_many_lines", field="lines", most=MOST_LINES, count=len(lines))


def later_day(session: Session, account: AccountRef, starts_on: date | None) -> date | None:
    """The day an order shall start, or None when that is today. Refuses a day that is past or too far ahead."""
    today = clock.local_day(clock.business_now(session), account.time_zone)
    if starts_on is None or starts_on == today:
        return None
    last = today + timedelta(days=DAYS_AHEAD)
    if not today < starts_on <= last:
        text = N_("An order starts today or on a day until %(last)s.")
        raise Invalid(text, code="start_not_possible", field="starts_on", last=last)
    return starts_on


def due_later(session: Session, account: AccountRef, terms: OrderTerms) -> date | None:
    """The later day on which terms begin; None when they begin today."""
    today = clock.local_day(clock.business_now(session), account.time_zone)
    return terms.effective_on if terms.effective_on > today else None


def counter_of(
    session: Session, scope: Scope, account: AccountRef, lines: Sequence[Asked], day: date | None = None
) -> Counter:
    """The counter as it is now, or as it will be when a later `day` begins where the customer is."""
    wanted = {wish.offer_id for wish in lines}
    offers = {offer.id: offer for offer in session.scalars(select(Offer).where(Offer.id.in_(wanted)))}
    query = select(OfferPlan).where(OfferPlan.offer_id.in_(wanted), OfferPlan.currency == account.currency)
    plans: dict[UUID, list[OfferPlan]] = {}
    for plan in session.scalars(query):
        plans.setdefault(plan.offer_id, []).append(plan)
    market, now = market_of(session, scope, account_id=account.id, on=day), clock.business_now(session)
    if day is not None:
        now = datetime.combine(day, time(), ZoneInfo(account.time_zone)).astimezone(UTC)
        market = replace(market, today=day, term_day=term_day(now))
    together = {one: sum(wish.quantity for wish in lines if wish.offer_id == one) for one in wanted}
    return Counter(account, market, now, offers, plans, together)


def sold_to(counter: Counter, wish: Asked, at: str) -> tuple[Offer, OfferPlan]:
    """The offer and the plan that a line asks for, if they are sold to this account now."""
    offer = counter.offers.get(wish.offer_id)
    if offer is None:
        raise NotFound("There is no such offer.", code="offer_not_found", field=f"{at}.offer_id")
    _check_sold(counter, offer, at)
    _check_quantity(offer, wish.quantity, at)
    return offer, _plan(counter, offer, wish, at)


def _line(counter: Counter, wish: LineWish, at: str, answered: bool) -> OrderLine:
    offer, plan = sold_to(counter, wish, at)
    wish = with_answers(offer, wish, at) if answered else wish
    found = counter.market.priced(offer, plan, wish.quantity, together=counter.together[offer.id])
    if found is None:
        raise Refused("We have no price for “%(offer)s” yet. Open a case and we will make one.",
                      code="price_missing", field=f"{at}.offer_id", offer=offer.name)  # fmt: skip
    return replace(priced_line(counter, offer, plan, found.unit_price, wish), **found.facts)


def _check_sold(counter: Counter, offer: Offer, at: str) -> None:
    account, field = counter.account, f"{at}.offer_id"
    if not offer.is_sold_on(counter.market.term_day):
        coming = offer.valid_from and offer.active and offer.valid_from > counter.market.term_day
        known: dict[str, Any] = {"field": field, "offer": offer.name, "day": offer.valid_from}
        if coming:
            raise Refused("“%(offer)s” is sold from %(day)s.", code="offer_not_sold", **known)
        raise Refused("“%(offer)s” is no longer sold.", code="offer_not_sold", **known)
    where = {"field": field, "offer": offer.name}
    if not offer.is_sold_in(account.country):
        raise Refused("“%(offer)s” is not sold in %(at)s.", code="country_not_sold", at=account.country, **where)
    if not counter.plans.get(offer.id):
        raise Refused("“%(offer)s” is not sold in %(at)s.", code="currency_not_sold", at=account.currency, **where)


def _check_quantity(offer: Offer, quantity: int, at: str) -> None:
    least, most = offer.min_quantity, offer.max_quantity
    if quantity < max(least, 1) or (most is not None and quantity > most):
        raise out_of_range(least, most, f"{at}.quantity")


def _plan(counter: Counter, offer: Offer, wish: Asked, at: str) -> OfferPlan:
    """The plan that was asked for, or the default among those that fit what was asked for."""
    sold = in_order(counter.plans[offer.id])
    fitting = [plan for plan in sold if wish.term in (None, plan.term)]
    if not fitting:
        known = {"offer": offer.name, "terms": tuple(dict.fromkeys(plan.term for plan in sold))}
        raise Invalid("“%(offer)s” is sold for %(terms)s.", code="term_not_sold", field=f"{at}.term", **known)
    found = [plan for plan in fitting if wish.billing_cycle in (None, plan.billing_cycle)]
    if not found:
        known = {"offer": offer.name, "cycles": tuple(dict.fromkeys(plan.billing_cycle for plan in fitting))}
        detail = N_("“%(offer)s” is billed %(cycles)s for this term.")
        raise Invalid(detail, code="billing_cycle_not_sold", field=f"{at}.billing_cycle", **known)
    return found[0]


def priced_line(counter: Counter, offer: Offer, plan: OfferPlan, price: UnitPrice, wish: LineWish) -> OrderLine:
    """A line with its dates, and what they come to at a price."""
    first = counter.market.term_day
    day, valid_to = charge_day(counter.now, counter.market.today, plan.billing_cycle), last_day(first, plan.term)
    hours = offer.policy.get("cancel_window_hours")
    return OrderLine(
        subscription_id=new_id(), offer_id=offer.id, name=offer.name, vendor=offer.vendor, kind=offer.kind,
        unit=offer.unit, term=plan.term, billing_cycle=plan.billing_cycle, quantity=wish.quantity, unit_price=price,
        charge_now=rest_of_period(
            price, wish.quantity, day=day, first=first, valid_to=valid_to, billing_cycle=plan.billing_cycle
        ),
        cycle_price=price.times(wish.quantity), valid_to=valid_to,
        undo_until=counter.now + timedelta(hours=hours) if hours else None,
        parent_subscription_id=wish.parent_subscription_id,
        charged_until=charged_until(day, first, valid_to, plan.billing_cycle), answers=wish.answers,
    )  # fmt: skip


def terms_at(
    counter: Counter, lines: tuple[OrderLine, ...], po_reference: str | None, cost_centre: str | None
) -> OrderTerms:
    """The terms of an order of these lines."""
    account, zero = counter.account, Money.zero(counter.account.currency)
    charge_now = sum((line.charge_now for line in lines), zero)
    monthly = sum((line.cycle_price for line in lines if line.billing_cycle == MONTHLY), zero)
    return OrderTerms(
        order_id=new_id(), account_id=account.id, customer_id=account.customer_id, reseller_id=account.reseller_id,
        account_name=account.name, currency=account.currency, lines=lines, charge_now=charge_now, every_month=monthly,
        commitment=sum((line.cycle_price * cycles_in(line.term, line.billing_cycle) for line in lines), zero),
        reserve=sum((line.cycle_price for line in lines), zero), effective_on=counter.market.today,
        tax_estimate=estimate(charge_now, account.country),
        next_invoice=next_invoice(charge_now + monthly, counter.market.today, account.country),
        po_reference=po_reference, cost_centre=cost_centre,
    )  # fmt: skip


def next_invoice(net: Money, today: date, country: str) -> NextInvoice:
    """The invoice of the first of next month: the charges of this month and the next month in advance."""
    return NextInvoice(month_of(today)[1], net, net + estimate(net, country).amount)


def _as_promised(
    session: Session, scope: Scope, preview_id: UUID, account: AccountRef, lines: Sequence[LineWish]
) -> OrderTerms:
    terms = promised(session, scope, preview_id, "order", OrderTerms)
    if terms.account_id != account.id:
        raise mismatch("This preview was made for another account.")
    same = len(lines) == len(terms.lines) and all(map(_fits, lines, terms.lines))
    if not same:
        raise mismatch("These are not the lines of the preview. Make a new one for them.")
    return terms


def _fits(wish: LineWish, line: OrderLine) -> bool:
    """Whether a line is what the preview promised; what is left out is taken as promised."""
    return (
        wish.offer_id == line.offer_id
        and wish.quantity == line.quantity
        and wish.term in (None, line.term)
        and wish.billing_cycle in (None, line.billing_cycle)
        and wish.parent_subscription_id in (None, line.parent_subscription_id)
        and same_answers(wish.answers, line.answers)
    )


def with_new_ids(terms: OrderTerms, preview_id: UUID, po_reference: str | None, cost_centre: str | None) -> OrderTerms:
    """The promised terms for one order: two orders on one promise must not become the same order."""
    fresh = {line.subscription_id: new_id() for line in terms.lines}
    lines = []
    for line in terms.lines:
        parent = line.parent_subscription_id
        tied = fresh.get(parent, parent) if parent else None
        lines.append(replace(line, subscription_id=fresh[line.subscription_id], parent_subscription_id=tied))
    return replace(
        terms, order_id=new_id(), lines=tuple(lines), preview_id=preview_id,
        po_reference=po_reference or terms.po_reference, cost_centre=cost_centre or terms.cost_centre,
    )  # fmt: skip
