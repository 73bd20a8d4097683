"""What the gateway itself writes into a trail says from where it came, whoever stands in front."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import Client
from werkzeug.wrappers import Response

from domains.kernel.config import Settings
from domains.users import commands, db, tokens
from gateway.middleware import Gateway
from tests.factories.users import an_organisation, has_password, signed_in


def a_stolen_cookie() -> str:
    """The cookie of a login that has been ended."""
    _, user_id = an_organisation()
    has_password(user_id)
    caller, token = signed_in(user_id)
    with db.begin() as session:
        commands.sign_out(session, login_id=UUID(caller.login_id))
    tokens.forget_epoch("login", caller.login_id)
    return f"cloudsales_login={token}"


@pytest.mark.asvs("16.2.1")
@pytest.mark.parametrize(
    ("gateway", "path", "told"),
    [
        ("none", "/", {"User-Agent": "curl/8.1"}),
        ("nginx", "/_auth", {"X-Forwarded-For": "203.0.113.9", "X-CloudSales-Audience": "portal"}),
    ],
)
def test_from_where_a_stolen_cookie_was_shown_stands_in_the_trail(
    databases: Settings, gateway: str, path: str, told: dict[str, str]
) -> None:
    browser = Client(Gateway(Response("a page"), replace(databases, gateway=gateway)), use_cookies=False)
    headers = {"User-Agent": "curl/8.1", "Cookie": a_stolen_cookie()} | told
    address = "203.0.113.9" if gateway == "none" else "127.0.0.1"
    browser.get(path, headers=headers, environ_base={"REMOTE_ADDR": address})

    entry, origin = db.audit_entry, db.audit_origin
    query = select(origin.c.place, origin.c.program).join(entry, entry.c.id == origin.c.entry_id)
    with db.begin_read() as session:
        rows = session.execute(query.where(entry.c.action == "users.ended_login_used")).all()
    assert [tuple(row) for row in rows] == [("203.0.113.9", "curl 8.1")]
