"""Every answer keeps browsers from harm, whoever gives it: each route of each surface, this process, and the nginx."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import Rule
from werkzeug.test import Client, TestResponse

import api
import portal
from api import oauth, reference
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from gateway import nginx
from gateway.hardening import HEADERS, LASTING
from gateway.middleware import Gateway
from gateway.routes import API
from portal.access import public
from portal.headers import OWN
from tests.servers import free_port

from .front import Front, front

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asvs("3.4.1", "3.4.3", "3.4.4", "3.4.5", "3.4.6"),
]
VALUES = {"uuid": lambda: str(new_id()), "int": lambda: "7"}


@pytest.fixture
def surfaces(databases: Settings) -> dict[str, Flask]:
    """What a web process holds in production, by the addresses at which it stands."""
    settings = replace(databases, mode="production", public_url="https://sales.example")
    programs = oauth.create_app(settings)
    return {
        "": portal.create_app(settings), API: api.create_app(settings), "/oauth2": programs, "/.well-known": programs,
        "/api/docs": reference.create_app(settings),
    }  # fmt: skip


@pytest.fixture
def client(surfaces: dict[str, Flask], databases: Settings) -> Client:
    mounts: dict[str, Any] = {at: app for at, app in surfaces.items() if at}
    pages = DispatcherMiddleware(surfaces[""], mounts)
    return Client(Gateway(pages, replace(databases, mode="production")), TestResponse)


def addresses(surfaces: dict[str, Flask]) -> Iterator[tuple[str, str]]:
    """Each route with each of its methods, its ids filled in with some that nobody has."""
    for at, app in surfaces.items():
        for rule in app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) - {"OPTIONS"}):
                yield method, at + filled(rule)


def filled(rule: Rule) -> str:
    kinds = {name: type(converter).__name__.removesuffix("Converter").lower() for name, converter in
             rule._converters.items()}  # fmt: skip
    return re.sub(r"<[^>]*?(\w+)>", lambda found: VALUES.get(kinds[found[1]], lambda: "x")(), rule.rule)


def unsafe(answer: TestResponse | requests.Response) -> list[str]:
    """What an answer lacks, or says twice."""
    given = [(name.lower(), value) for name, value in answer.headers.items()]
    wanted = {name: [value, OWN.get(name)] for name, value in (HEADERS | LASTING).items()}
    faults = [name for name, allowed in wanted.items()
              if len(found := [value for one, value in given if one == name.lower()]) != 1
              or (found[0] not in allowed and name != "Content-Security-Policy")]  # fmt: skip
    policy = answer.headers.get("Content-Security-Policy", "")
    needed = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'")
    faults += [f"no {part}" for part in needed if part not in policy]
    faults += [word for word in ("unsafe-inline", "unsafe-eval", "*", "http:") if word in policy]
    kind = answer.headers.get("Content-Type", "")
    redirected = 300 <= answer.status_code < 400  # nginx's own words in a redirect are ASCII
    faults += ["no charset"] if not redirected and kind.startswith("text/html") and "charset=" not in kind else []
    return faults + [name for name, _ in given if name in ("x-powered-by", "access-control-allow-origin")]


@pytest.mark.asvs("3.4.2", "4.1.1")
def test_every_route_of_every_surface_answers_with_all_headers(
    surfaces: dict[str, Flask], client: Client, record_property: Any
) -> None:
    asked = sorted(set(addresses(surfaces)))

    bare = {}
    for method, path in asked:
        with client.open(path, method=method, headers={"Origin": "https://evil.example"}) as answer:
            if faults := unsafe(answer):
                bare[f"{method} {path}"] = faults
    record_property("routes", len(asked))
    assert not bare
    assert len(asked) > 120


def test_what_is_no_route_answers_with_all_headers(surfaces: dict[str, Flask], client: Client) -> None:
    surfaces[""].add_url_rule("/breaks", "breaks", public(lambda: 1 / 0))
    surfaces[API].add_url_rule("/breaks", "breaks", api.public(lambda: 1 / 0))
    asked = [
        ("GET", "/nowhere", 404), ("GET", f"{API}/nowhere", 404), ("PUT", "/offers", 405),
        ("PUT", f"{API}/offers", 405),
        ("GET", "/breaks", 500), ("GET", f"{API}/breaks", 500), ("GET", "/static/app.css?v=1", 200),
        ("GET", "/static/none.css", 404), ("GET", "/healthz", 200), ("GET", "/readyz", 503), ("GET", "/login", 200),
        ("GET", "/oauth2/none", 404), ("GET", "/offers", 303), ("OPTIONS", "/offers", 200),
    ]  # fmt: skip
    for method, path, status in asked:
        with client.open(path, method=method) as answer:
            assert (path, answer.status_code, unsafe(answer)) == (path, status, [])


def test_a_header_that_an_answer_lacks_or_says_twice_is_seen(client: Client) -> None:
    with client.get("/healthz") as answer:
        answer.headers.add("Referrer-Policy", "unsafe-url")
        del answer.headers["Strict-Transport-Security"]
        answer.headers["Content-Security-Policy"] = "default-src 'none'; script-src 'unsafe-inline'"
        assert {"Referrer-Policy", "Strict-Transport-Security", "unsafe-inline"} <= set(unsafe(answer))


@pytest.fixture
def in_front(tmp_path: Path) -> Iterator[Front]:
    if nginx.installed() is None:
        pytest.skip("nginx is not installed: apt-get install nginx")
    settings = Settings(mode="production", public_url="https://sales.example")
    with front(tmp_path, free_port(), settings, trusted=("127.0.0.1",)) as made:
        yield made


def test_nginx_says_the_same_in_answers_of_its_own_and_fills_in_what_a_process_left_unsaid(in_front: Front) -> None:
    in_front.upstreams["support"].stop()
    asked = [
        ("GET", f"{API}/nowhere", 404), ("GET", "/static/app.css?v=1", 200), ("GET", "/static/none.css", 404),
        ("GET", "/static/vendor", 301), ("POST", "/static/app.css", 405), ("GET", "/cases", 502),
        ("GET", f"{API}/cases", 502), ("GET", "/orders", 200), ("GET", f"{API}/orders", 200), ("GET", "/healthz", 200),
        ("TRACE", "/orders", 405), ("GET", "/" + "a" * 9000, 414),
    ]  # fmt: skip
    for method, path, status in asked:
        answer = in_front(path, method)
        assert (path[:40], answer.status_code, unsafe(answer)) == (path[:40], status, [])
        assert answer.headers["Server"] == "nginx"


@pytest.mark.asvs("4.1.2")
def test_without_tls_a_person_is_led_to_it_and_a_program_is_refused(in_front: Front) -> None:
    clear = {"X-Forwarded-Proto": "http", "Host": "evil.example"}

    person, program = in_front("/orders?a=b", headers=clear), in_front(f"{API}/orders", "POST", headers=clear)
    token = in_front("/oauth2/token", "POST", headers=clear)

    assert person.status_code == 308
    assert person.headers["Location"] == "https://sales.example/orders?a=b"
    for answer in (program, token):
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
        assert "Location" not in answer.headers
    assert unsafe(person) == unsafe(program) == []
    assert not in_front.upstreams["services"].seen
    assert in_front("/orders", headers={"X-Forwarded-Proto": "https"}).status_code == 200


def test_who_does_not_end_tls_before_us_says_nothing_about_it(tmp_path: Path) -> None:
    if nginx.installed() is None:
        pytest.skip("nginx is not installed: apt-get install nginx")
    with front(tmp_path, free_port(), Settings(mode="production"), trusted=("192.0.2.1",)) as own:
        assert own("/orders", headers={"X-Forwarded-Proto": "http"}).status_code == 200
