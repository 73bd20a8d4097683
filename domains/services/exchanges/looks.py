"""A look at one subscription: how it stands at the provider, where others may have changed it.

Where we keep a subscription's dates, the look after its last day renews it in our books, or ends it at the provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import NotFound, Pending
from domains.kernel.messages import Exchange
from domains.kernel.tenancy import Scope

from ..models import ChangeOutcome, Subscription
from ..pricing import term_day
from ..providers import HeldSubscription, MadeChange, Provider, provider
from ..providers.facts import ChangePolicy
from ..providers.platform import Ours, allowed, completed
from ..providers.readings import outcome_of
from ..queries.subscriptions import find


@dataclass(frozen=True)
class Looked:
    """How the subscription stands; `look` is None when the provider does not know it. Taken over by `apply_look`."""

    look: ChangeOutcome | None


@dataclass(frozen=True)
class _Wanted:
    """What to look at, what our books say of it, and which day it is."""

    subscription_id: UUID
    provider: str
    provider_subscription_id: str | None
    ours: Ours
    today: date


def _intend(session: Session, *, subscription_id: UUID) -> _Wanted:
    found = find(session, Scope.system("look at a subscription"), subscription_id)
    today = term_day(clock.business_now(session))
    return _Wanted(found.id, found.provider, found.provider_subscription_id, ours_of(found), today)


def ours_of(row: Subscription) -> Ours:
    """What our books say of a subscription."""
    return Ours(row.quantity, row.valid_from, row.valid_to, row.auto_renew, row.term)


def _call(wanted: _Wanted, asked_before: bool) -> ChangeOutcome | None:
    if wanted.provider_subscription_id is None:
        raise NotFound("This subscription was never set up at the provider.", code="not_at_provider")
    to, ours = provider(wanted.provider), wanted.ours
    over = "expiry" in to.capabilities().platform_managed and ours.is_over(wanted.today)
    if over and not ours.auto_renew:
        return _ended(to, wanted)
    held = to.get_subscription(wanted.provider_subscription_id)
    while over and ours.is_over(wanted.today) and ours.renewed() != ours:
        ours = ours.renewed()
    return seen(to, held, ours) if held is not None else None


def seen(to: Provider, held: HeldSubscription, ours: Ours, made: MadeChange | None = None) -> ChangeOutcome:
    """How a subscription stands, after a change or a look, with what we keep of it ourselves."""
    able = to.capabilities()
    return outcome_of(completed(able, held, ours), allowed(able, to.get_policy(held.id), ours), made)


def _ended(to: Provider, wanted: _Wanted) -> ChangeOutcome:
    """End what has run out, at a provider that knows no terms. Asked again, it is the same end."""
    subscription_id, reference = wanted.provider_subscription_id or "", wanted.subscription_id
    ending = {"reference": str(reference), "kind": "cancel", "mode": "now"}
    made = to.find_change(reference, subscription_id, ending) or to.make_change(reference, subscription_id, ending)
    if made.status != "succeeded" or made.subscription is None:
        raise Pending("provider", retry_after=made.retry_after or 2.0)
    over = completed(to.capabilities(), msgspec.structs.replace(made.subscription, status="expired"), wanted.ours)
    return outcome_of(over, ChangePolicy(can_increase=False, cancel_at_end_allowed=False))


def _record(session: Session, answer: ChangeOutcome | None, *, subscription_id: UUID) -> Looked:
    return Looked(answer)


look_at_subscription = Exchange("services.look_at_subscription", _intend, _call, _record)
