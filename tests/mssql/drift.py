"""What is done directly at the provider, and many changes as one plan, for the story in which all is done once."""

from __future__ import annotations

from typing import Any

import requests
from sqlalchemy import select

from domains import services
from domains.kernel import config
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from domains.services import commands, queries
from domains.services.models import Drift, Subscription
from saga import bulk_rows, reconciling, store
from saga.flows.apply_bulk_plan import apply_bulk_plan
from saga.payloads.bulk_plan import ApplyBulkPlan
from saga.payloads.drift import SettleDrift
from saga.transports import inline
from tests.api.program import a_caller

SCOPE = Scope.operator()


def drift_and_plans(transport: inline.Transport) -> None:
    held = _running()
    _directly(kind="change_quantity", subscription_id=held.provider_subscription_id, quantity=held.quantity + 1)
    wish = {"offer_id": held.provider_offer_id, "term": held.term, "billing_cycle": held.billing_cycle, "quantity": 2}
    for _ in range(4):
        _directly(kind="buy", customer=str(held.account_id), currency=held.currency, **wish)
    reconciling.begin_comparisons("a story")
    reconciling.begin_hinted("a story")
    transport.run_until_quiet()
    _read_all(held)
    _settle(transport)
    _plans(held, transport)


def _running() -> Subscription:
    with services.db.begin_read() as session:
        query = select(Subscription).where(Subscription.state == "active", Subscription.kind == "seat")
        return session.scalars(query.order_by(Subscription.id)).all()[-1]


def _directly(**said: Any) -> None:
    url = f"{config.current().provider_url}/control/direct"
    requests.post(url, json=said, timeout=10).raise_for_status()


def _read_all(held: Subscription) -> None:
    key = new_id()
    with services.db.begin() as session:
        found = queries.list_drift(session, SCOPE, state="standing", limit=1)
        queries.list_drift(session, SCOPE, state="standing", limit=1, cursor=found.next_cursor)
        known = {"account_id": key, "customer_id": key, "subscription_id": key}
        queries.list_drift(session, SCOPE, state="open", kind="new", **known)
        queries.get_drift(session, SCOPE, found.items[0].id)
        queries.count_open(session, SCOPE)
        queries.list_rules(session, SCOPE)
        account = queries.get_account(session, SCOPE, held.account_id)
        commands.set_rule(session, account=account, rule="increases")
        commands.stop_settling(session, drift_id=key, settlement_id=key)
    with services.db.begin_read() as session:
        queries.get_rule(session, SCOPE, held.account_id)


def _settle(transport: inline.Transport) -> None:
    reconciling.begin_adoptions("a story")
    transport.run_until_quiet()
    with services.db.begin_read() as session:
        query = select(Drift).where(Drift.state == "open", Drift.kind == "new").order_by(Drift.id)
        waiting = list(session.scalars(query))
    for drift, decision in zip(waiting, ("adopt", "revert", "case", "ignore"), strict=False):
        payload = SettleDrift.of(drift, decision, "a story", a_caller(drift.customer_id), drift.version)
        about = {"label": payload.label, "resource": payload.resource}
        store.start(reconciling.SETTLING[decision], payload, key=str(new_id()), **about)  # type: ignore[arg-type]
    transport.run_until_quiet()


def _plans(held: Subscription, transport: inline.Transport) -> None:
    row = queries.RowWish(held.number, "change_quantity", str(held.quantity + 5))
    known: dict[str, Any] = {"customer_id": held.customer_id, "reseller_id": held.reseller_id}
    made_by = commands.Person(None, "A story", "")
    with services.db.begin() as session:
        rows = queries.price_rows(session, SCOPE, [row])
        plans = [commands.keep_plan(session, plan_id=new_id(), rows=rows, made_by=made_by, **known) for _ in range(2)]
        commands.cancel_plan(session, scope=SCOPE, plan_id=plans[1].id)
    payload = ApplyBulkPlan.of(plans[0], plans[0].signature, a_caller(held.customer_id))
    store.start(apply_bulk_plan, payload, key=str(new_id()), label=payload.label, resource=payload.resource)
    transport.run_until_quiet()
    for _ in range(2):
        bulk_rows.work_off("a story")
        transport.run_until_quiet()
    with services.db.begin_read() as session:
        first = queries.list_plans(session, SCOPE, limit=1)
        queries.list_plans(session, SCOPE, limit=1, cursor=first.next_cursor)
        queries.get_plan(session, SCOPE, plans[0].id)
        queries.list_rows(session, SCOPE, plans[0].id, state="done", limit=1)
        queries.file_rows(session, SCOPE, plans[0].id)
