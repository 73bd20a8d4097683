"""Programs that have ended, and tokens that nobody gave: refused by every process within a second, and noted."""

from __future__ import annotations

import json
import sqlite3
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from .conftest import Program

# one address of each domain, and one that any process answers
PLACES = ("/customers", "/users", "/accounts", "/offers", "/orders", "/subscriptions", "/cases", "/charges",
          "/invoices", "/operations")  # fmt: skip
RIGHTS = [f"{place.removeprefix('/')}:read" for place in PLACES]


@pytest.fixture
def made(program: Callable[[str], Program]) -> Iterator[tuple[Program, dict[str, Any]]]:
    """A program of Northwind's that may make others, and one that it has made, with its secret."""
    maker = program("Northwind Traders")
    answer = maker.post("/api-clients", {"name": "Passing by", "scopes": RIGHTS}, key=str(uuid4()))
    assert answer.status_code == 201, answer.text
    yield maker, answer.json()
    maker.session.delete(f"{maker.root}/api-clients/{answer.json()['id']}", headers={"If-Match": "*"}, timeout=20)


def answers(root: str, **headers: str) -> set[int]:
    """What every domain's process answers."""
    return {requests.get(root + place, headers=headers, timeout=20).status_code for place in PLACES}


def part(found: Any) -> str:
    return urlsafe_b64encode(json.dumps(found).encode()).rstrip(b"=").decode()


def noted(installation: Path) -> set[str]:
    """Why the installation has refused somebody, where its databases are files."""
    with sqlite3.connect(installation / "db" / "users.sqlite3") as users:
        query = "SELECT v.after FROM audit_entry e JOIN audit_value v ON v.entry_id = e.id WHERE e.action LIKE ?"
        return {json.loads(after)["why"] for (after,) in users.execute(query, ("users.refuse%",))}


@pytest.mark.smoke
@pytest.mark.asvs("9.1.2", "10.3.1", "7.4.1", "16.3.2")
def test_what_proves_nothing_is_refused_by_every_process_and_noted(
    made: tuple[Program, dict[str, Any]], base_url: str, installation: Path
) -> None:
    maker, client = made
    program = Program(base_url, {"client_id": client["id"], "client_secret": client["secret"]})
    token = str(program.session.headers["Authorization"]).removeprefix("Bearer ")
    head, body, signature = token.split(".")
    known = json.loads(urlsafe_b64decode(head + "=="))
    forged = {
        "alg_none": f"{part(known | {'alg': 'none'})}.{body}.",
        "alg": f"{part(known | {'alg': 'HS256'})}.{body}.{signature}",
        "kid": f"{part(known | {'kid': 'x'})}.{body}.{signature}",
        "signature": f"{head}.{part(json.loads(urlsafe_b64decode(body + '==')) | {'scope': 'operate'})}.{signature}",
    }  # fmt: skip

    assert answers(program.root, Authorization=f"Bearer {token}") == {200}
    for text in forged.values():
        assert answers(program.root, Authorization=f"Bearer {text}") == {401}
    assert answers(program.root, **{"X-CloudSales-Assertion": token}) == {401}
    path = f"{maker.root}/api-clients/{client['id']}"
    ended = maker.session.patch(path, json={"status": "disabled"}, headers={"If-Match": "*"}, timeout=20)
    assert ended.status_code == 200, ended.text
    until = time.monotonic() + 1
    while (found := answers(program.root, Authorization=f"Bearer {token}")) != {401}:
        assert time.monotonic() < until, f"still {found} after a second"

    if (installation / "db" / "users.sqlite3").exists():
        assert noted(installation) >= {*forged, "forged_header", "client_disabled"}
