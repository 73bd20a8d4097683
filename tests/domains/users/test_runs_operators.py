"""Who may work on runs: the operator's people in a role for it, and its programs that do nothing else."""

from __future__ import annotations

from uuid import UUID

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid
from domains.kernel.tenancy import Caller, Scope
from domains.users import commands, db, tokens
from domains.users.policy import CLIENT_SCOPES, ROLE_SCOPES, RUN_SCOPES
from tests.factories.users import an_organisation, has_password, invite, signed_in


@pytest.fixture
def operator_id(databases: Settings) -> UUID:
    customer_id, owner_id = an_organisation(kind="operator", name="Cloud Sales")
    has_password(owner_id)
    return customer_id


def a_program(customer_id: UUID, *scopes: str) -> Caller | None:
    """A program of a customer that has just got its token."""
    facts = {"client_id": f"eu_{new_id()}", "reseller_id": None, "name": "Desk", "secret": "css_x"}
    with db.begin() as session:
        commands.create_api_client(session, customer_id=customer_id, scopes=list(scopes), **facts)
    client = tokens.live_client(facts["client_id"])
    assert client is not None
    return tokens.caller_of_bearer(tokens.issue_access_token(client, list(scopes))["access_token"])


def test_only_two_roles_of_the_operators_hold_the_right() -> None:
    assert {role for role, scopes in ROLE_SCOPES.items() if RUN_SCOPES & scopes} == {"saga.operator", "administrator"}
    assert not RUN_SCOPES & CLIENT_SCOPES


def test_somebody_of_the_operator_in_that_role_sees_the_runs_of_all(operator_id: UUID) -> None:
    user_id = new_id()
    invite(operator_id, "rita@operator.example", "saga.operator", user_id=user_id)
    has_password(user_id)

    caller, _ = signed_in(user_id)

    assert caller.scope == Scope.operator()
    assert caller.may("runs:read") and caller.may("runs:write") and caller.may("support:work")
    assert not caller.may("customers:write")


def test_nobody_of_a_customer_gets_that_role(operator_id: UUID) -> None:
    customer_id, _ = an_organisation()

    with pytest.raises(Invalid, match="Only people of the operator"):
        invite(customer_id, "eve@northwind.example", "saga.operator")


def test_a_program_of_the_operator_works_on_all_runs_and_does_nothing_else(operator_id: UUID) -> None:
    desk = a_program(operator_id, "runs:read", "runs:write")
    erp = a_program(operator_id, "orders:read")

    assert desk and (desk.scope, desk.scopes) == (Scope.operator(), RUN_SCOPES)
    assert erp and erp.scope == Scope.customer(operator_id)
    for mixed in (("runs:read", "orders:read"), ("runs:write", "customers:write")):
        with pytest.raises(Invalid, match="may not have"):
            a_program(operator_id, *mixed)


@pytest.mark.parametrize("kind", ["direct", "reseller"])
def test_no_program_of_a_customer_works_on_runs(databases: Settings, kind: str) -> None:
    customer_id, _ = an_organisation(kind=kind)

    with pytest.raises(Invalid, match="may not have runs:read"):
        a_program(customer_id, "runs:read")
