"""Whoever runs a customer's provider can be anybody there, and must be nobody elsewhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from domains.kernel import clock as kernel_clock
from domains.kernel.config import Settings
from domains.kernel.errors import Refused
from domains.kernel.tenancy import Scope
from domains.users import commands, db, tokens
from domains.users.models import Identity, Login, Membership, User
from domains.users.oidc import Identified, SignOnFailed
from domains.users.oidc.signing_on import Connection, person_of
from domains.users.policy import ROLE_SCOPES
from portal.access import is_proved
from tests.conftest import Clock
from tests.factories.authenticator import Authenticator
from tests.factories.sign_on import ISSUER, PROVIDER, enter, has_domain, has_sign_on, link, who
from tests.factories.users import (
    PASSWORD,
    accept,
    an_organisation,
    entries,
    has_app,
    has_password,
    invite,
    letters,
    membership_of,
    signed_in,
)

OLGA = "olga@victim.example"


@pytest.fixture
def olga(databases: Settings) -> UUID:
    """An owner, who has a password."""
    _, user_id = an_organisation(name="Victim", owner_email=OLGA)
    has_password(user_id)
    return user_id


@pytest.fixture
def evil(databases: Settings) -> UUID:
    """A customer that runs a provider of its own and has invited her."""
    customer_id, _ = an_organisation(name="Evil Partners")
    invite(customer_id, OLGA, "reader")
    has_sign_on(customer_id)
    return customer_id


def of_one(user_id: UUID) -> UUID:
    """Where somebody is an owner."""
    with db.begin_read() as session:
        return session.query(Membership).filter_by(user_id=user_id, role="owner").one().customer_id


@pytest.mark.asvs("6.8.1", "8.4.1")
def test_a_login_of_one_customers_provider_plants_no_passkey_that_opens_another(olga: UUID, evil: UUID) -> None:
    accept(olga, evil)
    link(evil, who(OLGA), password=PASSWORD)  # Olga has once linked it, as she was asked
    forged = enter(evil, who("anything@evil.example"))  # later, somebody there signs an ID token with her sub
    key = Authenticator()
    with db.begin() as session:
        made = key.make(commands.offer_passkey(session, user_id=olga))

    with pytest.raises(Refused) as no:
        tokens.enrol(commands.enrol_passkey, login_id=forged.login_id, credential=made, name="x")

    assert no.value.code == "own_means_wanted"


@pytest.mark.asvs("8.4.1")
def test_a_login_of_one_customers_provider_answers_no_invitation_of_another(olga: UUID, evil: UUID) -> None:
    accept(olga, evil)
    made = link(evil, who(OLGA), password=PASSWORD)
    other, _ = an_organisation(name="Contoso")
    invite(other, OLGA, "buyer")
    which = {"user_id": olga, "membership_id": membership_of(olga, other), "login_id": made.login_id}

    for verb in (commands.accept_invitation, commands.decline_invitation):
        with pytest.raises(Refused) as no, db.begin() as session:
            verb(session, **which)
        assert no.value.code == "own_means_wanted"
    caller = tokens.caller_of_login(made.token)

    assert caller is not None
    assert caller.preferences["invitations"] == "0"


@pytest.mark.asvs("6.8.1")
def test_a_provider_takes_nobody_whom_another_customer_has_invited(databases: Settings) -> None:
    victim, _ = an_organisation(name="Victim")
    with db.begin() as session:
        commands.invite_person(session, scope=Scope.customer(victim), customer_id=victim, email=OLGA, name="O",
                               role="owner", granting=ROLE_SCOPES["owner"])  # fmt: skip
    code = parse_qs(urlsplit(letters()[-1].facts["link"]).query)["code"][0]
    evil, _ = an_organisation(name="Evil Partners")
    invite(evil, OLGA, "reader")
    has_sign_on(evil)

    with pytest.raises(Refused) as no:
        enter(evil, who(OLGA))  # an address that nobody has verified, but it runs the provider

    assert no.value.code == "letter_first"
    assert rows(Identity) == []
    assert "users.refuse_sign_on" in entries(evil)
    with db.begin_read() as session:
        assert commands.link_is_good(session, code) is not None  # she comes in by her letter, as before


@pytest.mark.parametrize(
    ("proved", "elsewhere", "verified", "how"),
    [(True, False, True, "accept"), (True, True, True, "letter_first"), (True, False, False, "letter_first"),
     (False, False, True, "letter_first")],
)  # fmt: skip
def test_who_never_came_accepts_where_the_address_is_surely_theirs_and_nobody_else_waits(
    databases: Settings, proved: bool, elsewhere: bool, verified: bool, how: str
) -> None:
    customer_id, _ = an_organisation(owner_email="owner@own.example")
    invite(customer_id, "nils@own.example")
    has_sign_on(customer_id, joins=True)
    if proved:
        has_domain(customer_id, "own.example")
    if elsewhere:
        invite(an_organisation(name="Other")[0], "nils@own.example")
    try:
        said = enter(customer_id, who("nils@own.example", verified=verified)).how
    except Refused as no:
        said = no.code

    assert said == how


@pytest.mark.asvs("6.8.4", "7.5.1")
def test_an_old_session_at_the_provider_is_no_fresh_proof(olga: UUID, clock: Clock) -> None:
    of = of_one(olga)
    has_sign_on(of, trusted=True)
    link(of, who(OLGA), password=PASSWORD)
    clock.advance(hours=3)
    now = int(kernel_clock.wall().timestamp())
    proved = {}
    for name, at in (("hours ago", now - 3 * 3600), ("not said", 0), ("just now", now), ("to come", now + 9999)):
        caller = tokens.caller_of_login(enter(of, who(OLGA, auth_time=at)).token)
        assert caller is not None
        proved[name] = is_proved(caller)

    assert proved == {"hours ago": False, "not said": False, "just now": True, "to come": True}


@pytest.mark.asvs("6.3.4")
def test_who_joins_where_more_is_wanted_is_held_to_it_in_their_other_logins(olga: UUID) -> None:
    strict, _ = an_organisation(name="Strict")
    with db.begin() as session:
        commands.require_second_factor(session, scope=Scope.customer(strict), customer_id=strict, wanted=True)
    invite(strict, OLGA, "buyer")
    has_sign_on(strict, trusted=True)
    caller, token = signed_in(olga)  # by a password alone

    link(strict, who(OLGA), password=PASSWORD)
    tokens.forget_epoch("login", caller.login_id)

    assert tokens.caller_of_login(token) is None
    assert {one.state for one in rows(Login) if one.sign_on_id is None} == {"enrol"}


def test_another_issuer_is_not_forced_before_anybody_has_come_by_it(olga: UUID) -> None:
    of = of_one(olga)
    has_sign_on(of)
    link(of, who(OLGA), password=PASSWORD)
    has_sign_on(of, forced=True)

    with pytest.raises(Refused) as no:
        has_sign_on(of, issuer="https://typo.example", forced=True)

    assert no.value.code == "sign_on_untried"
    has_sign_on(of, forced=True, role="billing")  # what was tried stays so


@pytest.mark.parametrize("but", [{"issuer": "https://other.example"}, {"client_id": "another"}, {"trusted": False}])
def test_logins_of_a_provider_that_was_replaced_or_is_trusted_no_more_do_not_go_on(
    olga: UUID, but: dict[str, str]
) -> None:
    of = of_one(olga)
    has_app(olga)
    has_sign_on(of, trusted=True)
    made = link(of, who(OLGA), password=PASSWORD)
    assert tokens.caller_of_login(made.token) is not None

    has_sign_on(of, **{"trusted": True} | but)
    tokens.forget_epoch("login", str(made.login_id))

    assert tokens.caller_of_login(made.token) is None
    login = next(one for one in rows(Login) if one.id == made.login_id)
    assert (login.state, login.revoked_at is None) == (
        ("second_factor", True) if "trusted" in but else ("active", False)
    )


def test_what_a_provider_has_said_ties_an_account_once(olga: UUID) -> None:
    of = of_one(olga)
    has_sign_on(of)
    asked = enter(of, who(OLGA))
    known = {"customer_id": of, "place": ("192.0.2.1", "x"), "code": asked.code, "password": PASSWORD}
    with pytest.raises(Refused) as wrong:
        tokens.enter(commands.link, who(OLGA), **known | {"password": "wrong"})
    tokens.enter(commands.link, who(OLGA), **known)

    with pytest.raises(Refused) as again:
        tokens.enter(commands.link, who(OLGA), **known)

    assert (wrong.value.code, again.value.code) == ("proof_wrong", "login_ended")
    assert [one.template for one in letters()][-1] == "factors_changed"


@pytest.mark.parametrize("whom", ["another person", "another customer"])
def test_what_a_provider_has_said_of_one_ties_nobody_else(olga: UUID, whom: str) -> None:
    of = of_one(olga)
    has_sign_on(of)
    code = enter(of, who(OLGA)).code
    other = who(OLGA, "other") if whom == "another person" else who(OLGA)
    at = an_organisation(name="Other")[0] if whom == "another customer" else of

    with pytest.raises(Refused) as no:
        tokens.enter(commands.link, other, customer_id=at, place=("", ""), code=code, password=PASSWORD)

    assert no.value.code == "login_ended"


def test_who_is_shut_out_everywhere_is_tied_to_nothing(olga: UUID) -> None:
    of = of_one(olga)
    has_sign_on(of)
    with db.begin() as session:
        session.get_one(User, olga).status = "disabled"

    with pytest.raises(Refused) as no:
        link(of, who(OLGA), password=PASSWORD)

    assert no.value.code == "shut_out"
    assert rows(Identity) == []


CONNECTION = Connection(ISSUER, "us", "s", PROVIDER, "http://localhost:8000/login/sso/callback")


@pytest.mark.parametrize("sub", ["a\0b", "\ud800", "x" * 256, ""])
def test_a_name_that_no_database_keeps_proves_nothing(sub: str) -> None:
    with pytest.raises(SignOnFailed) as no:
        person_of(CONNECTION, {"sub": sub})

    assert no.value.code == "not_proven"


def test_odd_words_of_a_provider_become_plain_ones() -> None:
    claims = {"sub": "s", "name": "N\ud800\0 " + "😀" * 200, "email": "x" * 320 + "@own.example", "amr": ["\ud800a"]}

    found = [person_of(CONNECTION, claims | {"auth_time": at}) for at in (float("inf"), float("nan"), -1, "x", 1 << 60)]

    assert [(one.auth_time, one.email, one.amr) for one in found] == [(0, "", ("a",))] * 5
    assert len(found[0].name.encode("utf-16-le")) <= 400
    assert isinstance(found[0], Identified)


def rows(model: type) -> list[Any]:
    """All of a table."""
    with db.begin_read() as session:
        return list(session.query(model).all())
