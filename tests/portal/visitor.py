"""A person at the portal, as the gateway lets them through: reads pages, fills in forms as they stand there."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask
from werkzeug.test import TestResponse

from domains.kernel import assertion, clock, config
from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.users.policy import ROLE_SCOPES

HTMX = {"HX-Request": "true"}


def a_person(customer_id: UUID | None = None, kind: str = "direct", role: str = "owner", **but: Any) -> Caller:
    """Somebody of a customer, signed in just now; English, written as in Britain, in Amsterdam's time."""
    customer_id = customer_id or new_id()
    preferences = {
        "language": "en", "formats": "en_GB", "zone": "Europe/Amsterdam", "theme": "auto", "region": "eu",
        "email": "olivia@northwind.example", "home_customer_id": str(customer_id), "home_kind": kind,
        "home_customer_name": "Northwind Traders", "proved_at": clock.wall().isoformat(), "amr": "pwd",
    } | but.pop("preferences", {})  # fmt: skip
    scope = Scope.reseller(customer_id) if kind == "reseller" else Scope.customer(customer_id)
    known: dict[str, Any] = {
        "actor": Actor("user", str(new_id()), "Olivia Winter"), "scope": scope, "customer_id": customer_id,
        "customer_kind": kind, "customer_name": "Northwind Traders", "roles": (role,), "scopes": ROLE_SCOPES[role],
        "login_id": str(new_id()), "preferences": preferences,
    }  # fmt: skip
    return Caller(**known | but)


class Visitor:
    """A browser without a script, or with htmx where a test asks for a part."""

    def __init__(self, app: Flask, caller: Caller | None) -> None:
        self.client, self.caller = app.test_client(), caller

    def open(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        sent = dict(headers or {})
        if self.caller is not None:
            sent[assertion.HEADER] = assertion.mint(config.current().assertion_key, self.caller, "portal")
        return self.client.open(path, method=method, headers=sent, **options)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.open("GET", path + (f"?{urlencode(query)}" if query else ""))

    def part(self, path: str, **query: Any) -> TestResponse:
        """What htmx gets."""
        return self.open("GET", path + (f"?{urlencode(query)}" if query else ""), headers=HTMX)

    def send(self, page: TestResponse, action: str, **typed: Any) -> TestResponse:
        """Fill in the form of a page that leads to `action`, and send it."""
        fields = form_on(page, action)
        assert fields is not None, f"no form leads to {action}"
        return self.open("POST", action, data=fields | typed)


class _Forms(HTMLParser):
    """The forms of a page: their addresses, and what stands in their fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.forms.append((given.get("action") or "", {}))
        elif not self.forms:
            return
        elif tag == "select":
            self.select = name
        elif tag == "option" and ("selected" in given or self.select not in self.forms[-1][1]):
            self.forms[-1][1][self.select] = value
        elif tag == "input" and name and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self.forms[-1][1][name] = value


def form_on(page: TestResponse, action: str) -> dict[str, str] | None:
    """What stands in the form of a page that leads to an address."""
    reader = _Forms()
    reader.feed(page.get_data(as_text=True))
    return next((fields for where, fields in reader.forms if where == action), None)


def text_of(page: TestResponse) -> str:
    """What a person reads on a page or part: without marks, with single spaces."""
    bare = re.sub(r"<(script|style|template)\b.*?</\1>|<[^>]+>", " ", page.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(bare)).strip()


def summary_of(page: TestResponse) -> str:
    """The summary of errors on a page; empty without one."""
    found = re.search(r'<div class="errors".*?</div>', page.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", found[0]))).strip() if found else ""


def is_page(answer: TestResponse) -> bool:
    """Whether an answer is a whole page with its landmarks, rather than a part of one."""
    text = answer.get_data(as_text=True)
    return all(mark in text for mark in ("<!doctype html>", '<main class="main', "<h1", 'aria-label="Main"', "<title>"))
