"""A new customer is known to everybody who needs it, or to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domains import accounts, billing, customers, users
from domains.accounts.models import CustomerRef as AccountsRef
from domains.billing.models import CustomerRef as BillingRef
from domains.customers import queries as customer_queries
from domains.kernel.database import Database
from domains.kernel.errors import Invalid
from domains.kernel.tenancy import Scope
from domains.users import queries as user_queries
from domains.users.models import Organisation
from saga.decide import ATTEMPTS
from saga.flows.onboard_customer import onboard_customer
from tests.factories.services import EVERYBODY
from tests.factories.users import has_password, members_of, signed_in

from .crashes import dies_around
from .seen import letters, run_of, sent, words_of
from .shop import Shop, newcomer

OTHER = {"name": "Fabrikam Stores", "owner_email": "owner@fabrikam.example"}


def known_of(customer_id: UUID) -> dict[str, Any]:
    """What every domain knows of a customer."""
    with customers.db.begin_read() as session:
        found = customer_queries.list_customers(session, EVERYBODY, customer_id=customer_id).items
    with users.db.begin_read() as session:
        members = user_queries.list_users(session, EVERYBODY, customer_id=customer_id).items
        organisation = session.get(Organisation, customer_id)
    with accounts.db.begin_read() as session:
        buys = session.get(AccountsRef, customer_id)
    with billing.db.begin_read() as session:
        pays = session.get(BillingRef, customer_id)
    return {
        "customer": [one.status for one in found], "organisation": organisation and organisation.name,
        "people": [(member.email, member.status, member.role) for member in members],
        "accounts": buys and (buys.status, buys.currency, buys.price_book),
        "billing": pays and (pays.legal_name, pays.tax_id, pays.payment_terms_days, pays.street, pays.city),
    }  # fmt: skip


NOBODY: dict[str, Any] = {"customer": [], "organisation": None, "people": [], "accounts": None, "billing": None}


def known_everywhere(customer: Any) -> dict[str, Any]:
    return {
        "customer": ["active"], "organisation": customer.name,
        "people": [(customer.owner_email, "invited", "owner")], "accounts": ("active", "EUR", "Standard 2026"),
        "billing": (customer.legal_name, "NL123456789B01", 14, "Keizersgracht 1", "Amsterdam"),
    }  # fmt: skip


@contextmanager
def broken(database: Database) -> Iterator[None]:
    """A domain's database without the table that onboarding writes to."""
    with database.begin() as session:
        session.execute(text("ALTER TABLE customer_ref RENAME TO away"))
    yield
    with database.begin() as session:
        session.execute(text("ALTER TABLE away RENAME TO customer_ref"))


def test_a_new_customer_is_known_everywhere_and_its_owner_is_welcomed(shop: Shop) -> None:
    customer = newcomer(**OTHER)

    run = shop.run(onboard_customer, customer)

    assert words_of(run.id) == ["done"] * 6
    assert known_of(customer.customer_id) == known_everywhere(customer)
    assert letters(customer.delivery_id) == [("owner@fabrikam.example", "customer_welcome")]


def test_a_reseller_sees_its_new_end_customer_and_nobody_else_does(shop: Shop) -> None:
    reseller = newcomer(kind="reseller", name="Contoso Partners", owner_email="owner@contoso.example")
    shop.run(onboard_customer, reseller)
    theirs = newcomer(kind="end_customer", reseller_id=reseller.customer_id, **OTHER)

    shop.run(onboard_customer, theirs)

    with customers.db.begin_read() as session:
        seen = customer_queries.list_customers(session, Scope.reseller(reseller.customer_id)).items
        others = customer_queries.list_customers(session, shop.scope).items
    assert {one.id for one in seen} == {reseller.customer_id, theirs.customer_id}
    assert {one.id for one in others} == {shop.customer_id}


def test_an_owner_who_is_known_elsewhere_is_invited_under_the_name_that_was_typed(shop: Shop) -> None:
    has_password(UUID(shop.caller.actor.id))
    theirs = newcomer(**OTHER | {"owner_email": "owner@northwind.example"}, owner_name="Whoever")

    shop.run(onboard_customer, theirs)

    assert [(one.name, one.status) for one in members_of(theirs.customer_id)] == [("Whoever", "invited")]
    assert [(one.name, one.status) for one in members_of(shop.customer_id)] == [("Olivia Owen", "active")]
    assert letters(theirs.delivery_id) == [("owner@northwind.example", "customer_welcome")]


def test_an_onboarding_that_is_taken_back_takes_back_its_invitation_only(shop: Shop) -> None:
    owner_id = UUID(shop.caller.actor.id)
    has_password(owner_id)
    theirs = newcomer(**OTHER | {"owner_email": "owner@northwind.example"})
    with broken(billing.db):
        run = shop.run(onboard_customer, theirs)
        shop.carry_on()

    assert (run_of(run.id).status, known_of(theirs.customer_id)) == ("compensated", NOBODY)
    assert signed_in(owner_id)[0].customer_id == shop.customer_id


