"""A login is held to what its person must show as things stand now, not as they stood when it was made."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domains.kernel.config import Settings
from domains.kernel.errors import Refused
from domains.kernel.tenancy import Scope
from domains.users import commands, db, tokens
from domains.users.commands.logins import LOGIN_LASTS
from domains.users.models import Login, User
from tests.conftest import Clock
from tests.factories.authenticator import Authenticator
from tests.factories.users import PASSWORD, an_organisation, has_app, has_password, letters, signed_in

OLGA = "olga@northwind.example"


@pytest.fixture
def place(databases: Settings) -> UUID:
    """A customer."""
    return an_organisation(owner_email=OLGA)[0]


@pytest.fixture
def olga(place: UUID) -> UUID:
    """Its owner, who has a password."""
    with db.begin_read() as session:
        user_id: UUID = session.query(User).one().id
    has_password(user_id)
    return user_id


def want_a_second_factor(place: UUID) -> None:
    with db.begin() as session:
        commands.require_second_factor(session, scope=Scope.customer(place), customer_id=place, wanted=True)


def come_by_password() -> commands.SignedIn:
    return tokens.sign_in(email=OLGA, password=PASSWORD, ip="203.0.113.66", user_agent="a browser")


def add_a_passkey(login_id: UUID, olga: UUID) -> commands.SignedIn:
    key = Authenticator()
    with db.begin() as session:
        made = key.make(commands.offer_passkey(session, user_id=olga))
    return tokens.enrol(commands.enrol_passkey, login_id=login_id, credential=made, name="x")


def login(login_id: UUID) -> Login:
    with db.begin_read() as session:
        found: Login = session.get_one(Login, login_id)
        return found


@pytest.mark.asvs("6.3.4", "6.4.3")
def test_a_login_that_waits_to_enrol_waits_for_the_factor_once_its_owner_has_one(place: UUID, olga: UUID) -> None:
    want_a_second_factor(place)
    thief, owner = come_by_password(), come_by_password()
    assert (thief.state, owner.state) == ("enrol", "enrol")
    whole = add_a_passkey(owner.login_id, olga)

    with pytest.raises(Refused) as no:
        add_a_passkey(thief.login_id, olga)
    half = tokens.half_of_login(thief.token)

    assert whole.state == "active"
    assert no.value.code == "login_ended"
    assert half is not None
    assert (half.state, login(thief.login_id).state) == ("second_factor", "second_factor")


def test_a_half_login_made_just_before_waits_for_the_factor_too(place: UUID, olga: UUID) -> None:
    want_a_second_factor(place)
    thief = come_by_password()
    has_app(olga)
    with db.begin() as session:  # as if it had been made at the same moment
        session.get_one(Login, thief.login_id).state = "enrol"
    half = tokens.half_of_login(thief.token)
    assert half is not None
    assert half.state == "second_factor"

    with pytest.raises(Refused):
        add_a_passkey(thief.login_id, olga)
    with pytest.raises(Refused):
        tokens.enrol(commands.enrol_app, login_id=thief.login_id, code="123456")
    with pytest.raises(Refused) as wrong:
        tokens.prove(commands.prove_by_code, login_id=thief.login_id, code="000000")

    assert wrong.value.code == "proof_wrong"  # it is asked for, as of anybody with a second factor


@pytest.mark.asvs("7.3.2")
def test_a_login_that_is_held_back_ends_as_soon_as_a_half_one(place: UUID, olga: UUID, clock: Clock) -> None:
    _, token = signed_in(olga)
    want_a_second_factor(place)
    assert tokens.half_of_login(token) is not None
    clock.advance(minutes=16)

    assert tokens.half_of_login(token) is None


@pytest.mark.asvs("7.3.2")
def test_a_login_that_was_held_back_lasts_no_longer_than_any_other(place: UUID, olga: UUID, clock: Clock) -> None:
    made = come_by_password()
    began = login(made.login_id).created_at
    clock.advance(hours=5)
    want_a_second_factor(place)
    add_a_passkey(made.login_id, olga)

    assert login(made.login_id).expires_at - began == LOGIN_LASTS > timedelta(hours=5)


@pytest.mark.asvs("6.3.4", "7.4.3")
def test_logins_by_the_password_alone_are_held_back_once_there_is_a_factor(olga: UUID) -> None:
    thief, owner = come_by_password(), come_by_password()
    assert tokens.caller_of_login(thief.token) is not None  # and it is remembered

    whole = add_a_passkey(owner.login_id, olga)

    assert tokens.caller_of_login(thief.token) is None
    assert tokens.caller_of_login(whole.token) is not None
    assert (login(thief.login_id).state, login(owner.login_id).state) == ("second_factor", "active")


def test_people_are_told_of_each_change_of_a_way_in(olga: UUID) -> None:
    made = come_by_password()
    add_a_passkey(made.login_id, olga)
    told = [len(letters())]
    with db.begin() as session:
        code = commands.renew_recovery_codes(session, user_id=olga)[0]
    tokens.prove(commands.prove_by_code, login_id=come_by_password().login_id, code=code)
    told.append(len(letters()))

    assert told == [1, 2]
    assert {(one.template, one.recipient["email"]) for one in letters()} == {("factors_changed", OLGA)}
