"""Coming in and going out at the portal."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel.config import Settings
from domains.users.models import email_key
from domains.users.oidc.domains import domain_of
from portal.login import limiter
from tests.factories.users import PASSWORD, an_organisation, has_password

from .browser import Browser
from .conftest import made
from .visitor import Visitor, form_on

EMAIL = "olga@northwind.example"


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.mark.asvs("3.3.1", "3.3.3")
def test_who_goes_out_takes_the_cookie_along_in_production_too(
    databases: Settings, compiled: FileSystemBytecodeCache
) -> None:
    app = made(replace(databases, mode="production"), compiled)
    _, user_id = an_organisation()
    has_password(user_id)
    browser = Browser(app, user_id)
    fields = {"base_url": "https://localhost"}

    page = browser.open("GET", "/profile", **fields)
    token = page.get_data(as_text=True).partition('name="csrf_token" value="')[2].partition('"')[0]
    headers = {"Referer": "https://localhost/"}
    answer = browser.open("POST", "/logout", data={"csrf_token": token}, headers=headers, **fields)

    gone = next(cookie for cookie in answer.headers.getlist("Set-Cookie") if "cloudsales_login=" in cookie)
    assert gone.startswith("__Host-cloudsales_login=;")
    assert "Secure" in gone  # browsers refuse to change a __Host- cookie without
    assert "Path=/" in gone


@pytest.mark.asvs("3.3.2", "3.3.4")
def test_who_comes_in_gets_a_cookie_that_scripts_and_other_sites_do_not(app: Flask) -> None:
    _, user_id = an_organisation(owner_email=EMAIL)
    has_password(user_id)
    stranger = Visitor(app, None)

    typed = {"email": EMAIL, "password": PASSWORD}
    answer = stranger.send(stranger.get("/login", next="/orders"), "/login?next=/orders", **typed)

    cookie = next(cookie for cookie in answer.headers.getlist("Set-Cookie") if "cloudsales_login=" in cookie)
    assert (answer.status_code, answer.location) == (303, "/orders")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("wanted", ["/%09/[", "/%0a/[x", "//["])
def test_a_way_back_that_is_no_address_leads_home(app: Flask, wanted: str) -> None:
    _, user_id = an_organisation()
    has_password(user_id)

    answer = Browser(app, user_id).open("GET", f"/login?next={wanted}")

    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.asvs("15.1.3", "15.2.2")
@pytest.mark.parametrize("email", ["a" + "\u0315\u0300" * 40_000 + "@x.example", "a@" + "\ufdfa" * 80_000])
def test_an_address_longer_than_any_is_not_looked_at(app: Flask, email: str) -> None:
    visitor = Visitor(app, None)
    fields = (form_on(visitor.get("/login"), "/login") or {}) | {"email": email, "password": "x"}
    began = time.process_time()

    answer = visitor.open("POST", "/login", data=fields, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert time.process_time() - began < 2  # folding it takes ten times as long


def test_addresses_longer_than_any_are_the_same_as_themselves_only() -> None:
    long = "a@" + "\ufdfa" * 80_000
    began = time.process_time()

    keys = {email_key(long), email_key(long + "b"), domain_of(long)}

    assert (len(keys), max(map(len, keys)) <= 320) == (3, True)
    assert time.process_time() - began < 1


@pytest.mark.asvs("6.3.1")
def test_a_network_of_ipv6_is_one_place_to_the_limits(
    databases: Settings, compiled: FileSystemBytecodeCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter, "enabled", False)  # as the other tests want it again
    stranger = Visitor(made(replace(databases, limits="on"), compiled), None)
    typed = (form_on(stranger.get("/login/forgotten"), "/login/forgotten") or {}) | {"email": EMAIL}

    def asked(address: str) -> int:
        known = {"REMOTE_ADDR": address}
        return stranger.open("POST", "/login/forgotten", data=typed, environ_base=known).status_code

    assert 429 in {asked(f"2001:db8:0:1::{number:x}") for number in range(1, 22)}  # of two minutes, if one ends
    assert asked("2001:db8:0:2::1") == 200
