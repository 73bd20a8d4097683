"""What happens by the clock, how often, and what it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domains.kernel import clock
from domains.kernel.tenancy import Scope
from domains.services import db as services_db
from domains.services import queries as services

from . import store
from .flows.refresh_subscription import RefreshSubscription, refresh_subscription
from .flows.sync_catalogue import NOBODY, SyncCatalogue, sync_catalogue


@dataclass(frozen=True)
class Schedule:
    """Something that happens every `every` seconds: `begin(window)` starts it, `window` naming the time slot."""

    name: str
    every: int
    begin: Callable[[str], object]


def begin_sync(window: str) -> object:
    """Fetch the provider's catalogue; once for each time slot, however often it is asked for."""
    return store.start(sync_catalogue, SyncCatalogue(), key=window, label="", resource=("catalogue", NOBODY))


def begin_refreshes(window: str) -> object:
    """Look at the subscriptions whose last day has passed: the provider has renewed or ended them."""
    with services_db.begin_read() as session:
        today = clock.business_now(session).date()
        ended = services.past_their_end(session, Scope.system("refresh ended subscriptions"), today)
    for one in ended:
        payload = RefreshSubscription(
            subscription_id=one.id, customer_id=one.customer_id, reseller_id=one.reseller_id, label=one.name
        )
        key = f"refresh/{one.id}/{window}"
        store.start(refresh_subscription, payload, key=key, label=payload.label, resource=payload.resource)
    return ended


SCHEDULES = (
    Schedule("sync-catalogue", 3600, begin_sync),
    Schedule("refresh-ended", 600, begin_refreshes),
)
