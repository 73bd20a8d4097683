"""Colleagues: invited by a letter that is good once, given roles by who has them, shut out, and asked back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, DomainError, NotFound, Refused
from domains.kernel.messages import acting
from domains.kernel.tenancy import Actor, Scope
from domains.users import commands, db, queries, tokens
from domains.users.policy import ROLE_SCOPES, staff_scopes
from tests.conftest import Clock
from tests.factories.users import (
    PASSWORD,
    accept,
    an_organisation,
    entries,
    has_app,
    has_password,
    letters,
    members_of,
    signed_in,
)

EMAIL, BEA = "olga@northwind.example", "bea@northwind.example"


@pytest.fixture
def northwind(databases: Settings, clock: Clock) -> UUID:
    customer_id, user_id = an_organisation(owner_email=EMAIL)
    has_password(user_id)
    return customer_id


def owner_of(customer_id: UUID) -> UUID:
    return next(one.id for one in members_of(customer_id) if one.role == "owner")


def by_owner(at: UUID, verb: Any, **known: Any) -> Any:
    """What the owner does about somebody; the code of the no, when it is one."""
    if verb in (commands.invite_person, commands.change_role, commands.shut_out, commands.reset_factors):
        known.setdefault("granting", ROLE_SCOPES["owner"])
    try:
        with acting(actor=Actor("user", str(owner_of(at)), "Olga")), db.begin() as session:
            return verb(session, scope=Scope.customer(at), **known)
    except DomainError as no:
        return no.code


def invited(customer_id: UUID, email: str = BEA, role: str = "buyer") -> UUID:
    return by_owner(customer_id, commands.invite_person, customer_id=customer_id, email=email, name="Bea", role=role)


def code() -> str:
    link = next(letter.facts["link"] for letter in reversed(letters()) if letter.template == "invitation")
    return parse_qs(urlsplit(link).query)["code"][0]


def come(password: str = PASSWORD) -> str:
    """What following the newest letter comes to."""
    try:
        with db.begin() as session:
            commands.choose_password(session, code=code(), password=password)
    except Refused as no:
        return no.code
    return "in"


def a_colleague(customer_id: UUID, role: str = "buyer") -> UUID:
    invited(customer_id, role=role)
    come()
    return next(one.id for one in members_of(customer_id) if one.email == BEA)


@pytest.mark.asvs("6.4.1")
def test_the_letter_of_an_invitation_lets_a_newcomer_choose_a_password_once(northwind: UUID) -> None:
    invitation = invited(northwind)
    seen = [one.status for one in members_of(northwind) if one.id == invitation]

    assert (seen, come(), come()) == (["invited"], "in", "link_ended")
    assert ("buyer", "active") in [(one.role, one.status) for one in members_of(northwind) if one.email == BEA]
    assert [letter.template for letter in letters()] == ["invitation", "password_changed"]


def test_an_invitation_holds_for_seven_days_and_again_when_it_is_sent_again(northwind: UUID, clock: Clock) -> None:
    invitation = invited(northwind)
    clock.advance(days=8)
    late = come()
    by_owner(northwind, commands.resend_invitation, membership_id=invitation)

    assert (late, come()) == ("link_ended", "in")


def test_who_is_known_accepts_after_signing_in_and_not_too_late(northwind: UUID, clock: Clock) -> None:
    _, user_id = an_organisation(name="Contoso Partners", owner_email=BEA)
    has_password(user_id)
    invited(northwind)
    assert come() == "link_ended"  # a link never changes the password of somebody known

    clock.advance(days=8)
    with pytest.raises(Refused, match="expired"):
        accept(user_id, northwind)
    invited(northwind)
    accept(user_id, northwind)

    assert [one.status for one in members_of(northwind) if one.email == BEA] == ["active"]


def test_a_withdrawn_invitation_is_gone_and_its_link_dead(northwind: UUID) -> None:
    invitation = invited(northwind)
    by_owner(northwind, commands.withdraw_invitation, membership_id=invitation)

    assert come() == "link_ended"
    assert [one.email for one in members_of(northwind)] == [EMAIL]
    assert by_owner(northwind, commands.withdraw_invitation, membership_id=invitation) == "invitation_not_found"


def test_who_was_shut_out_is_signed_out_and_can_be_invited_again(northwind: UUID) -> None:
    bea = a_colleague(northwind)
    _, token = signed_in(bea)

    by_owner(northwind, commands.shut_out, user_id=bea)
    out = tokens.caller_of_login(token)
    with pytest.raises(Refused):
        signed_in(bea)
    again = invited(northwind, role="reader")
    accept(bea, northwind)

    assert out is None
    assert [(one.id, one.role, one.status) for one in members_of(northwind) if one.email == BEA] == [
        (bea, "reader", "active")
    ]
    assert isinstance(again, UUID)


@pytest.mark.asvs("8.3.2")
def test_another_role_holds_at_once_and_stands_in_the_trail(northwind: UUID) -> None:
    bea = a_colleague(northwind)
    caller, token = signed_in(bea)

    by_owner(northwind, commands.change_role, user_id=bea, role="reader")
    tokens.forget_epoch("login", caller.login_id)
    after = tokens.caller_of_login(token)

    assert caller.may("orders:write")
    assert after is not None
    assert not after.may("orders:write")
    assert "users.change_role" in entries(northwind)


def test_the_last_owner_stays_and_nobody_changes_themselves(northwind: UUID) -> None:
    olga, bea = owner_of(northwind), a_colleague(northwind, "owner")
    at_northwind: dict[str, Any] = {"scope": Scope.customer(northwind), "granting": ROLE_SCOPES["owner"]}

    assert by_owner(northwind, commands.shut_out, user_id=owner_of(northwind)) == "not_oneself"
    with db.begin() as session:
        commands.shut_out(session, **at_northwind, user_id=olga)
    for verb, more in ((commands.shut_out, {}), (commands.change_role, {"role": "reader"})):
        with db.begin() as session, pytest.raises(Refused, match="last owner"):
            verb(session, **at_northwind, user_id=bea, **more)


@pytest.mark.asvs("8.2.3")
def test_nobody_gives_a_role_that_may_do_more_than_they_may(northwind: UUID) -> None:
    bea = a_colleague(northwind)
    few = ROLE_SCOPES["buyer"] | {"users:write"}

    said = [
        by_owner(northwind, commands.change_role, user_id=bea, role="owner", granting=few),
        by_owner(northwind, commands.change_role, user_id=bea, role="administrator"),
        by_owner(northwind, commands.invite_person, customer_id=northwind, email="x@y.zz", name="X", role="owner",
                 granting=few),
        by_owner(northwind, commands.invite_person, customer_id=northwind, email="x@y.zz", name="X", role="agent"),
    ]  # fmt: skip

    assert said == ["role_above_own", "role_invalid", "role_above_own", "role_invalid"]


@pytest.mark.asvs("8.2.2", "8.4.1")
def test_nobody_touches_the_people_of_another_customer(northwind: UUID) -> None:
    bea, invitation = a_colleague(northwind), invited(northwind, "ben@northwind.example")
    contoso, _ = an_organisation(name="Contoso Partners")
    before = members_of(northwind)
    scope, rights = Scope.customer(contoso), ROLE_SCOPES["owner"]

    for verb, known in (
        (commands.change_role, {"user_id": bea, "role": "reader", "granting": rights}),
        (commands.shut_out, {"user_id": bea, "granting": rights}),
        (commands.end_logins_of, {"user_id": bea}),
        (commands.resend_invitation, {"membership_id": invitation}),
        (commands.withdraw_invitation, {"membership_id": invitation}),
        (commands.require_second_factor, {"customer_id": northwind, "wanted": True}),
        (commands.invite_person, {"customer_id": northwind, "email": "x@y.zz", "name": "X", "role": "reader",
                                  "granting": rights}),
        (queries.logins_of, {"user_id": bea}),
        (queries.get_user, {"user_id": bea}),
        (queries.get_invitation, {"invitation_id": invitation}),
    ):  # fmt: skip
        with db.begin() as session, pytest.raises(NotFound):
            verb(session, scope=scope, **known)

    assert members_of(northwind) == before


def test_a_change_names_the_version_it_was_made_for(northwind: UUID) -> None:
    bea = a_colleague(northwind)

    assert (
        by_owner(northwind, commands.change_role, user_id=bea, role="reader", expected_version=99)
        == Conflict("", code="version_conflict").code
    )


@pytest.mark.asvs("7.4.5", "7.5.2")
def test_an_owner_sees_and_ends_a_colleagues_logins_here_and_none_elsewhere(northwind: UUID) -> None:
    bea = a_colleague(northwind)
    _, first = signed_in(bea)
    _, second = signed_in(bea)
    with db.begin_read() as session:
        seen = [one.id for one in queries.logins_of(session, Scope.customer(northwind), bea)]

    one = by_owner(northwind, commands.end_logins_of, user_id=bea, login_id=seen[0])
    tokens.forget_epoch("login", str(seen[0]))
    after_one = [tokens.caller_of_login(first) is None, tokens.caller_of_login(second) is None]
    by_owner(northwind, commands.end_logins_of, user_id=bea)
    tokens.forget_epoch("login", str(seen[1]))

    assert (one, after_one, len(seen)) == ([seen[0]], [False, True], 2)
    assert tokens.caller_of_login(first) is None
    assert by_owner(northwind, commands.end_logins_of, user_id=bea, login_id=new_id()) == "login_not_found"


@pytest.mark.asvs("6.4.4")
def test_lost_factors_are_forgotten_by_who_cares_for_all_that_a_person_is(northwind: UUID) -> None:
    bea = a_colleague(northwind)
    has_app(bea)
    _, token = signed_in(bea)
    contoso, _ = an_organisation(name="Contoso Partners", owner_email=BEA)
    accept(bea, contoso)

    elsewhere = by_owner(northwind, commands.reset_factors, user_id=bea)
    with db.begin() as session:
        commands.shut_out(session, scope=Scope.customer(northwind), granting=ROLE_SCOPES["owner"], user_id=bea)
    with db.begin() as session:
        staff = staff_scopes("administrator", None)
        commands.reset_factors(session, scope=Scope.operator(), granting=staff, user_id=bea)

    assert elsewhere == "works_elsewhere"
    assert tokens.caller_of_login(token) is None
    assert tokens.sign_in(email=BEA, password=PASSWORD, ip="192.0.2.1", user_agent="").state == "active"
    assert "users.reset_factors" in entries(contoso)


@pytest.mark.asvs("8.2.1")
def test_who_may_do_less_than_a_colleague_forgets_none_of_their_factors(northwind: UUID) -> None:
    bea = a_colleague(northwind)
    has_app(bea)
    granting = ROLE_SCOPES["buyer"] - {"orders:write"} | {"users:write"}  # as a program may have them

    told = by_owner(northwind, commands.reset_factors, user_id=bea, granting=granting)

    assert told == "role_above_own"
    assert by_owner(northwind, commands.reset_factors, user_id=bea, granting=granting | {"orders:write"}) == []


def test_who_works_here_already_is_not_invited(northwind: UUID) -> None:
    a_colleague(northwind)

    assert invited(northwind) == "already_member"


@pytest.mark.parametrize(
    "email", ["", "bea", "bea@", "@x.example", "bea@x", "b ea@x.example", "bea@x.example\r\nBcc: y"]
)
def test_what_is_no_address_is_refused(northwind: UUID, email: str) -> None:
    assert invited(northwind, email) == "email_invalid"
