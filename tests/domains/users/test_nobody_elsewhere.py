"""What whoever runs a provider, or has stolen a password, does to a person must not reach where it does not belong."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pyotp import TOTP

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Refused
from domains.users import commands, db, tokens
from domains.users.commands.throttles import FREE_TRIES
from domains.users.models import Login, Membership, User
from domains.users.oidc.signing_on import Connection, person_of
from tests.conftest import Clock
from tests.factories.sign_on import ISSUER, PROVIDER, enter, has_domain, has_sign_on, link, who
from tests.factories.users import PASSWORD, accept, an_organisation, has_app, has_password, invite

OLGA = "olga@victim.example"
THERE = {"ip": "198.51.100.7", "user_agent": "a browser"}


@pytest.fixture
def olga(databases: Settings) -> UUID:
    """An owner, who has a password."""
    _, user_id = an_organisation(name="Victim", owner_email=OLGA)
    has_password(user_id)
    return user_id


@pytest.fixture
def evil(olga: UUID) -> UUID:
    """Another customer that she works for, which runs a provider that she has once come in by."""
    customer_id, _ = an_organisation(name="Evil Partners")
    invite(customer_id, OLGA, "reader")
    accept(olga, customer_id)
    has_sign_on(customer_id)
    link(customer_id, who(OLGA), password=PASSWORD)
    return customer_id


def come_by_password() -> commands.SignedIn:
    return tokens.sign_in(email=OLGA, password=PASSWORD, **THERE)


@pytest.mark.asvs("6.3.4", "6.5.1")
def test_the_seed_that_a_thief_was_shown_is_not_the_one_that_is_set_up(olga: UUID, clock: Clock) -> None:
    thief, owner = come_by_password(), come_by_password()
    with db.begin() as session:
        shown = [commands.offer_app(session, user_id=olga, login_id=one.login_id) for one in (thief, owner, owner)]
    clock.advance(minutes=1)
    whole = tokens.enrol(commands.enrol_app, login_id=owner.login_id, code=TOTP(shown[1]).at(clock.now))
    clock.advance(minutes=1)
    again = come_by_password()

    with pytest.raises(Refused) as no:
        tokens.prove(commands.prove_by_code, login_id=again.login_id, code=TOTP(shown[0]).at(clock.now))
    made = tokens.prove(commands.prove_by_code, login_id=again.login_id, code=TOTP(shown[1]).at(clock.now))

    assert (shown[0] != shown[1], shown[1] == shown[2], len(shown[0])) == (True, True, 32)
    assert (whole.state, no.value.code, made.state) == ("active", "proof_wrong", "active")


def test_what_one_login_was_offered_is_not_set_up_by_another(olga: UUID, clock: Clock) -> None:
    one, other = come_by_password(), come_by_password()
    with db.begin() as session:
        seed = commands.offer_app(session, user_id=olga, login_id=one.login_id)

    with pytest.raises(Refused) as no:
        tokens.enrol(commands.enrol_app, login_id=other.login_id, code=TOTP(seed).at(clock.now))

    assert no.value.code == "code_wrong"


@pytest.mark.asvs("6.1.1", "6.3.1")
def test_guesses_by_a_providers_logins_keep_nobody_from_their_second_factor(
    olga: UUID, evil: UUID, clock: Clock
) -> None:
    seed = has_app(olga)
    clock.advance(minutes=1)
    for _ in range(3):  # whoever runs the provider comes as her, as often as they like
        half = enter(evil, who(OLGA))
        for _ in range(FREE_TRIES):
            with pytest.raises(Refused):
                tokens.prove(commands.prove_by_code, login_id=half.login_id, code="000000")

    made = tokens.prove(
        commands.prove_by_code, login_id=come_by_password().login_id, code=TOTP(seed).at(clock.now)
    )  # fmt: skip

    assert made.state == "active"


@pytest.mark.asvs("6.3.1")
def test_where_a_provider_says_somebody_was_is_no_place_of_theirs(olga: UUID, evil: UUID) -> None:
    for place in ("198.51.100.1", "198.51.100.2"):
        tokens.enter(commands.enter, who(OLGA, auth_time=1), customer_id=evil, place=(place, "x"))
    with db.begin_read() as session:
        assert session.query(Login).filter(Login.proved_at.is_not(None), Login.ip == "198.51.100.1").count() == 1
    told = []
    for place in ["198.51.100.1"] * FREE_TRIES + ["198.51.100.2"]:
        with pytest.raises(Refused) as no:
            tokens.sign_in(email=OLGA, password="wrong wrong", ip=place, user_agent="x")
        told.append(no.value.code)

    assert told == ["sign_in_failed"] * FREE_TRIES + ["too_many_attempts"]  # the address counts, not each place


@pytest.mark.asvs("8.4.1")
def test_a_login_of_one_customers_provider_names_nobody_anew_who_works_elsewhere(olga: UUID, evil: UUID) -> None:
    forged = enter(evil, who(OLGA))

    with pytest.raises(Refused) as no, db.begin() as session:
        commands.update_preferences(session, user_id=olga, login_id=forged.login_id, name="The administrator")
    with db.begin() as session:
        commands.update_preferences(session, user_id=olga, login_id=forged.login_id, name="Olga Owner", language="de")
    with db.begin() as session:
        known = {"user_id": olga, "login_id": come_by_password().login_id}
        commands.update_preferences(session, **known, name="Olga Other")

    assert no.value.code == "own_means_wanted"
    with db.begin_read() as session:
        found = session.get_one(User, olga)
        assert (found.name, found.language) == ("Olga Other", "de")


def test_who_works_at_one_place_only_is_called_as_they_like_by_its_provider(databases: Settings) -> None:
    place, user_id = an_organisation(owner_email="olga@own.example")
    has_password(user_id)
    has_sign_on(place)
    made = link(place, who("olga@own.example"), password=PASSWORD)

    with db.begin() as session:
        commands.update_preferences(session, user_id=user_id, login_id=made.login_id, name="Olga Other")

    with db.begin_read() as session:
        assert session.get_one(User, user_id).name == "Olga Other"


def test_of_an_invitation_that_is_late_nothing_is_left_to_who_joins(olga: UUID, clock: Clock) -> None:
    place, _ = an_organisation(name="Own")
    invite(place, OLGA, "owner")
    has_sign_on(place, joins=True, role="reader")
    has_domain(place, "victim.example")
    clock.advance(days=8)

    link(place, who(OLGA, verified=True), password=PASSWORD)

    with db.begin_read() as session:
        member = session.query(Membership).filter_by(user_id=olga, customer_id=place).one()
        assert (member.state, member.role) == ("active", "reader")


def test_another_client_at_the_same_issuer_is_not_forced_before_anybody_has_come_by_it(olga: UUID) -> None:
    place, _ = an_organisation(name="Own")
    invite(place, OLGA, "owner")
    accept(olga, place)
    has_sign_on(place)
    link(place, who(OLGA), password=PASSWORD)
    has_sign_on(place, forced=True)
    told = []
    for forced in (True, False, True):
        try:
            has_sign_on(place, client_id="another", forced=forced)
            told.append("")
        except Refused as no:
            told.append(no.code)
    enter(place, who(OLGA))
    has_sign_on(place, client_id="another", forced=True)

    assert told == ["sign_on_untried", "", "sign_on_untried"]


def test_what_a_provider_has_said_of_an_address_ties_nobody_who_had_it_before(olga: UUID) -> None:
    place, _ = an_organisation(name="Own")
    invite(place, OLGA)
    has_sign_on(place)
    has_domain(place, "victim.example")
    one = who(OLGA, verified=True)
    asked = enter(place, one)
    with db.begin() as session:
        old = session.get_one(User, olga)
        old.email = old.email_key = "olga@another.example"
    invite(place, OLGA, "buyer", user_id=new_id())  # somebody who never came has her address now

    with pytest.raises(Refused) as no:
        tokens.enter(commands.link, one, customer_id=place, place=("", ""), code=asked.code)

    assert no.value.code == "login_ended"


@pytest.mark.parametrize(
    "email",
    ["a@own.example, b@victim.example", "a\nBcc: b@own.example", "a b@own.example", "<a@own.example>", "own.example",
     "@own.example", "a@own", "a@b@own.example", "ö" * 240 + "@" + ("ö" * 50 + ".") * 2 + "example"],
)  # fmt: skip
def test_what_a_provider_says_is_no_address_unless_a_letter_can_go_to_it(email: str) -> None:
    connection = Connection(ISSUER, "us", "s", PROVIDER, "http://localhost:8000/login/sso/callback")
    claims: dict[str, Any] = {"sub": "s", "email_verified": True}

    assert person_of(connection, claims | {"email": email}).email == ""
    assert person_of(connection, claims | {"email": " Olga@groß.example "}).email == "Olga@groß.example"