def test_a_taken_name_is_a_clear_no_and_leaves_nobody_behind(shop: Shop) -> None:
    twin = newcomer(owner_email="somebody@else.example")

    run = shop.run(onboard_customer, twin)

    said = run_of(run.id).error
    assert said and said["code"] == "name_taken" and "Northwind Traders" in said["detail"]
    assert (run_of(run.id).status, words_of(run.id)[0], sent(run.id, "C")) == ("compensated", "refused", [])
    assert known_of(twin.customer_id) == NOBODY
    assert letters(twin.delivery_id) == []


def test_a_domain_that_does_not_get_it_done_takes_everything_back_in_reverse(shop: Shop) -> None:
    customer = newcomer(**OTHER)
    with broken(billing.db):
        run = shop.run(onboard_customer, customer)
        shop.carry_on()

    said = run_of(run.id).error
    assert said and (said["code"], said["step"]) == ("no_answer", "billing.know_customer")
    assert words_of(run.id) == ["undone"] * 4 + ["not_reached"] * 2
    assert known_of(customer.customer_id) == NOBODY
    assert sent(run.id, "C") == [
        "billing.forget_customer", "accounts.forget_customer", "users.remove_organisation",
        "customers.discard_customer",
    ]  # fmt: skip


def test_a_compensation_that_does_not_get_through_is_shown_to_a_person_and_goes_on(shop: Shop) -> None:
    customer = newcomer(**OTHER)
    with broken(billing.db):
        run = shop.run(onboard_customer, customer)
        shop.carry_on(rounds=ATTEMPTS - 1)
        with broken(accounts.db):
            shop.carry_on(rounds=ATTEMPTS + 1)
            stuck = run_of(run.id)
    shop.carry_on()

    assert (stuck.status, stuck.attention, stuck.phase) == ("needs_attention", "not_getting_through", "C")
    assert (run_of(run.id).status, known_of(customer.customer_id)) == ("compensated", NOBODY)


def test_a_domain_that_is_broken_for_a_while_is_waited_for(shop: Shop) -> None:
    customer = newcomer(**OTHER)
    with broken(billing.db):
        run = shop.run(onboard_customer, customer)
        shop.carry_on(rounds=3)
    shop.carry_on()

    assert (run_of(run.id).status, known_of(customer.customer_id)) == ("completed", known_everywhere(customer))


def test_who_came_to_nothing_may_come_again(shop: Shop) -> None:
    first, second = newcomer(**OTHER), newcomer(**OTHER)
    with broken(billing.db):
        shop.run(onboard_customer, first)
        shop.carry_on()

    run = shop.run(onboard_customer, second)

    assert run_of(run.id).status == "completed"
    assert known_of(second.customer_id) == known_everywhere(second)


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    customer = newcomer(**OTHER)

    run = shop.start(onboard_customer, customer)
    shop.work_off_doubled()

    assert (run_of(run.id).status, known_of(customer.customer_id)) == ("completed", known_everywhere(customer))


def test_the_same_request_again_is_the_same_customer(shop: Shop) -> None:
    one = shop.run(onboard_customer, newcomer(**OTHER), key="k", digest="d")
    again = shop.run(onboard_customer, newcomer(**OTHER), key="k", digest="d")

    assert (again.id, again.resource_id, again.replayed) == (one.id, one.resource_id, True)
    with pytest.raises(Invalid, match="Idempotency-Key"):
        shop.start(onboard_customer, newcomer(**OTHER), key="k", digest="another")


@pytest.mark.slow
def test_an_onboarding_survives_crashes_around_every_step(shop: Shop) -> None:
    customer = newcomer(**OTHER)
    run = shop.start(onboard_customer, customer)

    check, *prepare, activate, tell = [step.action for step in onboard_customer.steps]
    for actions in ([check], prepare, [activate], [tell]):
        dies_around(shop, *actions)

    assert (run_of(run.id).status, known_of(customer.customer_id)) == ("completed", known_everywhere(customer))
    assert letters(customer.delivery_id) == [("owner@fabrikam.example", "customer_welcome")]


@pytest.mark.slow
def test_an_onboarding_that_is_taken_back_survives_crashes_too(shop: Shop) -> None:
    customer = newcomer(**OTHER)
    with broken(billing.db):
        run = shop.run(onboard_customer, customer)
        shop.carry_on(rounds=ATTEMPTS - 1)
    shop.clock.advance(seconds=61)
    with broken(billing.db):
        for step in reversed(onboard_customer.steps[:3]):
            dies_around(shop, step.compensation)
    shop.carry_on()

    assert (run_of(run.id).status, known_of(customer.customer_id)) == ("compensated", NOBODY)
