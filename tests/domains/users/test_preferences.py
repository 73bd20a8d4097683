"""A person's own settings."""

from __future__ import annotations

import pytest

from domains.kernel.config import Settings
from domains.kernel.errors import Invalid
from domains.users import commands, db
from domains.users.models import User
from tests.factories.users import an_organisation


def test_a_name_is_kept_without_stray_spaces(databases: Settings) -> None:
    _, user_id = an_organisation()

    with db.begin() as session:
        commands.update_preferences(session, user_id=user_id, name=" Olga \u00a0Owner\u3000")

    with db.begin_read() as session:
        assert session.get_one(User, user_id).name == "Olga Owner"


@pytest.mark.parametrize("name", ["", " ", "\u3000", "x" * 201])
def test_a_name_that_is_none_is_refused(databases: Settings, name: str) -> None:
    _, user_id = an_organisation()

    with db.begin() as session, pytest.raises(Invalid):
        commands.update_preferences(session, user_id=user_id, name=name)
