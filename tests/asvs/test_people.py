"""What holds of passwords and grants, whatever else a sign-in asks for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api import oauth
from domains.kernel.config import Settings
from domains.users import db
from domains.users.models import User
from tests.architecture.reading import ROOT
from tests.conftest import Clock
from tests.factories.users import PASSWORD, an_organisation, has_password, signed_in


@pytest.mark.asvs("11.4.2")
def test_a_password_is_kept_by_argon2id_with_memory_and_time_enough(databases: Settings) -> None:
    _, user_id = an_organisation()
    has_password(user_id)
    with db.begin_read() as session:
        kept = session.get_one(User, user_id).password_hash

    cost = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$", kept or "")
    assert cost is not None and PASSWORD not in (kept or "")
    assert int(cost[1]) >= 19456 and int(cost[2]) >= 2


@pytest.mark.asvs("6.2.10")
def test_a_password_does_not_expire_by_the_calendar(databases: Settings, clock: Clock) -> None:
    _, user_id = an_organisation()
    has_password(user_id)
    clock.advance(days=2000)

    assert signed_in(user_id)[0].actor.id == str(user_id)


@pytest.mark.asvs("6.2.7")
def test_a_password_can_be_pasted_and_filled_in() -> None:
    asked = r'\{\{ field\([^}]*type="password"[^}]*\}\}'
    pages = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "templates").rglob("*.html"))}
    fields = [(name, field) for name, text in pages.items() for field in re.findall(asked, text)]
    scripts = "".join(path.read_text("utf-8") for path in (ROOT / "static").glob("*.js"))

    assert fields
    assert [name for name, field in fields if not re.search(r'autocomplete="(current|new)-password"', field)] == []
    assert "paste" not in scripts


@pytest.mark.asvs("10.4.4")
@pytest.mark.parametrize("grant", ["password", "implicit", "authorization_code", "refresh_token", "", "urn:x"])
def test_a_program_gets_a_token_by_its_own_credentials_and_by_no_other_grant(databases: Settings, grant: str) -> None:
    desk = oauth.create_app(databases).test_client()
    asked: dict[str, Any] = {"grant_type": grant, "username": "a", "password": "b", "code": "c", "refresh_token": "d"}

    answer = desk.post("/token", data=asked, auth=("eu_erp", "css_secret"))

    assert answer.status_code == 400
    assert answer.json is not None and answer.json["error"] == "unsupported_grant_type"
    known = desk.get("/oauth-authorization-server").json
    assert known is not None and known["grant_types_supported"] == ["client_credentials"]
    assert not known.get("response_types_supported")
