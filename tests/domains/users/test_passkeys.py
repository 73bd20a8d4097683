"""Passkeys: made for one person, good for this portal only, asked to sign something else each time."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from sqlalchemy import select

from domains.kernel.config import Settings
from domains.kernel.errors import NotFound, Refused
from domains.users import commands, db, queries, tokens
from domains.users.commands.passkeys import add_passkey
from domains.users.models import OneTime
from tests.conftest import Clock
from tests.factories.authenticator import Authenticator, told
from tests.factories.users import PASSWORD, an_organisation, entries, has_password, signed_in

EMAIL, WHERE = "olga@northwind.example", {"ip": "192.0.2.7", "user_agent": "test"}


@pytest.fixture
def olga(databases: Settings, clock: Clock) -> UUID:
    _, user_id = an_organisation(owner_email=EMAIL)
    has_password(user_id)
    return user_id


def has_passkey(user_id: UUID, key: Authenticator | None = None, name: str = "Phone") -> Authenticator:
    """Give a person a passkey."""
    key = key or Authenticator()
    with db.begin() as session:
        made = key.make(commands.offer_passkey(session, user_id=user_id))
    with db.begin() as session:
        add_passkey(session, user_id=user_id, credential=made, name=name)
    return key


def asked(user_id: UUID | None = None) -> str:
    with db.begin() as session:
        return commands.ask_passkey(session, user_id=user_id)


def come_in(credential: str) -> str:
    """What a try to sign in with a passkey comes to."""
    try:
        return tokens.sign_in_by_passkey(credential=credential, **WHERE).state
    except Refused as no:
        return no.code


@pytest.mark.asvs("6.3.3", "6.5.2")
def test_a_passkey_alone_signs_in_and_counts_as_two_factors(olga: UUID) -> None:
    key = has_passkey(olga)

    made = tokens.sign_in_by_passkey(credential=key.sign(asked()), **WHERE)
    caller = tokens.caller_of_login(made.token)

    assert caller is not None
    assert (caller.actor.id, caller.preferences["amr"]) == (str(olga), "passkey")


@pytest.mark.asvs("6.5.1")
def test_what_a_passkey_has_signed_lets_in_once(olga: UUID) -> None:
    key = has_passkey(olga, Authenticator(counts=False))  # else its count alone would tell
    signed = key.sign(asked())

    assert [come_in(signed), come_in(signed)] == ["active", "passkey_unknown"]


def test_what_was_asked_is_good_for_five_minutes(olga: UUID, clock: Clock) -> None:
    key, options = has_passkey(olga), asked()
    clock.advance(minutes=6)

    assert come_in(key.sign(options)) == "passkey_unknown"


@pytest.mark.parametrize(
    "key",
    [
        Authenticator("http://localhost.evil.example:8000"),
        Authenticator("https://localhost:8000"),
        Authenticator(verifies=False),
    ],
    ids=["another site", "another scheme", "nobody was there"],
)
def test_a_passkey_that_signs_for_something_else_lets_nobody_in(olga: UUID, key: Authenticator) -> None:
    origin, verifies, key.origin, key.verifies = key.origin, key.verifies, "http://localhost:8000", True
    has_passkey(olga, key)
    good = come_in(key.sign(asked()))
    key.origin, key.verifies = origin, verifies

    assert (good, come_in(key.sign(asked()))) == ("active", "passkey_unknown")


def test_a_copied_key_that_counts_back_is_refused(olga: UUID) -> None:
    key = has_passkey(olga)
    come_in(key.sign(asked()))
    key.count = 0

    assert come_in(key.sign(asked())) == "passkey_unknown"


def test_a_key_that_does_not_count_goes_on_signing(olga: UUID) -> None:
    key = has_passkey(olga, Authenticator(counts=False))

    assert [come_in(key.sign(asked())) for _ in range(2)] == ["active", "active"]


def test_a_signature_of_another_key_or_for_another_person_is_refused(olga: UUID) -> None:
    key, other = has_passkey(olga), Authenticator()
    _, stranger_id = an_organisation()
    other.id, other.handle = key.id, key.handle

    forged = come_in(other.sign(asked()))
    misled = come_in(key.sign(asked(), userHandle=""))
    with db.begin() as session:
        theirs = commands.ask_passkey(session, user_id=stranger_id)
    swapped = come_in(key.sign(theirs))

    assert (forged, misled, swapped) == ("passkey_unknown",) * 3


@pytest.mark.parametrize(
    "nonsense", ["", "[]", "{}", '{"response": {"clientDataJSON": "e30"}}', '{"response": 1}', "\0"]
)
def test_nonsense_is_no_passkey(olga: UUID, nonsense: str) -> None:
    assert come_in(nonsense) == "passkey_unknown"
    with db.begin() as session, pytest.raises(Refused):
        add_passkey(session, user_id=olga, credential=nonsense, name="x")


def test_a_passkey_is_added_for_whom_it_was_offered_and_once(olga: UUID) -> None:
    key, (_, other) = Authenticator(), an_organisation()
    with db.begin() as session:
        made = key.make(commands.offer_passkey(session, user_id=olga))

    for user_id, refused in ((other, True), (olga, False), (olga, True)):
        with db.begin() as session:
            if refused:
                with pytest.raises(Refused):
                    add_passkey(session, user_id=user_id, credential=made, name="Phone")
            else:
                add_passkey(session, user_id=user_id, credential=made, name="Phone")


def test_as_a_second_factor_it_finishes_the_login(olga: UUID) -> None:
    key = has_passkey(olga)

    half = tokens.sign_in(email=EMAIL, password=PASSWORD, **WHERE)
    made = tokens.prove(commands.prove_by_passkey, login_id=half.login_id, credential=key.sign(asked(olga)))

    assert (half.state, tokens.caller_of_login(half.token)) == ("second_factor", None)
    assert tokens.caller_of_login(made.token) is not None


def test_its_owner_renames_and_removes_it_and_nobody_else(olga: UUID) -> None:
    has_passkey(olga)
    _, other = an_organisation()
    with db.begin_read() as session:
        passkey_id = queries.own_factors(session, olga).passkeys[0].id

    for verb, more in ((commands.rename_passkey, {"name": "Mine"}), (commands.remove_passkey, {})):
        with db.begin() as session, pytest.raises(NotFound):
            verb(session, user_id=other, passkey_id=passkey_id, **more)
    with db.begin() as session:
        commands.rename_passkey(session, user_id=olga, passkey_id=passkey_id, name="  Old   phone ")
        commands.renew_recovery_codes(session, user_id=olga)
        renamed = [key.name for key in queries.own_factors(session, olga).passkeys]
        commands.remove_passkey(session, user_id=olga, passkey_id=passkey_id)
        left = queries.own_factors(session, olga).recovery_codes

    assert (renamed, left) == (["Old phone"], 0)
    caller, _ = signed_in(olga)
    assert "users.remove_factor" in entries(UUID(str(caller.customer_id)))


def test_what_nobody_signs_is_forgotten(olga: UUID, clock: Clock) -> None:
    asked()
    clock.advance(minutes=6)
    with db.begin() as session:
        commands.forget_ended_logins(session, before=clock.now)
        assert session.scalars(select(OneTime)).all() == []


DEEP = "[" * 19_000


@pytest.mark.asvs("2.2.1")
@pytest.mark.parametrize(
    "credential",
    [DEEP, DEEP * 20, '{"rawId": "", "response": {"clientDataJSON": 5}}', '{"response": {"transports": 5}}', "null",
     '{"rawId": "", "response": {"clientDataJSON": "' + told(DEEP[:9_000].encode()) + '"}}',
     '{"response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOjV9"}}'],
)  # fmt: skip
def test_an_odd_passkey_is_refused_and_breaks_nothing(olga: UUID, credential: str) -> None:
    caller, _ = signed_in(olga)

    with pytest.raises(Refused) as come:
        tokens.sign_in_by_passkey(credential=credential, **WHERE)
    with pytest.raises(Refused) as added:
        tokens.enrol(commands.enrol_passkey, login_id=UUID(caller.login_id), credential=credential, name="x")

    assert (come.value.code, added.value.code) == ("passkey_unknown", "passkey_invalid")


def test_a_passkey_whose_transports_are_odd_is_taken_without_them(olga: UUID) -> None:
    key = Authenticator()
    with db.begin() as session:
        made = json.loads(key.make(commands.offer_passkey(session, user_id=olga)))
        made["response"]["transports"] = 5
        add_passkey(session, user_id=olga, credential=json.dumps(made), name="Phone")
        assert [one.transports for one in queries.own_factors(session, olga).passkeys] == [[]]
