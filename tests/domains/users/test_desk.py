"""What the operator's staff do at their desk: with their own people and programs all, with a customer's nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.kernel.messages import acting, cause_of
from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries, tokens
from tests.conftest import Clock
from tests.factories.users import has_password, invite, members_of, signed_in

from .test_support_access import House


@pytest.fixture
def house(databases: Settings, clock: Clock) -> House:
    return House("administrator")


def said(house: House, verb: Any, **known: Any) -> str:
    """What an administrator at their desk is told."""
    try:
        with acting(**cause_of(house.staff)), db.begin() as session:
            verb(session, scope=house.staff.scope, **known)
        return "done"
    except DomainError as no:
        return no.code


def a_program(customer_id: UUID, client_id: str, scopes: list[str]) -> None:
    with db.begin() as session:
        commands.create_api_client(session, client_id=client_id, customer_id=customer_id, reseller_id=None, name="ERP",
                                   scopes=scopes, secret="css_one")  # fmt: skip


def tried(house: House, client_id: str) -> list[str]:
    known = {"within": house.staff.scopes, "client_id": client_id, "expected_version": None}
    return [
        said(house, commands.add_secret, **known, secret="css_mine"),
        said(house, commands.update_client, **known, name="Mine"),
        said(house, commands.set_client_status, **known, status="disabled"),
        said(house, commands.delete_client, **known),
    ]


@pytest.mark.asvs("8.2.1", "8.2.2")
@pytest.mark.parametrize(
    "scopes", [["cases:read", "cases:write"], ["api-clients:write", "sign-on:write", "users:read"]]
)
def test_they_neither_see_nor_take_a_customers_program(house: House, scopes: list[str]) -> None:
    a_program(house.customer_id, "eu_erp", scopes)

    answers = tried(house, "eu_erp")

    client = tokens.live_client("eu_erp")
    assert client and [one.hint for one in client.live] == ["css_one"]
    assert answers == ["client_not_found"] * 4
    with db.begin_read() as session:
        assert queries.list_clients(session, house.staff.scope).items == []


def test_the_operators_own_programs_are_theirs_also_with_rights_that_their_desk_lacks(house: House) -> None:
    a_program(house.home, "eu_own", ["accounts:read", "cases:read"])

    assert tried(house, "eu_own") == ["done"] * 4


def test_they_let_their_own_people_in_and_shut_them_out(house: House) -> None:
    agent, rights = new_id(), house.staff.scopes
    invite(house.home, f"{agent}@operator.example", "agent", "Rogue", agent)
    has_password(agent)

    answers = [
        said(house, commands.invite_person, customer_id=house.home, email="new@operator.example", name="N",
             role="agent", granting=rights),
        said(house, commands.change_role, user_id=agent, role="saga.operator", granting=rights),
        said(house, commands.shut_out, user_id=agent, granting=rights),
    ]  # fmt: skip

    assert answers == ["done"] * 3


def test_nobody_at_the_operator_lets_in_who_may_do_more_than_they(house: House) -> None:
    rights = commands.staff_scopes("agent", None) | {"users:write"}
    known = {"customer_id": house.home, "email": "new@operator.example", "name": "N", "granting": rights}

    assert said(house, commands.invite_person, **known, role="administrator") == "role_above_own"
    assert said(house, commands.invite_person, **known, role="owner") == "role_above_own"
    assert said(house, commands.invite_person, **known, role="agent") == "done"


@pytest.mark.asvs("8.2.1", "8.2.2")
def test_they_do_nothing_to_a_customers_people(house: House) -> None:
    _, token = signed_in(house.owner_id)
    invite(house.customer_id, "ben@northwind.example")
    invitation = next(one.id for one in members_of(house.customer_id) if one.status == "invited")
    of, granting = house.customer_id, commands.CLIENT_SCOPES | house.staff.scopes
    before = members_of(of)

    answers = [
        said(house, commands.end_logins_of, user_id=house.owner_id, customer_id=of),
        said(house, commands.resend_invitation, membership_id=invitation),
        said(house, commands.withdraw_invitation, membership_id=invitation),
        said(house, commands.require_second_factor, customer_id=of, wanted=True),
        said(house, commands.change_role, user_id=house.owner_id, role="reader", granting=granting),
        said(house, commands.shut_out, user_id=house.owner_id, granting=granting),
        said(house, commands.invite_person, customer_id=of, email="me@x.example", name="N", role="reader",
             granting=granting),
    ]  # fmt: skip

    assert answers == ["customers_own"] * 7
    assert [(one.id, one.role, one.status) for one in members_of(of)] == [
        (one.id, one.role, one.status) for one in before
    ]
    assert tokens.caller_of_login(token) is not None


@pytest.mark.asvs("8.2.2")
def test_their_own_scope_is_the_operators_and_under_an_access_the_customers(house: House) -> None:
    assert house.staff.own == Scope.customer(house.home)

    house.granted()
    house.act()

    assert house.now().own == Scope.customer(house.customer_id)
