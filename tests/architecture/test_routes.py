"""No door without a lock: every route says what it requires or is on a short list, every query is scoped."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from domains.kernel.config import Settings

from .reading import ROOT, Source, functions, plant, refuse, sources

# Endpoints that anybody may call, and why. A view marks itself with @public as well: the list is for the reviewer.
PUBLIC = {
    "static": "files without anybody's data",
    "login.show": "the door itself",
    "login.sign_in": "the door itself",
    "login.sign_in_by_passkey": "the door itself",
    "login.passkey_options": "what a passkey signs: chance, and the keys of whoever is half in",
    "entering.ask": "for who is half in: the login's cookie is read there",
    "entering.give": "for who is half in: the login's cookie is read there",
    "entering.offer": "for who is half in: the login's cookie is read there",
    "entering.enrol": "for who is half in: the login's cookie is read there",
    "entering.passkey_options": "for who is half in: the login's cookie is read there",
    "links.forgotten": "the door itself",
    "links.send_link": "answers the same whether somebody has the address or not",
    "links.password": "opened by a link that only its reader knows",
    "links.choose": "opened by a link that only its reader knows",
    "links.invitation": "opened by a link that only its reader knows",
    "sso.show": "the door itself",
    "sso.start": "the door itself",
    "sso.come_back": "the door itself: whoever was not sent out by us is turned away",
    "sso.ask_to_link": "the door itself, for whom a provider has identified just now",
    "sso.link": "the door itself, for whom a provider has identified just now",
    "notifications.index": "the local mailbox, which production does not have",
    "notifications.letter": "the local mailbox, which production does not have",
    "webhooks.take": "for providers, who have no login here: what counts is their signature",
    "openapi_json": "describes the API and holds nobody's data",
}
# Queries that take a session but no scope, and why.
UNSCOPED = {
    "domains/services/queries/syncs.py list_syncs": "the catalogue is the same for everybody",
    "domains/services/queries/syncs.py get_sync": "the catalogue is the same for everybody",
    "domains/users/queries/people.py has_demo_people": "a start asks whether there are any, and learns nothing of them",
    "domains/users/queries/people.py oneself": "the row of whoever is signed in, whatever they are a member of",
    "domains/users/queries/people.py own_factors": "of whoever is signed in, or is about to be",
    "domains/users/queries/people.py own_logins": "of whoever is signed in, wherever they work",
    "domains/users/queries/privacy.py oneself_as_whom": "the row of whoever is signed in",
    "domains/users/queries/people.py own_memberships": "of whoever is signed in, whose invitations no scope covers",
}


def unguarded(app: Flask, public: dict[str, str]) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        is_public, requires = getattr(view, "public", False), getattr(view, "requires", None)
        if is_public and requires:
            yield f"{rule}: {rule.endpoint} is public and requires {requires}"
        elif is_public and rule.endpoint not in public:
            yield f"{rule}: {rule.endpoint} is public, but not on the list in {__name__}"
        elif not is_public and not requires and rule.endpoint != "static":
            yield f"{rule}: {rule.endpoint} neither requires a scope nor is it public"


def unscoped(root: Path) -> Iterator[str]:
    """Queries that take a session and no scope. In a package of queries only what it exports is open to others."""
    for source in sources(root, "domains"):
        parts = source.path.split("/")
        if parts[1] == "kernel" or parts[2:3] not in (["queries.py"], ["queries"]):
            continue
        exported = None if parts[2] == "queries.py" else exports(root / "/".join(parts[:3]) / "__init__.py")
        for one in takes_no_scope(source):
            if exported is None or one.name in exported:
                yield f"{source.path}:{one.lineno} {one.name} has no scope"


def exports(package: Path) -> set[str]:
    tree = ast.parse(package.read_text(encoding="utf-8"))
    return {name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names}


def takes_no_scope(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for function in functions(source.tree):
        given = [one.arg for one in (*function.args.args, *function.args.kwonlyargs)]
        known = f"{source.path} {function.name}" in UNSCOPED
        if not function.name.startswith("_") and given[:1] == ["session"] and "scope" not in given and not known:
            yield function


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("surface", ["portal", "api"])
def test_every_route_says_what_it_requires(surface: str, settings: Settings) -> None:
    app = import_module(surface).create_app(settings)

    refuse(unguarded(app, PUBLIC))


@pytest.mark.asvs("8.4.1")
def test_every_query_is_scoped() -> None:
    refuse(unscoped(ROOT))


def test_an_open_route_is_seen() -> None:
    app = Flask("planted", static_folder=None)

    def marked(**marks: Any) -> Callable[[], str]:
        def view() -> str:
            return ""

        vars(view).update(marks)
        return view

    app.add_url_rule("/open", "open", marked())
    app.add_url_rule("/unlisted", "unlisted", marked(public=True))
    app.add_url_rule("/both", "openapi_json", marked(public=True, requires="accounts:read"))
    app.add_url_rule("/guarded", "guarded", marked(requires="accounts:read"))

    assert [fault.split(":")[0] for fault in unguarded(app, PUBLIC)] == ["/open", "/unlisted", "/both"]


def test_an_unscoped_query_is_seen(tmp_path: Path) -> None:
    plant(tmp_path, "domains/billing/queries.py", "def get(session, charge_id): ...\ndef fine(session, scope): ...\n")
    plant(tmp_path, "domains/services/queries/offers.py", "def find(session, *, name): ...\ndef part(session): ...\n")
    plant(tmp_path, "domains/services/queries/__init__.py", "from .offers import find\n")

    assert [fault.split()[1] for fault in unscoped(tmp_path)] == ["get", "find"]
