"""Production does not start over a demo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from domains.kernel.config import Settings, SettingsError
from domains.users import db
from gateway import demo, health
from tests.factories.users import an_organisation, has_password


@pytest.fixture
def production(databases: Settings) -> Iterator[Settings]:
    """Settings of a production that has just begun."""
    demo._holds_demo.cache_clear()
    health._last = (0.0, {})
    yield replace(databases, mode="production")
    health._last = (0.0, {})


def readiness(settings: Settings) -> Any:
    """What keeps a process from serving."""
    return json.loads(b"".join(health.answer("/readyz", settings, lambda *_: None)))["missing"]


@pytest.mark.asvs("6.3.2")
def test_production_refuses_the_people_of_a_demo_in_one_line(production: Settings) -> None:
    _, user_id = an_organisation(owner_email="owner@northwind.example")
    has_password(user_id)

    with pytest.raises(SettingsError, match="holds people of a demo"):
        demo.refuse_demo(production)

    assert readiness(production)["users"] == demo.WHY
    demo.refuse_demo(replace(production, mode="demo"))


def test_nobody_keeps_production_from_starting_by_an_address_that_they_type(production: Settings) -> None:
    an_organisation(owner_email="owner@northwind.example")
    _, user_id = an_organisation(owner_email="olga@example.company")
    has_password(user_id)

    demo.refuse_demo(production)

    assert demo.fault(production) is None


def test_production_starts_and_is_not_ready_while_it_cannot_know(production: Settings) -> None:
    with db.begin() as session:
        session.execute(text("ALTER TABLE user_ RENAME TO away"))
    try:
        demo.refuse_demo(production)

        assert demo.fault(production) in ("OperationalError", "ProgrammingError")
        assert readiness(production)["users"] == demo.fault(production)
    finally:
        with db.begin() as session:
            session.execute(text("ALTER TABLE away RENAME TO user_"))
