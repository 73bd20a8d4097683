"""What the clock starts about the ends of terms: what is over is followed up, open decisions are reminded of.

A sandbox tenant's ends come by its own clock, and its runs begin at its time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from domains.customers import db as customers_db
from domains.customers import queries as customers
from domains.kernel import clock
from domains.kernel.database import new_id
from domains.kernel.messages import acting
from domains.kernel.tenancy import Origin, Scope
from domains.services import db as services_db
from domains.services import queries as services

from . import store, tables
from .flows.remind_of_decision import remind_of_decision
from .flows.renew_subscription import renew_subscription
from .flows.tell_of_drift import tell_of_drift
from .payloads.drift import TellOfDrift
from .payloads.end_of_term import RemindOfDecision, RenewSubscription
from .tables import Run

T = TypeVar("T")
Begin = Callable[[Scope, Collection[UUID]], list[T]]
RENEW_EVERY = 600  # seconds
RENEWALS_AT_ONCE = 200  # that have not ended: no more while the provider is away


def by_each_clock(why: str, begin: Begin[T]) -> list[T]:
    """Begin what is due in each sandbox whose clock runs ahead, by that clock, then what is due for everybody else.

    `begin` is given a scope, and the customers who have had their turn and are left out of it.
    """
    ahead = _clocks_ahead(why)
    return _by_clocks(ahead, begin) + begin(Scope.system(why), ahead.keys())


def _clocks_ahead(why: str) -> dict[UUID, int]:
    with customers_db.begin_read() as session:
        return dict(customers.clocks_ahead(session, Scope.system(why)))


def _by_clocks(ahead: dict[UUID, int], begin: Begin[T]) -> list[T]:
    begun: list[T] = []
    for customer_id, seconds in ahead.items():
        with acting(origin=Origin(ahead=seconds)):
            begun += begin(Scope.customer(customer_id), ())
    return begun


def begin_renewals(window: str) -> object:
    """Follow up the terms that are over: the provider has renewed or ended them, or is about to.

    So many at once and no more: while the provider is away, those that wait for it are enough.
    """
    return by_each_clock("follow up terms that are over", partial(_begin_renewals, window))


def begin_renewals_ahead(window: str) -> object:
    """The same in the sandboxes alone, and sooner: whoever has moved a clock waits to see what comes of it."""
    return _by_clocks(_clocks_ahead("follow up terms that are over"), partial(_begin_renewals, window))


def _begin_renewals(window: str, scope: Scope, but: Collection[UUID]) -> list[Any]:
    with services_db.begin_read() as session:
        over = services.renewals_due(session, scope, clock.business_now(session).date())
    over = [(one, last) for one, last in over if one.customer_id not in but]
    with tables.db.begin_read() as session:
        now, saga = clock.now(session), renew_subscription.name
        begun = store.started_since(session, saga, [one.id for one, _last in over], now - timedelta(days=1))
        room = max(0, RENEWALS_AT_ONCE - store.unfinished(session, saga, but="needs_attention"))
    due = [(one, f"renew/{one.id}/{last}/") for one, last in over]
    chosen = [(one, about) for one, about in due if _may_begin(begun[one.id], about, now)][:room]
    for one, about in chosen:
        payload = RenewSubscription(
            subscription_id=one.id, customer_id=one.customer_id, reseller_id=one.reseller_id, delivery_id=new_id(),
            label=one.name,
        )  # fmt: skip
        store.start(renew_subscription, payload, key=f"{about}{window}", label=payload.label, resource=payload.resource)
    return chosen


def _may_begin(begun: list[Run], about: str, now: datetime) -> bool:
    """Not while one is at work; and each of the last day about the same term, after which something is still to be
    done, doubles the wait. A sandbox may have many terms in a day."""
    if not all(run.is_final for run in begun):
        return False
    same = [run for run in begun if run.business_key.startswith(about)]
    wait = RENEW_EVERY * 2 ** (len(same) - 1) - RENEW_EVERY / 2  # half a slot less: a slot may begin a little late
    return not same or now - same[-1].created_at >= timedelta(seconds=wait)


def begin_digests(window: str) -> object:
    """Tell owners of what waits in their drift inbox, on the morning of their accounts: one run for each day, ever."""
    return by_each_clock("sum up drift that waits", _begin_digests)


def _begin_digests(scope: Scope, but: Collection[UUID]) -> list[Any]:
    with services_db.begin_read() as session:
        found = [one for one in services.digests_due(session, scope) if one.customer_id not in but]
    for one in found:
        payload = TellOfDrift(
            customer_id=one.customer_id, reseller_id=one.reseller_id, zone=one.zone, delivery_id=new_id(),
            label=str(one.day),
        )  # fmt: skip
        key = f"drift mail/{one.customer_id}/{one.zone}/{one.day}"
        store.start(tell_of_drift, payload, key=key, label=payload.label, resource=payload.resource)
    return found


def begin_reminders(window: str) -> object:
    """Remind of the decisions that are open and whose next morning has come: one run for each rung, ever."""
    return by_each_clock("remind of open decisions", _begin_reminders)


def _begin_reminders(scope: Scope, but: Collection[UUID]) -> list[Any]:
    with services_db.begin_read() as session:
        found = [one for one in services.reminders_due(session, scope) if one[0].customer_id not in but]
    for kept, rung in found:
        payload = RemindOfDecision(
            decision_id=kept.id, subscription_id=kept.subscription_id, customer_id=kept.customer_id,
            reseller_id=kept.reseller_id, delivery_id=new_id(), label=f"T-{rung}",
        )  # fmt: skip
        key = f"remind/{kept.id}/{kept.deadline:%Y-%m-%dT%H:%M}/{rung}"
        store.start(remind_of_decision, payload, key=key, label=payload.label, resource=payload.resource)
    return found
