"""A drift is adopted: the provider's facts become ours, and what they cost is reckoned from the day they hold from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import next_number
from domains.kernel.messages import publish

from ..events import SubscriptionActivated, costs_of
from ..lots import named_after
from ..models import AccountRef, ChangeOutcome, Drift, Seen, Subscription
from ..models.adoptions import Adopted, AdoptedCharge, Bought, Confirmed
from ..pricing.adoptions import Part
from ..queries.adoptions import beginning, changes, paid_after
from .orders import store_lots
from .settling import find_drift, finish_settling
from .subscriptions import find_locked, take_over, tell

GONE_THERE = "gone"  # the raw state of what the provider does not know any more


def adopt_drift(
    session: Session, *, drift_id: UUID, settlement_id: UUID, confirmed: Confirmed, bought: Bought | None
) -> Adopted:
    """Take the provider's facts over into our subscription, or make one of what was bought there. Twice is once.

    Gives the charges for what came, went or was extended there, each from its own day.
    """
    drift = find_drift(session, drift_id)
    now = clock.business_now(session)
    if drift is None or drift.settlement_id != settlement_id:
        return Adopted((), "", now)
    account = session.get_one(AccountRef, drift.account_id)
    row = find_locked(session, drift.subscription_id)
    if row is None and bought is not None and confirmed.look is not None and confirmed.seen is not None:
        parts = list(beginning(account, drift, confirmed.seen, bought, now))
        row = _made(session, drift, account, confirmed, bought, parts[0].until)
    elif row is not None and drift.state == "settling":
        parts = list(changes(account, drift, row, confirmed.seen, confirmed.losses))
        row.paid_until = paid_after(account, drift, row, confirmed.seen)
        _taken_over(session, row, confirmed.look, extended=any(part.kind == "extend" for part in parts))
    else:
        return Adopted((), row.number if row is not None else "", now)
    drift.number = row.number
    finish_settling(session, drift, "adopted")
    return Adopted(tuple(_charges(drift, row, parts)), row.number, now)


def _made(
    session: Session, drift: Drift, account: AccountRef, confirmed: Confirmed, bought: Bought, paid: date | None
) -> Subscription:
    """The subscription that was bought directly, as one of ours. No order of ours stands behind it: the drift does."""
    look, seen = confirmed.look, confirmed.seen
    assert look is not None
    now = clock.now(session)
    number = next_number(session, "SUB", clock.local_day(now, account.time_zone).year)
    row = {
        "id": drift.subscription_id, "number": number, "customer_id": drift.customer_id,
        "reseller_id": drift.reseller_id, "account_id": account.id, "account_name": account.name,
        "order_id": drift.id, "offer_id": bought.offer_id, "provider": drift.provider,
        "provider_offer_id": bought.provider_offer_id, "provider_subscription_id": drift.provider_subscription_id,
        "name": bought.name, "vendor": bought.vendor, "kind": bought.kind, "unit": bought.unit, "term": bought.term,
        "billing_cycle": bought.billing_cycle, "quantity": look.quantity, "currency": bought.unit_price.currency,
        "unit_rate": bought.unit_price.amount, "payer_rate": bought.payer_price and bought.payer_price.amount,
        "state": look.state, "raw_state": look.raw_state,
        "valid_from": look.valid_from, "valid_to": look.valid_to, "paid_until": paid, "auto_renew": look.auto_renew,
        "parent_subscription_id": _parent(session, drift, seen), "terms_of_offer": bought.terms_of_offer,
        "policy": msgspec.to_builtins(look.policy), "provider_version": look.provider_version, "looked_at": now,
        "version": 1,
    }  # fmt: skip
    session.execute(insert(Subscription.__table__), [row])
    made = session.get_one(Subscription, drift.subscription_id)
    store_lots(session, made, named_after(look.lots, (), None), ())
    publish(session, SubscriptionActivated(1, made.id, made.customer_id, made.reseller_id, made.account_id, drift.id,
            made.number, made.name, made.quantity, made.valid_to, made.state, **costs_of(made)))  # fmt: skip
    return made


def _parent(session: Session, drift: Drift, seen: Seen | None) -> UUID | None:
    """The subscription of ours that an add-on adds to."""
    if seen is None or seen.parent is None:
        return None
    at = (Subscription.account_id == drift.account_id, Subscription.provider_subscription_id == seen.parent)
    return session.scalars(select(Subscription.id).where(*at)).first()


def _taken_over(session: Session, row: Subscription, look: ChangeOutcome | None, *, extended: bool) -> None:
    if look is not None:
        take_over(session, row, look, source=None, extended=extended)
        return
    row.take_over(state="canceled", raw_state=GONE_THERE, auto_renew=False)
    tell(session, row)


def _charges(drift: Drift, row: Subscription, parts: list[Part]) -> Iterator[AdoptedCharge]:
    """The parts as charges with ids of their own; what a subscription began with has the subscription's, as always."""
    for number, part in enumerate(parts):
        own = uuid5(drift.settlement_id or drift.id, f"{part.kind}/{part.on}/{number}")
        yield AdoptedCharge(
            id=row.id if part.kind == "activation" else own, kind=part.kind, quantity=part.quantity,
            unit_price=row.unit_price, amount=part.amount, effective_on=part.on, until=part.until,
            payer_price=row.payer_price,
        )  # fmt: skip
