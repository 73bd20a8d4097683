"""Guessing is slow for an address and for a place, and does not shut out who is not guessing."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from domains.kernel import redis
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.errors import Refused
from domains.users import commands, db, tokens
from domains.users.commands import throttles
from domains.users.commands.throttles import FREE_TRIES, FREE_TRIES_AT_A_PLACE
from domains.users.models import Throttle
from tests.conftest import Clock
from tests.factories.users import PASSWORD, an_organisation, entries, has_password, signed_in

EMAIL, HERE = "olga@northwind.example", "192.0.2.7"


@pytest.fixture
def olga(databases: Settings, clock: Clock) -> UUID:
    _, user_id = an_organisation(owner_email=EMAIL)
    has_password(user_id)
    return user_id


def try_in(email: str, password: str, ip: str = HERE) -> str:
    """What a try to sign in comes to."""
    try:
        tokens.sign_in(email=email, password=password, ip=ip, user_agent="test")
    except Refused as no:
        return no.code
    return "in"


@pytest.mark.asvs("2.4.1", "6.1.1", "6.3.1")
def test_an_address_waits_longer_and_longer_and_then_gets_in(olga: UUID, clock: Clock) -> None:
    said = [try_in(EMAIL, "wrong", f"192.0.2.{number}") for number in range(FREE_TRIES + 1)]
    blocked = try_in(EMAIL, PASSWORD)
    clock.advance(minutes=16)

    assert said == ["sign_in_failed"] * FREE_TRIES + ["too_many_attempts"]
    assert (blocked, try_in(EMAIL, PASSWORD)) == ("too_many_attempts", "in")


def already_tried(times: int) -> None:
    """Let whoever has tried in vain have done so many times."""
    with db.begin() as session:
        for throttle in session.scalars(select(Throttle)):
            throttle.failures = times


def test_a_guess_is_still_counted_after_very_many(olga: UUID) -> None:
    try_in(EMAIL, "wrong")
    already_tried(60)

    assert [try_in(EMAIL, "wrong") for _ in range(2)] == ["sign_in_failed", "too_many_attempts"]


@pytest.mark.asvs("6.3.1")
def test_a_colleague_gets_in_from_a_place_where_others_mistype(olga: UUID) -> None:
    try_in("bea@northwind.example", "wrong")
    already_tried(FREE_TRIES_AT_A_PLACE - 2)
    try_in("ben@northwind.example", "wrong")

    assert try_in(EMAIL, PASSWORD) == "in"


@pytest.mark.asvs("6.3.1")
@pytest.mark.parametrize(
    "places", [(HERE, HERE), ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2"), (HERE, f"::ffff:{HERE}")]
)
def test_a_place_that_guesses_at_many_addresses_waits(olga: UUID, places: tuple[str, str]) -> None:
    try_in("bea@northwind.example", "wrong", places[0])
    already_tried(FREE_TRIES_AT_A_PLACE - 1)
    try_in("ben@northwind.example", "wrong", places[1])

    assert [try_in(EMAIL, PASSWORD, place) for place in places] == ["too_many_attempts"] * 2
    assert try_in(EMAIL, PASSWORD, "2001:db8:1:3::1") == "in"


@pytest.mark.asvs("7.4.2")
def test_a_new_password_ends_the_logins_of_the_old_one(olga: UUID) -> None:
    _, token = signed_in(olga)

    with db.begin() as session:
        commands.set_password(session, user_id=olga, password="eight blue swans on the lake")

    assert tokens.caller_of_login(token) is None
    assert try_in(EMAIL, "eight blue swans on the lake") == "in"


@pytest.mark.slow
def test_a_wrong_and_a_right_password_at_the_same_moment_are_a_no_and_a_yes(
    olga: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles, "FREE_TRIES", 1000)
    monkeypatch.setattr(throttles, "FREE_TRIES_AT_A_PLACE", 1000)
    passwords = [PASSWORD, "wrong"] * 25

    with ThreadPoolExecutor(6) as threads:
        tries = [threads.submit(copy_context().run, try_in, EMAIL, password) for password in passwords]

    assert [one.result() for one in tries] == ["in", "sign_in_failed"] * 25


@pytest.mark.asvs("16.5.2")
def test_who_is_signed_in_is_known_while_redis_takes_connections_and_says_nothing(
    olga: UUID, databases: Settings
) -> None:
    _, token = signed_in(olga)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bind(replace(databases, queue_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
        begun = time.monotonic()

        assert all(tokens.caller_of_login(token) for _ in range(5))
        assert time.monotonic() - begun < 3  # nginx waits for five, then nobody gets in
        redis.client().close()


@pytest.mark.asvs("6.1.1", "6.3.1")
def test_guessing_from_elsewhere_does_not_keep_anybody_out_where_they_have_been_before(olga: UUID) -> None:
    home, cafe = "192.0.2.10", "198.51.100.9"
    try_in(EMAIL, PASSWORD, home)

    guessed = [try_in(EMAIL, "wrong", f"203.0.113.{number}") for number in range(FREE_TRIES + 1)]

    assert guessed[-1] == "too_many_attempts"
    assert (try_in(EMAIL, PASSWORD, cafe), try_in(EMAIL, PASSWORD, home)) == ("too_many_attempts", "in")


def test_guessing_where_somebody_has_been_before_becomes_slow_there(olga: UUID) -> None:
    try_in(EMAIL, PASSWORD)

    said = [try_in(EMAIL, "wrong") for _ in range(FREE_TRIES + 1)]

    assert said == ["sign_in_failed"] * FREE_TRIES + ["too_many_attempts"]


@pytest.mark.asvs("7.4.1", "16.3.1")
def test_a_stolen_cookie_is_nobodys_after_signing_out_and_stands_in_the_trail_once_an_hour(
    olga: UUID, clock: Clock
) -> None:
    caller, token = signed_in(olga)
    with db.begin() as session:
        commands.sign_out(session, login_id=UUID(caller.login_id))
    tokens.forget_epoch("login", caller.login_id)

    shown = [tokens.caller_of_login(token) for _ in range(3)]
    clock.advance(hours=1)
    shown.append(tokens.caller_of_login(token))

    assert shown == [None] * 4
    assert entries(UUID(str(caller.customer_id))).count("users.ended_login_used") == 2


@pytest.mark.asvs("7.3.1", "7.3.2")
@pytest.mark.parametrize(("hours", "every"), [(9, 9), (20, 1)])
def test_a_login_ends_after_eight_idle_hours_and_after_twenty(
    olga: UUID, clock: Clock, hours: float, every: float
) -> None:
    _, token = signed_in(olga)
    seen, passed = [], 0.0
    while passed < hours:
        clock.advance(hours=every)
        passed += every
        tokens.memory._known.clear()  # another process
        seen.append(tokens.caller_of_login(token) is not None)

    assert seen[-1] is False
    assert all(seen[:-1])


@pytest.mark.asvs("16.3.1")
def test_coming_in_and_failing_to_stand_in_the_trail_with_the_place(olga: UUID) -> None:
    try_in(EMAIL, "wrong")
    try_in(EMAIL, PASSWORD)

    with db.begin_read() as session:
        found = session.execute(
            db.audit_entry.select().add_columns(db.audit_value.c.after).join(
                db.audit_value, db.audit_value.c.entry_id == db.audit_entry.c.id
            ).order_by(db.audit_entry.c.id)
        ).all()  # fmt: skip
    said = {row.action: row.after for row in found}
    assert said["users.sign_in_failed"] == {"place": HERE}
    assert said["users.sign_in"] == {"by": ["pwd"], "place": HERE}
