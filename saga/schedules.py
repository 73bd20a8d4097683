"""What happens by the clock, how often, and what it starts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from domains.accounts import commands as account_commands
from domains.accounts import db as accounts_db
from domains.billing import db as billing_db
from domains.billing import queries as billing
from domains.kernel import clock
from domains.kernel.database import Database
from domains.kernel.tenancy import Scope
from domains.services import commands as service_commands
from domains.services import db as services_db
from domains.services import queries as services

from . import bulk_rows, forgetting, reconciling, retention, store, tables
from .ends import RENEW_EVERY, begin_digests, begin_reminders, begin_renewals, begin_renewals_ahead, by_each_clock
from .flows.check_month import check_month
from .flows.issue_invoices import issue_invoices
from .flows.refresh_subscription import RefreshSubscription, refresh_subscription
from .flows.sync_catalogue import NOBODY, SyncCatalogue, sync_catalogue
from .payloads.invoice import CheckMonth, IssueInvoices
from .tables import Run

TRIED_AGAIN, DAILY = 3300, 86_100  # seconds; half a slot less than an hour and a day: a slot may begin a little late
INVOICES_AT_ONCE = 100


@dataclass(frozen=True)
class Schedule:
    """Something that happens every `every` seconds: `begin(window)` starts it, `window` naming the time slot."""

    name: str
    every: int
    begin: Callable[[str], object]


def begin_sync(window: str) -> object:
    """Fetch the provider's catalogue; once for each time slot, however often it is asked for.

    Nothing while an earlier fetch is at work: it asks until the provider is back.
    """
    with tables.db.begin_read() as session:
        if store.unfinished(session, sync_catalogue.name):
            return None
    return store.start(sync_catalogue, SyncCatalogue(), key=window, label="", resource=("catalogue", NOBODY))


def begin_hinted(window: str) -> object:
    """Look at the subscriptions that a provider has hinted at, each once, however many hints there are of it.

    A hint may be late, doubled or wrong: the look alone tells. Hints about what is not ours stay for reconciliation.
    """
    with services_db.begin_read() as session:
        hinted = services.hinted_subscriptions(session, Scope.system("look at what providers hint at"))
    for one in hinted:
        payload = RefreshSubscription(
            subscription_id=one.subscription_id, customer_id=one.customer_id, reseller_id=one.reseller_id,
            label=one.name,
        )  # fmt: skip
        store.start(
            refresh_subscription, payload, key=f"hint/{one.hint_ids[-1]}", label=one.name, resource=payload.resource
        )
        with services_db.begin() as session:
            service_commands.take_hints(session, hint_ids=one.hint_ids)
    return hinted


def begin_standings(window: str) -> object:
    """Tell what accounts leave whose orders are asked for beyond their limits: a month may have begun since."""
    return by_each_clock("tell what budgets leave", _tell_standings)


def _tell_standings(scope: Scope, but: Collection[UUID]) -> list[UUID]:
    told: list[UUID] = []
    while True:
        with accounts_db.begin() as session:
            found = account_commands.tell_standings(session, scope=scope, but=but, after=told[-1] if told else None)
        told += found
        if not found:
            return told


def begin_invoices(window: str) -> object:
    """Invoice the month that has ended everywhere: once for each payer, currency and month, in whatever time slot.

    So many at once and no more, not counting those that wait for a person: each asks the provider in the queue in which
    orders wait, too.
    """
    with billing_db.begin_read() as session:
        scope = Scope.system("invoice the month that has ended")
        last = _ended(clock.business_now(session))
        owing = billing.payers(session, scope, last)
    with tables.db.begin_read() as session:
        room = max(0, INVOICES_AT_ONCE - store.unfinished(session, issue_invoices.name, but="needs_attention"))
        keys = [(one, _next_key(session, f"invoice/{one.payer_id}/{one.currency}/{last:%Y-%m}")) for one in owing]
    chosen = [(payer, key) for payer, key in keys if key][:room]
    return [_begin_invoice(payer, last.replace(day=1), key) for payer, key in chosen]


def begin_check(window: str) -> object:
    """Look for what the provider bills us for nobody, once the month has ended everywhere; once for each month."""
    with billing_db.begin_read() as session:
        month = _ended(clock.business_now(session)).replace(day=1)
    with tables.db.begin_read() as session:
        key = _next_key(session, f"month/{month:%Y-%m}")
    if key is None:
        return None
    about = ("month", NOBODY)
    return store.start(check_month, CheckMonth(month=month), key=key, label=f"{month:%Y-%m}", resource=about)


def _ended(now: datetime) -> date:
    """The last day of the month that has ended everywhere."""
    return (now - ENDED_EVERYWHERE).date().replace(day=1) - timedelta(days=1)


def _begin_invoice(payer: billing.Payer, month: date, key: str) -> Run:
    payload = IssueInvoices.of(payer.payer_id, payer.currency, month)
    label = f"{payer.name} · {month:%Y-%m} · {payer.currency}"
    return store.start(issue_invoices, payload, key=key, label=label, resource=payload.resource)


def _next_key(session: Session, key: str) -> str | None:
    """The key under which something that has to succeed once may begin now; None: it has, is at work, or must wait.

    What came to nothing is begun again, each time after twice the wait, daily in the end: a provider that is away when
    a month begins must not keep the month from being charged.
    """
    tries = store.tries(session, key)
    if not tries:
        return key
    wait = timedelta(seconds=min(TRIED_AGAIN * 2 ** (len(tries) - 1), DAILY))
    failed = tries[-1].status == "compensated" and clock.now(session) - tries[-1].created_at >= wait
    return f"{key}/{len(tries) + 1}" if failed else None


def _purging(database: Database) -> Schedule:
    """A domain's own purge: that another domain's database is away does not make it begin again."""
    return Schedule(f"purge-{database.name}", 86_400, lambda window: retention.purge(database))


ENDED_EVERYWHERE = timedelta(hours=6)  # after midnight UTC: also in Lisbon and on the Azores, and the provider is done
SCHEDULES = (
    Schedule("sync-catalogue", 3600, begin_sync),
    Schedule("renew-ended", RENEW_EVERY, begin_renewals),
    Schedule("renew-ahead", 30, begin_renewals_ahead),
    Schedule("remind-of-decisions", 600, begin_reminders),
    Schedule("tell-of-drift", 600, begin_digests),
    Schedule("look-at-hints", 30, begin_hinted),
    Schedule("compare-accounts", 600, reconciling.begin_comparisons),
    Schedule("compare-hinted", 60, reconciling.begin_hinted),
    Schedule("adopt-by-rule", 60, reconciling.begin_adoptions),
    Schedule("tell-budgets", 3600, begin_standings),
    Schedule("work-off-plans", 2, bulk_rows.work_off),
    Schedule("issue-invoices", 600, begin_invoices),
    Schedule("check-month", 3600, begin_check),
    *map(_purging, retention.DATABASES),
    Schedule("purge-logins", 86_400, lambda window: retention.purge_logins()),
    Schedule("purge-runs", 86_400, lambda window: retention.purge_answers()),
    Schedule("purge-exports", 86_400, lambda window: retention.purge_exports()),
    Schedule("forget-people", 3600, lambda window: forgetting.forget_people()),
)
