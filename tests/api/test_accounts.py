"""Accounts through the API: opened, read and changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from domains.accounts import commands, db, queries
from domains.accounts.commands import CcpCustomer, CcpUser
from domains.kernel.database import new_id
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from saga.transports.inline import Transport

from .program import Program, a_caller


def a_customer(**but: Any) -> UUID:
    """An active customer in euros, as accounts know it."""
    facts: dict[str, Any] = {
        "customer_id": new_id(), "reseller_id": None, "kind": "direct", "name": "Northwind Traders",
        "status": "active", "currency": "EUR", "country": "NL", "region": "eu", "time_zone": "Europe/Amsterdam",
        "credit_limit": None, "price_book": "Standard 2026",
    } | but  # fmt: skip
    with db.begin() as session:
        commands.know_customer(session, **facts)
    found: UUID = facts["customer_id"]
    return found


def an_account(customer_id: UUID, name: str = "Head office", **but: Any) -> UUID:
    """An open account with a user at the provider."""
    account_id = new_id()
    facts: dict[str, Any] = {
        "reseller_id": None, "cost_centre": None, "po_reference": None, "budget": Money.of(500, "EUR"),
    } | but  # fmt: skip
    user = CcpUser("u-1", "head@northwind.example", "Head", "head@northwind.example", "active", ("owner",), True,
                   None, None)  # fmt: skip
    tenant = CcpCustomer("c-1", str(account_id), "Northwind", "NL", "northwind.example", "active")
    with db.begin() as session:
        commands.open_account(session, account_id=account_id, customer_id=customer_id, name=name, **facts)
    with db.begin() as session:
        commands.activate_account(session, account_id=account_id, ccp_customer=tenant, ccp_user=user)
    return account_id


@pytest.fixture
def customer_id(databases: object) -> UUID:
    return a_customer()


@pytest.fixture
def program(app: Flask, customer_id: UUID) -> Program:
    return Program(app, a_caller(customer_id))


def test_an_account_says_what_it_may_still_spend(program: Program, customer_id: UUID) -> None:
    account_id = an_account(customer_id)
    with db.begin() as session:
        held = {"reservation_id": new_id(), "account_id": account_id, "customer_id": customer_id}
        commands.reserve_spend(session, **held, reserve=Money.of("120.50", "EUR"))

    answer = program.get(f"/accounts/{account_id}").json

    assert answer["budget"] == {"amount": "500.00", "currency": "EUR"}
    assert answer["spend"]["committed"] == {"amount": "120.50", "currency": "EUR"}
    assert answer["spend"]["left"] == {"amount": "379.50", "currency": "EUR"}
    assert [account["id"] for account in program.get("/accounts").json["items"]] == [str(account_id)]


def test_an_account_shows_its_user_at_the_provider(program: Program, customer_id: UUID) -> None:
    answer = program.get(f"/accounts/{an_account(customer_id)}/ccp-user").json

    assert (answer["principal_name"], answer["roles"]) == ("head@northwind.example", ["owner"])
    assert answer["looked_at"] is not None


def test_an_account_that_is_still_opening_has_no_user_yet(program: Program, customer_id: UUID) -> None:
    account_id = new_id()
    facts = {"reseller_id": None, "cost_centre": None, "po_reference": None, "budget": None}
    with db.begin() as session:
        commands.open_account(session, account_id=account_id, customer_id=customer_id, name="New", **facts)

    answer = program.get(f"/accounts/{account_id}/ccp-user")

    assert (answer.status_code, answer.json["code"]) == (404, "not_linked_yet")


def test_opening_an_account_is_accepted_and_can_be_followed(
    program: Program, customer_id: UUID, transport: Transport
) -> None:
    wish = {"name": "Branch", "cost_centre": "4711", "budget": {"amount": "1000", "currency": "EUR"}}

    answer = program.post("/accounts", wish)
    transport.perform_next()
    account = program.get(f"/accounts/{answer.json['resource_id']}").json

    assert (answer.status_code, answer.json["kind"], answer.json["label"]) == (202, "open_account", "Branch")
    assert (account["status"], account["cost_centre"], account["currency"]) == ("opening", "4711", "EUR")
    assert account["customer_id"] == str(customer_id)


def test_a_reseller_opens_accounts_for_its_end_customers_only(
    app: Flask, transport: Transport, customer_id: UUID
) -> None:
    reseller_id = a_customer(kind="reseller")
    theirs = a_customer(reseller_id=reseller_id, kind="end_customer")
    reseller = Program(app, a_caller(reseller_id, "reseller"))

    own = reseller.post("/accounts", {"name": "Own"})
    for_them = reseller.post("/accounts", {"name": "Theirs", "customer_id": str(theirs)})
    for_others = reseller.post("/accounts", {"name": "Others", "customer_id": str(customer_id)})

    assert (own.json["customer_id"], for_them.json["customer_id"]) == (str(reseller_id), str(theirs))
    assert (for_others.status_code, for_others.json["code"]) == (404, "customer_not_found")


def test_an_account_is_changed_in_the_version_that_was_seen(program: Program, customer_id: UUID) -> None:
    path = f"/accounts/{an_account(customer_id)}"
    seen = program.get(path)

    changed = program.patch(path, {"name": "HQ", "budget": None}, If_Match=seen.headers["ETag"])
    stale = program.patch(path, {"name": "Seat"}, If_Match=seen.headers["ETag"])
    blind = program.patch(path, {"name": "Seat"})
    unknown = program.patch(path, {"currency": "USD"}, If_Match=changed.headers["ETag"])
    empty = program.patch(path, {"name": "Seat"}, If_Match=changed.headers["ETag"], Idempotency_Key="")
    keyless = program.patch(path, {"name": "HQ"}, If_Match=changed.headers["ETag"], Idempotency_Key=None)

    assert (changed.status_code, changed.json["name"], changed.json["budget"]) == (200, "HQ", None)
    assert changed.json["version"] == seen.json["version"] + 1
    assert (stale.status_code, stale.json["code"]) == (412, "version_conflict")
    assert [blind.status_code, unknown.status_code, empty.status_code] == [428, 422, 400]
    assert keyless.status_code == 200
    assert program.get(path).json == keyless.json


def test_a_repeated_change_gets_its_first_answer(program: Program, customer_id: UUID) -> None:
    path, key = f"/accounts/{an_account(customer_id)}", str(new_id())
    seen = program.get(path).headers["ETag"]

    first = program.patch(path, {"name": "HQ"}, If_Match=seen, Idempotency_Key=key)
    again = program.patch(path, {"name": "HQ"}, If_Match=seen, Idempotency_Key=key)
    other = program.patch(path, {"name": "Seat"}, If_Match=seen, Idempotency_Key=key)
    elsewhere = program.patch(f"/accounts/{an_account(customer_id, 'B')}", {"name": "HQ"}, If_Match=seen,
                              Idempotency_Key=key)  # fmt: skip

    assert (again.status_code, again.json, again.headers["ETag"]) == (200, first.json, first.headers["ETag"])
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert (elsewhere.status_code, elsewhere.json["code"]) == (422, "idempotency_key_reused")


def test_a_refused_change_leaves_its_key_free(program: Program, customer_id: UUID) -> None:
    an_account(customer_id, "Branch")
    path, key = f"/accounts/{an_account(customer_id)}", str(new_id())
    seen = program.get(path).headers["ETag"]

    refused = program.patch(path, {"name": "branch"}, If_Match=seen, Idempotency_Key=key)
    mended = program.patch(path, {"name": "Branch 2"}, If_Match=seen, Idempotency_Key=key)

    assert (refused.status_code, refused.json["code"]) == (422, "name_taken")
    assert (mended.status_code, mended.json["name"]) == (200, "Branch 2")


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"name": ""}, {"name": "   "}, {"name": None}, {"budget": {"amount": "1", "currency": "USD"}},
        {"budget": {"amount": 1, "currency": "EUR"}}, {"budget": {"amount": "-1", "currency": "EUR"}},
        {"budget": {"amount": "1e3", "currency": "EUR"}}, {"budget": "1"},
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_right_changes_nothing(
    program: Program, customer_id: UUID, changes: dict[str, Any]
) -> None:
    path = f"/accounts/{an_account(customer_id)}"
    before = program.get(path)

    answer = program.patch(path, changes, If_Match=before.headers["ETag"])

    assert answer.status_code == 422
    assert program.get(path).json == before.json


def test_a_stranger_can_neither_see_nor_change_it(app: Flask, customer_id: UUID) -> None:
    account_id = an_account(customer_id)
    stranger, path = Program(app, a_caller(a_customer())), f"/accounts/{account_id}"

    assert stranger.get(path).status_code == 404
    assert stranger.get(f"{path}/ccp-user").status_code == 404
    assert stranger.patch(path, {"name": "Mine"}, If_Match=f'"{account_id}-2"').status_code == 404
    assert stranger.get("/accounts").json["items"] == []
    with db.begin_read() as session:
        assert queries.get(session, Scope.customer(customer_id), account_id).name == "Head office"


def test_what_cannot_be_opened_is_refused_before_anything_is_started(program: Program, customer_id: UUID) -> None:
    an_account(customer_id, "Head office")
    budget = {"amount": "-1.00", "currency": "EUR"}

    taken = program.post("/accounts", {"name": "HEAD office"})
    below = program.post("/accounts", {"name": "Lab", "budget": budget})

    assert (taken.status_code, taken.json["code"]) == (422, "name_taken")
    assert below.status_code == 422
    assert program.get("/operations").json["items"] == []


def test_a_suspended_customer_opens_no_account(app: Flask) -> None:
    program = Program(app, a_caller(a_customer(status="suspended")))

    refused = program.post("/accounts", {"name": "Lab"})

    assert (refused.status_code, refused.json["code"]) == (422, "customer_not_active")


def test_tags_are_kept_once_each_and_taken_away(program: Program, customer_id: UUID) -> None:
    account_id = an_account(customer_id)

    def patched(tags: list[str], version: int) -> Any:
        return program.patch(f"/accounts/{account_id}", {"tags": tags}, if_match=f'"{account_id}-{version}"')

    assert patched([" Team  A ", "team a", "Oslo"], 2).json["tags"] == ["team a", "Oslo"]
    refused = patched([f"tag {n}" for n in range(11)], 3)
    assert (refused.status_code, refused.json["code"]) == (422, "tags_invalid")
    assert patched([], 3).json["tags"] == []


def test_closing_an_account_is_an_operation_and_says_at_once_what_cannot_be(
    program: Program, customer_id: UUID, transport: Transport
) -> None:
    account_id = an_account(customer_id)
    with db.begin() as session:
        held = {"reservation_id": new_id(), "account_id": account_id, "customer_id": customer_id}
        commands.reserve_spend(session, **held, reserve=Money.of("120.50", "EUR"))

    busy = program.post(f"/accounts/{account_id}/close", {})
    with db.begin() as session:
        commands.release_reservation(session, reservation_id=held["reservation_id"])
    stale = program.post(f"/accounts/{account_id}/close", {}, if_match=f'"{account_id}-1"')
    begun = program.post(f"/accounts/{account_id}/close", {})

    assert (busy.status_code, busy.json["code"]) == (422, "account_busy")
    assert (stale.status_code, begun.status_code) == (412, 202)
    assert (begun.json["kind"], begun.json["resource_id"]) == ("close_account", str(account_id))


def test_a_budget_shows_what_is_bound_and_is_changed_under_its_version(program: Program, customer_id: UUID) -> None:
    account_id = an_account(customer_id)
    path, limit = f"/budgets/{account_id}", {"amount": "900.00", "currency": "EUR"}

    changed = program.patch(path, {"commitment_limit": limit, "alerts": [50]}, if_match=f'"{account_id}-2"')
    stale = program.patch(path, {"beyond": "warn"}, if_match=f'"{account_id}-2"')
    listed = program.get("/budgets").json["items"]

    assert (changed.status_code, stale.status_code) == (200, 412)
    assert (changed.json["commitment_limit"], changed.json["alerts"], changed.json["beyond"]) == (limit, [50], "block")
    assert len(changed.json["months"]) == 12
    assert [one["id"] for one in listed] == [str(account_id)]
    assert program.patch(path, {"beyond": "ignore"}, if_match=f'"{account_id}-3"').status_code == 422
    assert program.patch(path, {"beyond": "ask"}, if_match=f'"{account_id}-3"').json["beyond"] == "ask"
