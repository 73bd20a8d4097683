"""Subscriptions as the provider says they are: after a change has been made, and where nobody need decide anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import locked
from domains.kernel.messages import publish

from ..events import SubscriptionChanged, costs_of
from ..lots import named_after
from ..models import ChangeOutcome, Offer, SeatLot, Subscription
from ..pricing import NextTerm
from .decisions import add_line, follow_term
from .orders import store_lots
from .repriced import follow_plan


def find_locked(session: Session, subscription_id: UUID) -> Subscription | None:
    """A subscription's row, locked, for a step of a saga or an exchange."""
    query = locked(select(Subscription).where(Subscription.id == subscription_id), Subscription.__table__)
    return session.scalars(query).one_or_none()


def take_over(
    session: Session, found: Subscription, look: ChangeOutcome, *, source: str | None, extended: bool = False
) -> None:
    """Make a subscription what the provider says it is, with its seat lots; new lots came from `source`.

    `extended`: a later last day is an extension that was adopted, also when the term is over meanwhile; no renewal.
    """
    before = _facts(found)
    version = found.version
    follow_plan(session, found, look)
    policy = msgspec.json.decode(msgspec.json.encode(look.policy))  # tuples become lists, as in the table
    found.take_over(
        quantity=look.quantity, valid_from=look.valid_from, valid_to=look.valid_to, state=look.state,
        raw_state=look.raw_state, auto_renew=look.auto_renew, policy=policy,
        provider_version=look.provider_version, next_term=_planned(session, found, look.next_term),
    )  # fmt: skip
    found.looked_at = clock.now(session)
    rows = list(session.scalars(select(SeatLot).where(SeatLot.subscription_id == found.id)))
    known = [row.as_lot() for row in rows]
    lots = named_after(look.lots, known, source)
    if sorted(lots, key=str) != sorted(known, key=str):
        store_lots(session, found, lots, rows)
        found.version = version + 1
    follow_term(session, found, source=source, extended=extended)
    if _facts(found) != before:
        tell(session, found)
        subject = ("subscription", found.id)
        facts = {"before": before, "after": _facts(found)}
        if source is None:
            add_line(session, (found.id, found.customer_id, found.reseller_id), "provider", msgspec.to_builtins(facts))
        audit.record(session, "services.take_over", customer_id=found.customer_id, subject=subject, **facts)


def _planned(session: Session, row: Subscription, said: NextTerm | None) -> dict[str, Any] | None:
    """What is planned for the next term as it is kept: with our id and name of another offer, if we know it."""
    if said is None:
        return None
    if said.provider_offer_id is not None:
        query = select(Offer.id, Offer.name).where(Offer.provider == row.provider)
        known = session.execute(query.where(Offer.provider_offer_id == said.provider_offer_id)).one_or_none()
        said = replace(said, offer_id=known.id, name=known.name) if known is not None else said
    kept: dict[str, Any] = msgspec.to_builtins(said)
    return kept


def _facts(row: Subscription) -> dict[str, object]:
    names = ("quantity", "valid_to", "state", "auto_renew", "next_term")
    return {name: getattr(row, name) for name in names}


def tell(session: Session, row: Subscription) -> None:
    """Tell the other domains how a subscription stands."""
    event = SubscriptionChanged(
        row.version, row.id, row.customer_id, row.reseller_id, row.account_id, row.number, row.name, row.quantity,
        row.valid_to, row.state, **costs_of(row),
    )  # fmt: skip
    publish(session, event)
