"""A form of another site changes nothing, with and without its token; looking at a page changes nothing either."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

import api
import portal
from domains.kernel.config import Settings
from tests.architecture.reading import ROOT, Source, functions, is_view, plant, sources
from tests.factories.users import an_organisation, has_password

from .browser import Browser
from .conftest import made
from .visitor import form_on

# Views of GET that open a transaction to write, and what they write.
OFFERED = "the seed that is shown is kept until a code of it was given, the same at each look; it lets nobody in"
WRITES = {
    "portal/audit.py": "the audit trail knows of every export",
    "portal/entering.py": OFFERED,
    "portal/security.py": OFFERED,
    "api/audit.py": "the audit trail knows of every export",
    "portal/invoices.py": "the audit trail knows of every download",
    "portal/support.py": "the audit trail knows of every download",
    "api/cases.py": "the audit trail knows of every download",
    "api/invoices.py": "the audit trail knows of every download",
}


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


def signed_in(app: Flask) -> Browser:
    _, user_id = an_organisation()
    has_password(user_id)
    return Browser(app, user_id)


@pytest.fixture
def owner(app: Flask) -> Browser:
    return signed_in(app)


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8000"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "http://localhost:8000"}, 303),
        ({"Origin": "http://localhost"}, 303),  # another name of this machine
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8000"}, 400),
        ({"Sec-Fetch-Site": "nonsense"}, 400),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "null"}, 400),
        ({"Origin": ""}, 400),
        ({"Origin": "http://localhost:8000.evil.example"}, 400),
    ],
)
def test_a_form_that_comes_from_elsewhere_is_not_taken_although_its_token_is_right(
    owner: Browser, headers: dict[str, str], status: int
) -> None:
    fields = form_on(owner.get("/profile"), "/logout")

    answer = owner.open("POST", "/logout", data=fields, headers=headers)

    assert answer.status_code == status
    assert owner.get("/profile").status_code == (303 if status == 303 else 200)  # whether the login has ended


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize(("origin", "status"), [("https://sales.example", 303), ("https://localhost", 400)])
def test_in_production_the_public_address_is_the_only_one(
    databases: Settings, compiled: FileSystemBytecodeCache, origin: str, status: int
) -> None:
    app = made(replace(databases, mode="production", public_url="https://Sales.example"), compiled)
    browser = signed_in(app)
    page = browser.open("GET", "/profile", base_url="https://localhost")

    sent = {"Origin": origin, "Referer": "https://localhost/"}
    answer = browser.open("POST", "/logout", data=form_on(page, "/logout"), headers=sent, base_url="https://localhost")

    assert answer.status_code == status


def test_every_view_that_changes_something_refuses_to_be_looked_at(settings: Settings) -> None:
    """An address takes GET or a changing method in one view, never both: htmx and forms cannot be led astray."""
    for app in (portal.create_app(settings), api.create_app(settings)):
        rules = list(app.url_map.iter_rules())
        both = [rule.rule for rule in rules if _changes(rule.methods) and "GET" in (rule.methods or ())]
        views = {rule.endpoint: app.view_functions[rule.endpoint] for rule in rules}
        assert [rule for rule in both if not _is_class(views, rules, rule)] == []


def _changes(methods: set[str] | None) -> bool:
    return bool((methods or set()) & {"POST", "PUT", "PATCH", "DELETE"})


def _is_class(views: dict[str, object], rules: list[object], address: str) -> bool:
    """A class has a method of its own for each."""
    endpoints = [rule.endpoint for rule in rules if rule.rule == address]  # type: ignore[attr-defined]
    return all(hasattr(views[one], "view_class") for one in endpoints)


def writing_reads(source: Source) -> Iterator[str]:
    """Views of GET that open a transaction to write."""
    for function in functions(source.tree):
        verbs = {call.func.attr for call in function.decorator_list
                 if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)}  # fmt: skip
        looks = (is_view(function) and "get" in verbs) or function.name == "get"
        calls = {node.func.attr for node in ast.walk(function)
                 if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}  # fmt: skip
        if looks and "begin" in calls:
            yield f"{source.path}:{function.lineno} {function.name}"


@pytest.mark.asvs("3.5.3")
def test_no_view_of_a_page_opens_a_transaction_to_write() -> None:
    found = [fault for source in sources(ROOT, "portal", "api") for fault in writing_reads(source)]

    assert {fault.split(":")[0] for fault in found} <= set(WRITES), found


def test_a_page_that_writes_is_seen(tmp_path: Path) -> None:
    planted = '@bp.get("/x")\ndef show():\n    with db.begin() as session:\n        commands.x(session)\n'
    root = plant(tmp_path, "portal/planted.py", planted)

    assert [fault for source in sources(root, "portal") for fault in writing_reads(source)] == [
        "portal/planted.py:2 show"
    ]
