"""Passwords: which are refused, how they are changed, and what a mailed link is good for."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from domains.kernel.config import Settings, SettingsError
from domains.kernel.database import bind
from domains.kernel.errors import Invalid, Refused
from domains.users import commands, db, tokens
from domains.users.commands import breaches
from domains.users.commands.passwords import MOST
from tests.conftest import Clock
from tests.factories.users import PASSWORD, an_organisation, entries, has_app, has_password, letters, signed_in

EMAIL, WHERE = "olga@northwind.example", {"ip": "192.0.2.7", "user_agent": "test"}
NEW = "eight blue swans on the lake"


@pytest.fixture
def northwind(databases: Settings, clock: Clock) -> UUID:
    customer_id, _ = an_organisation(owner_email=EMAIL, owner_user_id=UUID(int=7))
    has_password(UUID(int=7))
    return customer_id


@pytest.fixture
def olga(northwind: UUID) -> UUID:
    return UUID(int=7)


def choose(user_id: UUID, password: str) -> str:
    """What choosing a password comes to."""
    try:
        with db.begin() as session:
            commands.set_password(session, user_id=user_id, password=password)
    except Invalid as no:
        return no.code
    return "taken"


@pytest.mark.asvs("6.2.1", "6.2.5", "6.2.8", "6.2.9")
@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("kq7vzp2", "invalid"), ("kq7vzp2x", "taken"), (" kq7 vzp2x ", "taken"), ("ähre über öl 42", "taken"),
        ("🐘" * 64, "taken"), ("quite long " * 90, "taken"), ("x" * (MOST + 1), "invalid"),
    ],
)  # fmt: skip
def test_any_characters_from_eight_to_a_thousand_are_fine(olga: UUID, password: str, said: str) -> None:
    assert choose(olga, password) == said
    if said == "taken":
        assert tokens.sign_in(email=EMAIL, password=password, **WHERE).state == "active"
        for other in (password.strip() + "!", password.upper(), password[:-1]):
            with pytest.raises(Refused):
                tokens.sign_in(
                    email=EMAIL, password=other if other != password else "no", ip="192.0.2.99", user_agent=""
                )


@pytest.mark.asvs("6.2.4", "6.2.11", "6.1.2")
@pytest.mark.parametrize(
    "password",
    ["password1", "Trustno1", "iloveyou1", "Northwind2026!", "Traders-99", "CloudSales1", "Cloud Sales System",
     "olgaowner12", "Olga-Owner"],
)  # fmt: skip
def test_what_everybody_tries_first_is_refused(olga: UUID, password: str) -> None:
    assert choose(olga, password) == "password_common"


def test_a_long_sentence_may_hold_a_name(olga: UUID) -> None:
    assert choose(olga, "northwind has seven grey geese") == "taken"


@pytest.mark.asvs("6.2.12")
def test_what_was_stolen_elsewhere_is_refused_where_a_list_is_given(
    databases: Settings, tmp_path: Path, olga: UUID
) -> None:
    stolen = sorted(hashlib.sha1(f"stolen-{n}".encode()).hexdigest().upper() for n in range(500))
    path = tmp_path / "stolen.txt"
    path.write_text("".join(f"{one}:{n}\r\n" for n, one in enumerate(stolen)))

    before = choose(olga, "stolen-7")
    bind(replace(databases, breached_passwords=str(path)))

    assert [breaches.holds(str(path), f"stolen-{n}") for n in (*range(500), 500, 501)] == [True] * 500 + [False] * 2
    assert (before, choose(olga, "stolen-7"), choose(olga, NEW)) == ("taken", "password_breached", "taken")


@pytest.mark.asvs("6.2.3", "7.4.3")
@pytest.mark.parametrize("end", [True, False])
def test_who_changes_it_gives_the_old_one_and_may_end_other_logins(olga: UUID, northwind: UUID, end: bool) -> None:
    _, elsewhere = signed_in(olga)
    caller, token = signed_in(olga)
    known = {"login_id": UUID(caller.login_id), "new": NEW, "end": end}

    with pytest.raises(Refused, match="not right"):
        tokens.prove(commands.change_password, **known, password="wrong")
    made = tokens.prove(commands.change_password, **known, password=PASSWORD)

    assert tokens.caller_of_login(token) is None  # the token is another now
    assert tokens.caller_of_login(made.token) is not None
    assert (tokens.caller_of_login(elsewhere) is None) == end
    assert tokens.sign_in(email=EMAIL, password=NEW, **WHERE).state == "active"
    assert entries(northwind).count("users.set_password") == 2
    assert [letter.template for letter in letters()] == ["password_changed"]


def mailed() -> str:
    """The code in the newest letter."""
    return parse_qs(urlsplit(letters()[-1].facts["link"]).query)["code"][0]


def ask(email: str) -> None:
    with db.begin() as session:
        commands.ask_for_link(session, email=email)


def follow(code: str, password: str = NEW) -> str:
    try:
        with db.begin() as session:
            commands.choose_password(session, code=code, password=password)
    except (Refused, Invalid) as no:
        return no.code
    return "taken"


@pytest.mark.asvs("6.4.1", "7.4.1")
def test_a_mailed_link_is_good_once_and_ends_all_logins(olga: UUID, northwind: UUID) -> None:
    _, token = signed_in(olga)
    ask("OLGA@northwind.example")
    ask(EMAIL)
    code = mailed()

    said = [follow(code, "password1"), follow(code), follow(code)]

    assert said == ["password_common", "taken", "link_ended"]
    assert tokens.caller_of_login(token) is None
    assert tokens.sign_in(email=EMAIL, password=NEW, **WHERE).state == "active"
    assert "users.reset_password" in entries(northwind)


@pytest.mark.asvs("6.4.1")
def test_a_link_is_good_for_half_an_hour_and_the_oldest_ends_with_the_newest(olga: UUID, clock: Clock) -> None:
    ask(EMAIL)
    first = mailed()
    ask(EMAIL)
    second = mailed()

    assert follow(second) == "taken"
    assert follow(first) == "link_ended"
    ask(EMAIL)
    clock.advance(minutes=31)
    assert follow(mailed()) == "link_ended"


@pytest.mark.asvs("6.4.3")
def test_a_link_does_not_stand_in_for_the_second_factor(olga: UUID) -> None:
    has_app(olga)
    ask(EMAIL)
    follow(mailed())

    assert tokens.sign_in(email=EMAIL, password=NEW, **WHERE).state == "second_factor"


@pytest.mark.asvs("6.3.8")
def test_for_an_address_nobody_has_as_much_is_done_and_nobody_is_written_to(olga: UUID) -> None:
    for email in ("nobody@northwind.example", EMAIL):
        ask(email)

    unknown, known = letters()
    assert (unknown.recipient["email"], known.recipient["email"]) == ("", EMAIL)
    assert unknown.facts.keys() == known.facts.keys()
    assert follow(parse_qs(urlsplit(unknown.facts["link"]).query)["code"][0]) == "link_ended"


@pytest.mark.asvs("2.4.1")
def test_nobody_is_buried_in_letters(olga: UUID) -> None:
    for _ in range(8):
        ask(EMAIL)

    assert [letter.recipient["email"] for letter in letters()] == [EMAIL] * 5 + [""] * 3


@pytest.mark.asvs("6.3.2")
def test_production_lets_nobody_of_a_demo_in_and_refuses_to_ask_for_a_password_only(
    databases: Settings, olga: UUID, database_url: str
) -> None:
    if database_url:
        pytest.skip("tests connect as a superuser, whom production refuses (tests/isolation/test_rights.py)")
    production = replace(databases, mode="production")
    bind(production)

    with pytest.raises(Refused):
        tokens.sign_in(email=EMAIL, password=PASSWORD, **WHERE)
    assert production.second_factor_required
    assert not replace(databases, mode="demo").second_factor_required
    where = {"public_url": "https://x", "provider_url": "https://x", "queue_url": "rediss://x"}
    loose = replace(production, **where, limits="on", second_factor="optional")
    with pytest.raises(SettingsError, match="SECOND_FACTOR"):
        loose.check()
