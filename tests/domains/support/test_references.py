"""What cases can be about: as its owners tell it, whatever order their events come in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

import msgspec
import pytest

from domains.accounts.events import AccountChanged, AccountOpened
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import NotFound
from domains.kernel.messages import Event, react
from domains.kernel.tenancy import Scope
from domains.services.events import (
    OrderCompleted,
    OrderDrafted,
    OrderRejected,
    SubscriptionActivated,
    SubscriptionChanged,
)
from domains.support import db, queries
from domains.support import reactions as reactions
from domains.support.models import Reference
from tests.factories.support import a_thing

OWNERS = {"customer_id": new_id(), "reseller_id": new_id()}
ACCOUNT = {"name": "Head office", "currency": "EUR", "status": "active"}
ORDER = {"account_id": new_id(), "number": "ORD-2026-000001"}
SUBSCRIPTION = {
    "account_id": new_id(), "number": "SUB-2026-000001", "name": "Analytics Pro", "quantity": 20,
    "valid_to": date(2027, 3, 9), "state": "active",
}  # fmt: skip


def arrive(fact: Event) -> bool:
    """An event arrives as the relay brings it."""
    domain = type(fact).__module__.split(".")[1]
    event = {
        "event_id": str(new_id()), "type": f"{domain}.{type(fact).__name__}", "version": fact.version,
        "body": msgspec.to_builtins(fact),
    }  # fmt: skip
    with db.begin() as session:
        return react(session, "support", event)


def known(kind: str, id: UUID) -> Reference:
    with db.begin_read() as session:
        return queries.reference(session, Scope.operator(), kind, id)


Tell = Callable[..., Event]


@pytest.mark.parametrize(
    ("kind", "tell", "label", "state"),
    [
        ("account", lambda **id: AccountOpened(**id, **OWNERS, **ACCOUNT), "Head office", "active"),
        ("account", lambda **id: AccountChanged(**id, **OWNERS, **ACCOUNT), "Head office", "active"),
        ("order", lambda **id: OrderDrafted(**id, **OWNERS, **ORDER, state="placed"), "ORD-2026-000001", "placed"),
        (
            "order", lambda **id: OrderCompleted(**id, **OWNERS, **ORDER, state="partially_completed"),
            "ORD-2026-000001", "partially_completed",
        ),
        (
            "order", lambda **id: OrderRejected(**id, **OWNERS, **ORDER, state="rejected", code="capacity"),
            "ORD-2026-000001", "rejected",
        ),
        (
            "subscription", lambda **id: SubscriptionActivated(**id, **OWNERS, **SUBSCRIPTION, order_id=new_id()),
            "Analytics Pro (SUB-2026-000001)", "active",
        ),
        (
            "subscription", lambda **id: SubscriptionChanged(**id, **OWNERS, **SUBSCRIPTION),
            "Analytics Pro (SUB-2026-000001)", "active",
        ),
    ],
)  # fmt: skip
def test_what_the_owners_tell_can_be_linked(databases: Settings, kind: str, tell: Tell, label: str, state: str) -> None:
    id = new_id()
    assert arrive(tell(version=3, **{f"{kind}_id": id}))
    found = known(kind, id)

    assert (found.label, found.state, found.version) == (label, state, 3)
    assert (found.customer_id, found.reseller_id) == (OWNERS["customer_id"], OWNERS["reseller_id"])


def test_an_order_that_is_told_of_late_does_not_go_back(databases: Settings) -> None:
    id = new_id()
    arrive(OrderCompleted(version=2, order_id=id, **OWNERS, **ORDER, state="completed"))
    arrive(OrderDrafted(version=1, order_id=id, **OWNERS, **ORDER, state="placed"))

    assert (known("order", id).state, known("order", id).version) == ("completed", 2)


def test_newer_facts_take_the_place_of_older_ones(databases: Settings) -> None:
    id = new_id()
    arrive(AccountOpened(version=2, account_id=id, **OWNERS, **ACCOUNT))
    arrive(AccountChanged(version=4, account_id=id, **OWNERS, **ACCOUNT | {"name": "Branch"}))
    arrive(AccountChanged(version=3, account_id=id, **OWNERS, **ACCOUNT | {"name": "In between"}))

    assert (known("account", id).label, known("account", id).version) == ("Branch", 4)


def test_a_direct_customers_thing_has_no_reseller(databases: Settings) -> None:
    id = new_id()
    arrive(AccountOpened(version=1, account_id=id, customer_id=new_id(), reseller_id=None, **ACCOUNT))

    assert known("account", id).reseller_id is None


def test_an_event_that_comes_twice_is_taken_once(databases: Settings) -> None:
    fact = AccountOpened(version=1, account_id=new_id(), **OWNERS, **ACCOUNT)
    body = {"event_id": str(new_id()), "type": "accounts.AccountOpened", "body": msgspec.to_builtins(fact)}
    with db.begin() as session:
        assert [react(session, "support", body) for _ in range(2)] == [True, False]


def test_what_nobody_here_reacts_to_is_left_alone(databases: Settings) -> None:
    with db.begin() as session:
        assert not react(session, "support", {"event_id": str(new_id()), "type": "accounts.Nonsense", "body": {}})


def test_only_its_owners_and_staff_find_a_thing(databases: Settings) -> None:
    with db.begin() as session:
        customer, reseller = new_id(), new_id()
        thing = a_thing(session, "order", customer, reseller_id=reseller)
        for scope in (Scope.customer(customer), Scope.reseller(reseller), Scope.operator()):
            assert queries.reference(session, scope, "order", thing).label == "The order"
        for scope in (Scope.customer(new_id()), Scope.reseller(new_id()), Scope.customer(reseller)):
            with pytest.raises(NotFound) as no:
                queries.reference(session, scope, "order", thing)
            assert no.value.code == "link_not_found"
