"""What a thief has got hold of opens nothing: a cookie after its sign-out, a code that was given before."""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from .second_factor import next_code

# a page of each domain, and one that any process answers
PAGES = ("/customers", "/users", "/accounts", "/offers", "/subscriptions", "/cases", "/costs", "/operations", "/")


class Visitor(requests.Session):
    """Somebody who comes without a browser."""

    def __init__(self, base_url: str, known: dict[str, Any]) -> None:
        super().__init__()
        self.at, self.known = base_url, known
        self.say("/login", email=known["email"], password=known["password"])

    def say(self, path: str, **typed: str) -> requests.Response:
        shown = self.get(self.at + path, timeout=20).text
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
        token = found or re.search(r'csrf-token" content="([^"]+)"', shown)
        assert token, path
        return self.post(self.at + path, data=typed | {"csrf_token": token[1]}, timeout=20)

    def sees(self) -> set[int]:
        """What each domain's process answers: 303 leads to the door."""
        return {self.get(self.at + path, allow_redirects=False, timeout=20).status_code for path in PAGES}


def known_as(demo: dict[str, Any], email: str) -> dict[str, Any]:
    return next(one for one in demo["users"] if one["email"] == email)


def noted(installation: Path, action: str) -> int:
    """How often the trail says something, where the databases are files."""
    with sqlite3.connect(installation / "db" / "users.sqlite3") as users:
        return int(users.execute("SELECT count(*) FROM audit_entry WHERE action = ?", (action,)).fetchone()[0])


@pytest.mark.smoke
@pytest.mark.asvs("7.4.1", "16.3.1")
def test_a_cookie_opens_nothing_after_its_sign_out_and_whoever_shows_it_is_noted(
    demo: dict[str, Any], base_url: str, installation: Path
) -> None:
    reader = Visitor(base_url, known_as(demo, "reader@northwind.example"))
    kept = reader.cookies.copy()
    token = re.search(r'csrf-token" content="([^"]+)"', reader.get(base_url + "/", timeout=20).text)
    assert token and reader.sees() <= {200, 403}

    assert reader.post(base_url + "/logout", data={"csrf_token": token[1]}, timeout=20).ok
    reader.cookies = kept
    until = time.monotonic() + 1
    while (found := reader.sees()) != {303}:
        assert time.monotonic() < until, f"still {found} after a second"

    if (installation / "db" / "users.sqlite3").exists():
        assert noted(installation, "users.ended_login_used") >= 1


@pytest.mark.smoke
@pytest.mark.asvs("6.5.1", "16.3.1")
def test_a_code_that_was_given_before_lets_nobody_in_and_is_noted(
    demo: dict[str, Any], base_url: str, installation: Path
) -> None:
    known = known_as(demo, "agent@operator.example")
    code = next_code(known["totp_secret"])
    agent, thief = Visitor(base_url, known), Visitor(base_url, known)

    assert agent.say("/login/second-factor", code=code).ok
    refused = thief.say("/login/second-factor", code=code)

    assert (refused.status_code, thief.sees(), agent.sees() <= {200, 403}) == (422, {303}, True)
    if (installation / "db" / "users.sqlite3").exists():
        assert noted(installation, "users.code_replayed") >= 1
