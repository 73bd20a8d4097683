"""What one offer needs of others: what an add-on adds to, what must be there first, and what is given only once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.errors import Invalid, NotFound, Refused, Said
from domains.kernel.tenancy import Scope

from ..models import Offer, Subscription
from ..pricing import OrderLine

RUNNING = ("active", "suspended", "pending_cancellation")


def check_needs(
    session: Session, scope: Scope, account_id: UUID, offers: dict[UUID, Offer], lines: Sequence[OrderLine],
    but: UUID | None = None,
) -> list[OrderLine]:  # fmt: skip
    """The lines with each add-on tied to the subscription it adds to, in the account or in the same order.

    Refuses an add-on without one, an offer whose prerequisites are missing, and a second copy of what is given once.
    `but` is the order that is looked at again: what it has put down itself does not count.
    """
    held = [row for row in _held(session, scope, account_id, offers) if but is None or row.order_id != but]
    tied = []
    for index, line in enumerate(lines):
        offer, at = offers[line.offer_id], f"lines[{index}]"
        _check_once(offer, lines, held, index, at)
        _check_prerequisites(session, offer, offers, lines, held, at)
        needs_parent = offer.addon_of or line.parent_subscription_id is not None
        around = [*reversed(lines[:index]), *lines[index + 1 :]]  # an add-on stands below what it adds to
        parent = _parent(offer, offers, around, held, line, at) if needs_parent else None
        tied.append(replace(line, parent_subscription_id=parent))
    return tied


def _held(session: Session, scope: Scope, account_id: UUID, offers: dict[UUID, Offer]) -> list[Subscription]:
    """What the account has already, read only when a line asks for something of it."""
    if not any(offer.addon_of or offer.prerequisites or not offer.is_repeatable for offer in offers.values()):
        return []
    query = select(Subscription).where(scope.covers(Subscription), Subscription.account_id == account_id)
    query = query.where(Subscription.state != "failed")
    return list(session.scalars(query.order_by(Subscription.id)))


def _check_once(offer: Offer, lines: Sequence[OrderLine], held: Sequence[Subscription], index: int, at: str) -> None:
    if offer.is_repeatable:
        return
    twice = any(line.offer_id == offer.id for line in lines[:index])
    if twice or any(subscription.offer_id == offer.id for subscription in held):
        raise Refused(
            "“%(offer)s” is given once to an account, and this account has had it.",
            code="offer_not_repeatable",
            field=f"{at}.offer_id",
            offer=offer.name,
        )


def _check_prerequisites(
    session: Session, offer: Offer, offers: dict[UUID, Offer], lines: Sequence[OrderLine],
    held: Sequence[Subscription], at: str,
) -> None:  # fmt: skip
    there = {offers[line.offer_id].provider_offer_id for line in lines}
    there |= {subscription.provider_offer_id for subscription in held if subscription.state in RUNNING}
    if offer.prerequisites and not there.intersection(offer.prerequisites):
        wanted = Offer.provider_offer_id.in_(offer.prerequisites)
        known = select(Offer.name).where(Offer.provider == offer.provider, wanted).order_by(Offer.name)
        names = tuple(f"“{name}”" for name in session.scalars(known)) or ("—",)
        raise Refused(
            "“%(offer)s” needs one of these in the same account: %(needs)s. Add it to the order.", offer=offer.name,
            needs=names, code="prerequisite_missing", field=f"{at}.offer_id", missing=tuple(offer.prerequisites),
        )  # fmt: skip


def _parent(
    offer: Offer, offers: dict[UUID, Offer], lines: Sequence[OrderLine], held: Sequence[Subscription],
    line: OrderLine, at: str,
) -> UUID:  # fmt: skip
    """The subscription that an add-on adds to: the one named, else the next one in this order, else the only one held.

    `lines` are the other lines of the order, the nearest first.
    """
    field = f"{at}.parent_subscription_id"
    running = [row for row in held if row.state in RUNNING and row.provider_offer_id in offer.addon_of]
    ordered = [other for other in lines if offers[other.offer_id].provider_offer_id in offer.addon_of]
    if line.parent_subscription_id is not None:
        known = {row.id for row in running} | {other.subscription_id for other in ordered}
        if line.parent_subscription_id not in known:
            detail = Said("The account has no such subscription that “%(offer)s” could add to.", offer=offer.name)
            raise NotFound(detail, code="parent_not_found", field=field)
        return line.parent_subscription_id
    if ordered:
        return ordered[0].subscription_id
    if len(running) == 1:
        return running[0].id
    if running:
        which = Said("Say which subscription “%(offer)s” adds to.", offer=offer.name)
        raise Invalid(which, code="parent_ambiguous", field=field)
    raise Refused(
        "“%(offer)s” is an add-on: it needs a subscription it can add to, in the account or in this order.",
        code="parent_missing",
        field=field,
        offer=offer.name,
    )
