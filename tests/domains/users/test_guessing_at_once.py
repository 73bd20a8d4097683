"""Many guesses at one moment are looked at no more often than one after the other. On PostgreSQL it could be else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from domains.kernel.config import Settings
from domains.users import commands, db, tokens
from domains.users.commands.throttles import FREE_TRIES
from tests.factories.races import at_once
from tests.factories.users import PASSWORD, an_organisation, has_app, has_password

EMAIL, HERE = "olga@northwind.example", "203.0.113.5"
MANY = FREE_TRIES + 4


@pytest.fixture
def olga(databases: Settings) -> UUID:
    _, user_id = an_organisation(owner_email=EMAIL)
    has_password(user_id)
    return user_id


@pytest.mark.slow
@pytest.mark.asvs("6.3.1")
@pytest.mark.usefixtures("olga")
def test_many_passwords_at_one_moment() -> None:
    told: list[str] = []

    def guess(session: Session) -> None:
        made = commands.sign_in(session, email=EMAIL, password="wrong wrong", ip=HERE, user_agent="x")
        told.append(getattr(made, "code", "in"))

    assert at_once(db, *[guess] * MANY) == ["done"] * MANY
    assert told.count("sign_in_failed") == FREE_TRIES


@pytest.mark.slow
@pytest.mark.asvs("6.3.1")
def test_many_codes_at_one_moment(olga: UUID) -> None:
    has_app(olga)
    halves = [tokens.sign_in(email=EMAIL, password=PASSWORD, ip=HERE, user_agent="x") for _ in range(MANY)]
    told: list[str] = []

    def guesser(login_id: UUID) -> Callable[[Session], Any]:
        def guess(session: Session) -> None:
            made = commands.prove_by_code(session, login_id=login_id, code="000000")
            told.append(getattr(made, "code", "in"))

        return guess

    assert at_once(db, *[guesser(one.login_id) for one in halves]) == ["done"] * MANY
    assert told.count("proof_wrong") == FREE_TRIES
