"""Somebody at the door of single sign-on, a real provider behind it, and a customer that has set it up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.tenancy import Scope
from domains.users import commands, db, oidc, tokens
from tests.factories.users import an_organisation
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, Provider, query_of, running_provider

from .conftest import made
from .visitor import Visitor, text_of

CALLBACK = "http://localhost:8000/login/sso/callback"
OLGA = "olga@northwind.example"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider(CALLBACK) as provider:
        yield provider


@pytest.fixture
def provider(running: Provider, databases: Settings) -> Provider:
    bind(replace(databases, outbound_allow=running.issuer.removeprefix("http://")))
    tokens.forget_noted()
    return running


@pytest.fixture
def app(provider: Provider, databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(replace(databases, outbound_allow=provider.issuer.removeprefix("http://")), compiled)


def a_customer(provider: Provider, owner_email: str = OLGA, **options: Any) -> UUID:
    """A customer with the provider set up, whose domain is proved: that of its owner."""
    domain = owner_email.partition("@")[2]
    customer_id, _ = an_organisation(owner_email=owner_email)
    known: dict[str, Any] = {"scope": Scope.customer(customer_id), "customer_id": customer_id}
    with db.begin() as session:
        commands.set_sign_on(
            session, **known, expected_version=None, issuer=provider.issuer, client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET, provider=oidc.discovered(provider.issuer), **{"joins": True} | options,
        )  # fmt: skip
        made = commands.add_domain(session, **known, name=domain)
        commands.verify_domain(session, **known, domain_id=made.id, published=True)
    return customer_id


class Comer(Visitor):
    """Somebody at the door, with the cookies of a browser."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app, None)

    def go_out(self, email: str) -> str:
        """Type an address, and be sent to its provider."""
        out = self.send(self.get("/login/sso"), "/login/sso", email=email)
        assert out.status_code == 200, text_of(out)
        return out.headers["Refresh"].partition("url=")[2]

    def back(self, address: str) -> TestResponse:
        return self.get(address.removeprefix("http://localhost:8000"))

    def come(self, provider: Provider, sub: str, email: str = "x@northwind.example") -> TestResponse:
        return self.back(provider.sign_in(self.go_out(email), sub))


def login_in(answer: TestResponse) -> str:
    """The login's token that an answer gives the browser."""
    cookies = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("cloudsales_login=")]
    assert cookies, text_of(answer)
    return cookies[0].partition("=")[2].partition(";")[0]


def rows(model: Any) -> list[Any]:
    with db.begin_read() as session:
        return list(session.query(model).all())


def csrf(visitor: Visitor, path: str) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get(path).get_data(as_text=True))
    assert found is not None
    return {"csrf_token": unescape(found[1])}


def changed(address: str, **but: str | None) -> str:
    """An answer of the provider's with other words in it."""
    path, known = address.partition("?")[0], query_of(address) | but
    return f"{path}?{urlencode({name: value for name, value in known.items() if value is not None})}"


def force(provider: Provider, customer_id: UUID) -> None:
    with db.begin() as session:
        commands.set_sign_on(
            session, scope=Scope.customer(customer_id), customer_id=customer_id, expected_version=None, forced=True,
            issuer=provider.issuer, client_id=CLIENT_ID, client_secret=None, joins=True,
            provider=oidc.discovered(provider.issuer),
        )  # fmt: skip
