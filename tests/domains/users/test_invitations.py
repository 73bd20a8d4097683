"""Who is invited decides: before, nothing is granted and nothing told; and each customer ends only its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid, NotFound, Refused
from domains.kernel.tenancy import Scope
from domains.users import commands, db, tokens
from migrations import migrate
from tests.factories.users import (
    PASSWORD,
    accept,
    an_organisation,
    go_on_at,
    has_password,
    invite,
    members_of,
    membership_of,
    signed_in,
)
from tests.servers import create_database

EMAIL = "olga@northwind.example"


@pytest.fixture
def olga(databases: Settings) -> tuple[UUID, UUID]:
    """A customer, and its owner who has signed in long ago."""
    customer_id, user_id = an_organisation(owner_email=EMAIL)
    has_password(user_id)
    return customer_id, user_id


def said(customer_id: UUID) -> list[tuple[str, ...]]:
    return [(one.name, one.email, one.role, one.status) for one in members_of(customer_id)]


def entries(customer_id: UUID) -> list[Any]:
    """The audit trail of a customer."""
    table = db.audit_entry
    with db.begin_read() as session:
        return list(session.execute(table.select().where(table.c.customer_id == customer_id).order_by(table.c.id)))


def test_whoever_is_known_elsewhere_is_invited_and_shown_as_typed(olga: tuple[UUID, UUID]) -> None:
    _, user_id = olga

    other, _ = an_organisation(owner_email="OLGA@northwind.example ", owner_name="Somebody")

    assert said(other) == [("Somebody", "OLGA@northwind.example", "owner", "invited")]
    assert str(user_id) not in str((members_of(other), entries(other)))
    assert [entry.action for entry in entries(other)] == ["users.invite"]


def test_who_is_known_looks_like_who_is_not(olga: tuple[UUID, UUID]) -> None:
    known, _ = an_organisation(owner_email=EMAIL)
    new, user_id = an_organisation(owner_email="nobody@northwind.example")

    seen = [replace(one, id=known, email="") for at in (known, new) for one in members_of(at)]

    moments = {"created_at": seen[1].created_at, "expires_at": seen[1].expires_at}
    assert replace(seen[0], customer_id=new, **moments) == seen[1]
    assert members_of(new)[0].id != user_id
    assert [one.action for one in entries(known)] == [one.action for one in entries(new)]


def test_an_invitation_grants_nothing_and_goes_unnoticed_by_the_inviter(olga: tuple[UUID, UUID]) -> None:
    customer_id, user_id = olga
    reseller_id, _ = an_organisation(kind="reseller", owner_email=EMAIL)

    caller, _ = signed_in(user_id)

    assert (caller.scope, caller.roles) == (Scope.customer(customer_id), ("owner",))
    assert caller.preferences["invitations"] == "1"
    with pytest.raises(NotFound):
        go_on_at(reseller_id, caller)
    with pytest.raises(Refused):
        tokens.sign_in(email=EMAIL, password="wrong", ip="127.0.0.1", user_agent="test")
    has_password(user_id)
    assert [entry.action for entry in entries(reseller_id)] == ["users.invite"]


def test_who_accepts_is_a_member_and_goes_on_there_when_asked(olga: tuple[UUID, UUID]) -> None:
    _, user_id = olga
    other, _ = an_organisation(owner_email=EMAIL, owner_name="Somebody")
    caller, token = signed_in(user_id)

    accept(user_id, other)
    accept(user_id, other)
    stays = tokens.caller_of_login(token)
    go_on_at(other, caller)
    goes = tokens.caller_of_login(token)

    assert said(other) == [("Olga Owner", EMAIL, "owner", "active")]
    assert stays and goes
    assert (stays.customer_id, stays.preferences["invitations"]) == (caller.customer_id, "0")
    assert (goes.customer_id, goes.scope) == (other, Scope.customer(other))


def test_who_declines_leaves_nothing_and_stays_unknown(olga: tuple[UUID, UUID]) -> None:
    _, user_id = olga
    other, _ = an_organisation(owner_email=EMAIL, owner_name="Somebody")
    membership_id = membership_of(user_id, other)

    for _ in range(2):
        with db.begin() as session:
            commands.decline_invitation(session, user_id=user_id, membership_id=membership_id)

    assert members_of(other) == []
    assert [entry.action for entry in entries(other)] == ["users.invite", "users.decline_invitation"]
    assert {"Olga Owner", str(user_id)} & {str(value) for entry in entries(other) for value in entry} == set()


def test_nobody_answers_for_another(olga: tuple[UUID, UUID]) -> None:
    _, user_id = olga
    other, stranger = an_organisation(owner_email=EMAIL)
    membership_id = membership_of(user_id, other)

    with db.begin() as session, pytest.raises(NotFound):
        commands.accept_invitation(session, user_id=stranger, membership_id=membership_id)
    with db.begin() as session:
        commands.decline_invitation(session, user_id=stranger, membership_id=membership_id)

    assert [one.status for one in members_of(other)] == ["invited"]


def test_a_first_password_accepts_the_only_invitation_and_no_other(databases: Settings) -> None:
    first, user_id = an_organisation(owner_email=EMAIL)
    second, _ = an_organisation(owner_email=EMAIL)
    alone, lonely = an_organisation()

    has_password(user_id)
    has_password(lonely)

    states = [[one.status for one in members_of(at)] for at in (first, second, alone)]
    assert states == [["invited"], ["invited"], ["active"]]


def test_who_is_invited_only_signs_in_to_choose_and_sees_nothing(databases: Settings) -> None:
    first, user_id = an_organisation(owner_email=EMAIL)
    an_organisation(owner_email=EMAIL)
    has_password(user_id)

    guest, token = signed_in(user_id)
    accept(user_id, first)
    member = tokens.caller_of_login(token)

    assert (guest.scope, guest.customer_id, guest.scopes) == (Scope.customer(user_id), None, frozenset())
    assert member
    assert (member.scope, member.roles) == (Scope.customer(first), ("owner",))


@pytest.mark.asvs("7.4.2")
def test_shutting_somebody_out_ends_what_they_are_here_and_nothing_else(olga: tuple[UUID, UUID]) -> None:
    customer_id, user_id = olga
    other, _ = an_organisation(owner_email=EMAIL)
    accept(user_id, other)
    here, token_here = signed_in(user_id)
    there, token_there = signed_in(user_id)
    go_on_at(other, there)

    with db.begin() as session:
        ended = commands.disable_user(session, scope=Scope.customer(customer_id), user_id=user_id)

    assert ended == [UUID(here.login_id)]
    assert tokens.caller_of_login(token_here) is None
    stays = tokens.caller_of_login(token_there)
    assert stays and stays.customer_id == other
    assert signed_in(user_id)[0].customer_id == other
    assert [one.status for at in (customer_id, other) for one in members_of(at)] == ["disabled", "active"]
    assert "users.disable" not in [entry.action for entry in entries(other)]


@pytest.mark.asvs("7.4.2")
def test_who_is_shut_out_everywhere_cannot_sign_in_and_a_stranger_cannot_shut_out(olga: tuple[UUID, UUID]) -> None:
    _, user_id = olga
    with db.begin() as session, pytest.raises(NotFound):
        commands.disable_user(session, scope=Scope.customer(new_id()), user_id=user_id)
    with db.begin() as session:
        commands.disable_user(session, scope=Scope.operator(), user_id=user_id)

    has_password(user_id)

    with pytest.raises(Refused, match="Check your e-mail"):
        tokens.sign_in(email=EMAIL, password=PASSWORD, ip="127.0.0.1", user_agent="test")


def test_an_onboarding_that_is_taken_back_leaves_the_person_as_they_were(olga: tuple[UUID, UUID]) -> None:
    customer_id, user_id = olga
    other, _ = an_organisation(owner_email=EMAIL)

    with db.begin() as session:
        commands.remove_organisation(session, customer_id=other)

    assert members_of(other) == []
    caller, _ = signed_in(user_id)
    assert (caller.customer_id, caller.preferences["invitations"]) == (customer_id, "0")


def test_a_role_of_the_staff_is_the_operators_alone(databases: Settings) -> None:
    customer_id, _ = an_organisation()

    with pytest.raises(Invalid, match="operator"):
        invite(customer_id, "eve@northwind.example", "administrator")


# ---- what was there before memberships had states

BEFORE = """
INSERT INTO user_ (id, email, email_key, name, status, language, formats, time_zone, theme, created_at, version)
VALUES (:id, :email, :email, 'Name', :status, 'en', 'en_GB', 'UTC', 'auto', '2026-01-02 00:00:00+00:00', 1)
"""


def test_what_people_were_is_what_their_memberships_become(settings: Settings) -> None:
    if settings.database_url:
        url = settings.database_url.format(domain="before_users")
        create_database(url)
        settings = replace(settings, overrides={"database_url_users": url})
    migrate(settings, ["users"], to="0001")
    for status in ("invited", "active", "disabled"):
        row = {"id": new_id(), "user_id": new_id(), "customer_id": new_id()}
        ids = {name: id if settings.database_url else id.hex for name, id in row.items()}
        with db.begin() as session:
            session.execute(text(BEFORE), {"id": ids["user_id"], "email": status, "status": status})
            into = (
                "INSERT INTO membership (id, user_id, customer_id, role) VALUES (:id, :user_id, :customer_id, 'owner')"
            )
            session.execute(text(into), ids)

    migrate(settings, ["users"])

    with db.begin_read() as session:
        found = session.execute(text("SELECT state, invited_email FROM membership ORDER BY id")).all()
    assert [tuple(row) for row in found] == [("invited", "invited"), ("active", None), ("disabled", None)]
