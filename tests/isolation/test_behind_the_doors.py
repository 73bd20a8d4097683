"""What stands behind the doors: runs refuse a stranger's id, and nobody uses up what is counted for a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from api import oauth
from domains import services
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from domains.services import queries
from domains.services.queries import LineWish
from saga import store, tables
from saga.definition import Saga
from saga.flows.cancel_subscription import cancel_subscription
from saga.flows.change_plan import change_plan
from saga.flows.change_quantity import change_quantity
from saga.flows.extend_subscription import extend_subscription
from saga.flows.place_order import place_order
from saga.flows.schedule_change import schedule_change
from saga.flows.suspend_subscription import suspend_subscription
from saga.payloads.order import PlaceOrder
from tests.api.test_whole_story import transport as transport  # the sagas over the sandbox

from .cases import changed, rows_of
from .test_matrix import world as world
from .world import PRO, Tenant, World

pytestmark = pytest.mark.slow
CHANGES: tuple[tuple[Any, str, dict[str, Any]], ...] = (
    (change_quantity, "change_quantity", {"quantity": 9}),
    (extend_subscription, "extend", {}),
    (cancel_subscription, "cancel", {"mode": "now"}),
    (suspend_subscription, "suspend", {}),
    (change_plan, "change_plan", {"term": "P3Y"}),
    (schedule_change, "schedule_change", {"quantity": 9}),
)


def poisoned(me: Tenant, victim: Tenant) -> Iterator[tuple[Saga, Any]]:
    """Payloads as ours would be, with the stranger's account, preview or subscription in them."""
    scope = Scope.customer(me.customer_id)
    with services.db.begin_read() as session:
        lines = [LineWish(UUID(me.offers[PRO]), 5)]
        terms = queries.order_terms(session, scope, account_id=UUID(me.ids["account"]), lines=lines)
        order = PlaceOrder.of(terms, me.owner)
        yield place_order, replace(order, account_id=UUID(victim.ids["account"]))
        yield place_order, replace(order, order_id=new_id(), preview_id=UUID(victim.ids["preview"]))
        for saga, action, wish in CHANGES:
            about = {"subscription_id": UUID(me.ids["subscription"]), "action": action}
            asked = {"valid_to": date.fromisoformat(me.last_day)} if action == "extend" else wish
            found = queries.change_terms(session, scope, **about, **asked)
            payload = saga.payload.of(found, me.owner, None)
            yield saga, replace(payload, subscription_id=UUID(victim.ids["subscription"]))


def test_a_run_with_a_strangers_id_in_it_comes_to_nothing(world: World) -> None:
    world.open("A", "B")
    me, victim = world.tenants["A"], world.tenants["B"]
    for saga, payload in list(poisoned(me, victim)):
        before = rows_of([victim])
        run = store.start(saga, payload, key=str(new_id()), label="", resource=("x", new_id()))
        world.transport.run_until_quiet()

        with tables.db.begin_read() as session:
            ended = store.get(session, Scope.system("a test"), run.id)
        assert (saga.name, ended.status) == (saga.name, "compensated")
        kept = {name: rows for name, rows in before.items() if not name.startswith("saga.") and "inbox" not in name}
        assert changed(kept, rows_of([victim])) == [], saga.name


def test_who_uses_up_the_tries_of_a_strangers_program_does_so_at_their_own_place_only(databases: Settings) -> None:
    desk = oauth.create_app(replace(databases, limits="on")).test_client()

    def tried(program: str, place: str) -> int:
        asked = {"data": {"grant_type": "client_credentials"}, "auth": (program, "css_wrong")}
        return desk.post("/token", environ_overrides={"REMOTE_ADDR": place}, **asked).status_code

    used_up = [tried("eu_victim", "192.0.2.1") for _ in range(61)]

    assert set(used_up[:60]) == {401}
    assert (used_up[-1], tried("eu_victim", "192.0.2.2"), tried("eu_other", "192.0.2.1")) == (429, 401, 401)
