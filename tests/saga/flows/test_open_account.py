"""An account is open everywhere, linked to one tenant and one user at the provider, or it was never there."""

from __future__ import annotations

from typing import Any

import pytest

from domains import accounts, services
from domains.accounts import queries as account_queries
from domains.kernel.errors import Invalid
from domains.services.models import AccountRef
from saga.flows.open_account import open_account
from tests.factories.services import EVERYBODY

from .crashes import dies, dies_around, places_in
from .seen import letters, reference, run_of, sent, words_of
from .shop import Shop


def known_of(shop: Shop, payload: Any) -> dict[str, Any]:
    """What is held of an account, here and at the provider."""
    with accounts.db.begin_read() as session:
        account = account_queries.get(session, EVERYBODY, payload.account_id)
    with services.db.begin_read() as session:
        orders = session.get(AccountRef, payload.account_id)
    there = shop.sandbox.get(f"customers/{payload.account_id}/users")["items"]
    return {
        "account": (account.status, account.currency), "orders": orders and orders.status,
        "linked": account.ccp_user and account.ccp_user["principal_name"],
        "known to support": reference(payload.account_id),
        "letters": letters(payload.delivery_id), "users there": [one["principal_name"] for one in there],
    }  # fmt: skip


def opened(shop: Shop, payload: Any) -> dict[str, Any]:
    """How an opening ends when it goes well: with one user, whoever made it."""
    [name] = [one["principal_name"] for one in shop.sandbox.get(f"customers/{payload.account_id}/users")["items"]]
    return {
        "account": ("active", "EUR"), "linked": name, "orders": "active",
        "known to support": ("account", "active"), "letters": [("owner@northwind.example", "account_opened")],
        "users there": [name],
    }  # fmt: skip


NEVER: dict[str, Any] = {
    "account": ("closed", "EUR"), "linked": None, "orders": None, "known to support": None, "letters": [],
    "users there": [],
}  # fmt: skip


def test_a_new_account_is_open_everywhere_and_has_a_user_at_the_provider(shop: Shop) -> None:
    payload = shop.an_account("Branch")

    run = shop.run(open_account, payload)

    assert words_of(run.id) == ["done"] * 6
    assert known_of(shop, payload) == opened(shop, payload)


def test_an_account_may_order_only_after_the_provider_knows_it(shop: Shop) -> None:
    payload = shop.an_account("Branch")
    shop.sandbox.fault("ensure_customer", "error", count=1)

    shop.run(open_account, payload)
    during = known_of(shop, payload)
    shop.carry_on()

    assert (during["account"], during["orders"]) == (("opening", "EUR"), "opening")
    assert known_of(shop, payload) == opened(shop, payload)


def test_a_taken_name_is_a_clear_no_before_the_provider_hears_of_it(shop: Shop) -> None:
    run = shop.run(open_account, shop.an_account("head office"))

    said = run_of(run.id).error
    assert said and said["code"] == "name_taken" and "head office" in said["detail"]
    assert (words_of(run.id)[0], sent(run.id, "C")) == ("refused", [])


def test_a_clear_no_of_the_provider_takes_everything_back_and_frees_the_name(shop: Shop) -> None:
    shop.sandbox.fault("ensure_customer", "error", status=422, code="country_not_served", count=1)
    payload, again = shop.an_account("Branch"), shop.an_account("Branch")

    run = shop.run(open_account, payload)
    refused, back = known_of(shop, payload), sent(run.id, "C")
    shop.run(open_account, again)

    said = run_of(run.id).error
    assert said and said["code"] == "country_not_served" and said["detail"]
    assert (run_of(run.id).status, refused) == ("compensated", NEVER)
    assert back == ["services.forget_account", "accounts.discard_account"]
    assert known_of(shop, again) == opened(shop, again)


@pytest.mark.parametrize("operation", ["ensure_customer", "ensure_user"])
@pytest.mark.parametrize("silence", ["timeout_after_applying", "error_after_applying"])
def test_a_silent_provider_has_one_tenant_and_one_user_in_the_end(shop: Shop, operation: str, silence: str) -> None:
    payload = shop.an_account("Branch")
    shop.sandbox.fault(operation, silence, count=1, seconds=0)

    shop.run(open_account, payload)
    shop.carry_on()

    assert known_of(shop, payload) == opened(shop, payload)


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    payload = shop.an_account("Branch")

    shop.start(open_account, payload)
    shop.work_off_doubled()

    assert known_of(shop, payload) == opened(shop, payload)


def test_the_same_request_again_is_the_same_account(shop: Shop) -> None:
    payload = shop.an_account("Branch")

    one = shop.run(open_account, payload, key="k", digest="d")
    again = shop.run(open_account, shop.an_account("Branch"), key="k", digest="d")

    assert (again.id, again.resource_id, again.replayed) == (one.id, payload.account_id, True)
    with pytest.raises(Invalid, match="Idempotency-Key"):
        shop.start(open_account, payload, key="k", digest="another")


@pytest.mark.slow
def test_an_opening_survives_crashes_around_every_step(shop: Shop) -> None:
    payload = shop.an_account("Branch")
    run = shop.start(open_account, payload)

    for step in open_account.steps:
        dies_around(shop, step.action)
    shop.carry_on()

    assert (run_of(run.id).status, known_of(shop, payload)) == ("completed", opened(shop, payload))


UNDONE = [place for step in open_account.steps[:2] for place in places_in(step.compensation)]


@pytest.mark.parametrize("place", UNDONE)
def test_an_opening_that_is_taken_back_survives_a_crash(shop: Shop, place: str) -> None:
    shop.sandbox.fault("ensure_customer", "error", status=422, code="country_not_served")
    payload = shop.an_account("Branch")
    run = shop.start(open_account, payload)

    assert dies(shop.transport, place)
    shop.carry_on()
    shop.sandbox.control("DELETE", "faults")

    assert (run_of(run.id).status, known_of(shop, payload)) == ("compensated", NEVER)
