"""Whoever is not known here is nobody, whatever they call themselves."""

from __future__ import annotations

from sqlalchemy import select

from domains.kernel.config import Settings
from domains.users import db, tokens
from domains.users.models import User, email_key


def test_a_name_that_no_database_can_look_for_is_nobodys(databases: Settings) -> None:
    with db.begin_read() as session:
        found = session.scalars(select(User).where(User.email_key == email_key("owner\0@northwind.example"))).all()

    assert found == []
    assert tokens.live_client("eu_\0") is None
