"""What a provider says of a subscription that we would say otherwise: decided from plain facts, in one place.

What the calendar does (a renewal, an end that was known) and what only the provider rules about (windows, reasons) are
no differences: they are taken over by themselves (ADR 46). What somebody decided over there is, until it is settled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from domains.kernel.crypto import canonical, digest

from ..lots import Lot, newest_first
from .facts import ChangeOutcome
from .subscriptions import Subscription

ENDED = ("canceled", "expired", "failed")
NEW, CHANGED, CANCELED, GONE = "new", "changed", "canceled", "gone"
FIELDS = ("state", "quantity", "valid_to", "auto_renew", "offer", "term", "billing_cycle")


@dataclass(frozen=True)
class Seen:
    """A subscription as the provider shows it in a list. `offer` is its own id of the offer.

    `valid_to` is the inclusive last day, FOREVER for what does not end. What is None the provider does not say.
    """

    provider_subscription_id: str
    reference: str | None
    quantity: int
    state: str
    raw_state: str
    valid_from: date | None
    valid_to: date | None
    auto_renew: bool | None
    lots: tuple[Lot, ...] = ()
    provider_version: int = 0
    offer: str | None = None
    name: str | None = None
    term: str | None = None
    billing_cycle: str | None = None
    parent: str | None = None

    @classmethod
    def of(cls, row: Subscription, look: ChangeOutcome) -> Seen:
        """What a look at one subscription of ours has shown; its offer and term were not asked for."""
        return cls(
            row.provider_subscription_id or "", str(row.id), look.quantity, look.state, look.raw_state,
            look.valid_from, look.valid_to, look.auto_renew, look.lots, look.provider_version,
        )  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One fact that stands otherwise over there; None: it is not there at all."""

    field: str
    ours: str | None
    theirs: str | None


def differences(row: Subscription, seen: Seen | None, today: date) -> tuple[Difference, ...]:
    """What a person must decide on, `today` being the provider's day. `seen` is None for what is gone over there."""
    ours = _ours(row)
    if seen is None:
        return () if row.state in ENDED else (Difference("state", ours["state"], None),)
    theirs = theirs_in(seen)
    if seen.state in ENDED:
        known = row.state in ENDED or (seen.state == "expired" and row.valid_to < today)
        return () if known else (Difference("state", ours["state"], theirs["state"]),)
    calendar = _by_the_calendar(row, seen, today)
    return tuple(
        Difference(name, ours[name], theirs[name])
        for name in FIELDS
        if theirs[name] not in (None, ours[name], calendar.get(name))
    )


def _by_the_calendar(row: Subscription, seen: Seen, today: date) -> dict[str, str | None]:
    """What a term that is over has become by itself: renewed, as was planned, or bridged month by month."""
    rules = row.allowed.end_of_term
    bridged = rules is not None and rules.set_to == "bridge"
    over = row.valid_to < today and seen.valid_to is not None and seen.valid_to > row.valid_to
    if not over or not (row.auto_renew or bridged):
        return {}
    became: dict[str, str | None] = {"valid_to": str(seen.valid_to)}
    if bridged:
        return became | {"term": seen.term, "billing_cycle": seen.billing_cycle}
    planned = row.planned
    if planned is not None:
        became |= {"offer": planned.provider_offer_id, "term": planned.term, "billing_cycle": planned.billing_cycle}
        became["quantity"] = str(planned.quantity) if planned.quantity is not None else None
    return became


def _ours(row: Subscription) -> dict[str, str]:
    state = "active" if row.state == "pending_cancellation" else row.state
    return {
        "state": _state(state, row.raw_state or ""), "quantity": str(row.quantity), "valid_to": str(row.valid_to),
        "auto_renew": _yes(row.auto_renew), "offer": row.provider_offer_id, "term": row.term,
        "billing_cycle": row.billing_cycle,
    }  # fmt: skip


def theirs_in(seen: Seen) -> dict[str, str | None]:
    """The facts that are compared, as texts."""
    return {
        "state": _state(seen.state, seen.raw_state), "quantity": str(seen.quantity),
        "valid_to": str(seen.valid_to) if seen.valid_to else None,
        "auto_renew": _yes(seen.auto_renew) if seen.auto_renew is not None else None, "offer": seen.offer,
        "term": seen.term, "billing_cycle": seen.billing_cycle,
    }  # fmt: skip


def _state(state: str, raw: str) -> str:
    """A state in our word; one that we have no word for in the provider's own, so that two of them differ."""
    return f"unknown:{raw}" if state == "unknown" else state


def _yes(said: bool) -> str:
    return "yes" if said else "no"


def introduced(seen: Seen) -> tuple[Difference, ...]:
    """What there is to say of a subscription that we do not know: everything."""
    theirs = theirs_in(seen)
    return tuple(Difference(name, None, theirs[name]) for name in FIELDS if theirs[name] is not None)


def kind_of(found: Iterable[Difference]) -> str:
    """The word for differences of a subscription that we know."""
    states = [one.theirs for one in found if one.field == "state"]
    if states and states[0] is None:
        return GONE
    return CANCELED if states and states[0] in ENDED else CHANGED


def digest_of(kind: str, found: Iterable[Difference]) -> str:
    """By what the same differences are known again."""
    return digest(kind, canonical([(one.field, one.ours, one.theirs) for one in found]))


def newest_units(lots: Iterable[Lot], count: int, otherwise: datetime) -> list[tuple[int, datetime]]:
    """The `count` units that came last, by when they came: (how many, when). What no lot tells came `otherwise`."""
    found, missing = [], count
    for lot in newest_first(lots):
        taken = min(missing, lot.quantity)
        if taken:
            found.append((taken, lot.added_at))
        missing -= taken
    return found + ([(missing, otherwise)] if missing else [])
