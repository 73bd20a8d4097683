"""What happens by the clock, how often, and what it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from domains.billing import db as billing_db
from domains.billing import queries as billing
from domains.kernel import clock
from domains.kernel.tenancy import Scope
from domains.services import db as services_db
from domains.services import queries as services

from . import store
from .flows.issue_invoices import issue_invoices
from .flows.refresh_subscription import RefreshSubscription, refresh_subscription
from .flows.sync_catalogue import NOBODY, SyncCatalogue, sync_catalogue
from .payloads.invoice import IssueInvoices


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


def begin_invoices(window: str) -> object:
    """Invoice the month that has ended everywhere: once for each payer, currency and month, in whatever time slot."""
    with billing_db.begin_read() as session:
        scope = Scope.system("invoice the month that has ended")
        last = (clock.business_now(session) - ENDED_EVERYWHERE).date().replace(day=1) - timedelta(days=1)
        owing = billing.payers(session, scope, last)
    return [_begin_invoice(payer, last.replace(day=1)) for payer in owing]


def _begin_invoice(payer: billing.Payer, month: date) -> object:
    payload = IssueInvoices.of(payer.payer_id, payer.currency, month)
    key = f"invoice/{payer.payer_id}/{payer.currency}/{month:%Y-%m}"
    label = f"{payer.name} · {month:%Y-%m} · {payer.currency}"
    return store.start(issue_invoices, payload, key=key, label=label, resource=payload.resource)


ENDED_EVERYWHERE = timedelta(hours=6)  # after midnight UTC: also in Lisbon and on the Azores, and the provider is done
SCHEDULES = (
    Schedule("sync-catalogue", 3600, begin_sync),
    Schedule("refresh-ended", 600, begin_refreshes),
    Schedule("issue-invoices", 3600, begin_invoices),
)
