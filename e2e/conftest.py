"""A browser before the real processes: those that `make run` starts, or any installation named by --base-url."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.servers import chosen_transport, free_port, running_system

from .ports import reached
from .second_factor import give_code

CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
        "--disable-component-update", "--disable-quic", "--no-first-run", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The system's Chromium where there is one: Playwright's own may not be obtainable."""
    return {"args": ARGS} | ({"executable_path": str(CHROMIUM)} if CHROMIUM.exists() else {})


@pytest.fixture(scope="session")
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running installation's demo.json: one of our own, unless --base-url names another.

    That one's demo.json is looked for in CLOUDSALES_VAR (`var`).
    """
    if request.config.getoption("--base-url", default=None):
        yield Path(os.environ.get("CLOUDSALES_VAR", "var"))
        return
    var, port = tmp_path_factory.mktemp("installation"), free_port()
    settings = reached(port) | {"CLOUDSALES_PROVIDER_TIMEOUT": "5"}  # seconds: who is silent is asked again soon
    with chosen_transport(port + 7) as more, running_system(var, port, **more, **settings):
        yield var


@pytest.fixture(scope="session")
def demo(installation: Path) -> dict[str, Any]:
    """Who can sign in, and where."""
    return json.loads((installation / "demo.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def base_url(request: pytest.FixtureRequest, demo: dict[str, Any]) -> str:
    """Where the portal and the API answer."""
    return str(request.config.getoption("--base-url", default=None) or demo["base_url"])


@pytest.fixture
def sandbox(demo: dict[str, Any]) -> Iterator[Callable[..., Any]]:
    """The provider's control desk; faults that a test sets are gone after it."""

    def control(method: str, path: str, **body: Any) -> Any:
        answer = requests.request(method, f"{demo['sandbox_url']}/control/{path}", json=body or None, timeout=10)
        answer.raise_for_status()
        return answer.json()

    control("DELETE", "faults")
    yield control
    control("DELETE", "faults")


class Person:
    """Somebody with a browser. Whatever the page says against its content security policy fails the test."""

    def __init__(self, context: BrowserContext, base_url: str, has_script: bool = True) -> None:
        self.page: Page = context.new_page()
        self.has_script = has_script
        self.base_url, self.complaints = base_url, list[str]()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.set_default_timeout(20_000)

    def _heard(self, message: ConsoleMessage) -> None:
        if "Security Policy" in message.text:
            self.complaints.append(message.text)

    def sign_in(self, demo: dict[str, Any], email: str) -> Person:
        known = next(one for one in demo["users"] if one["email"] == email)
        self.go("/login")
        self.page.fill("#email", known["email"])
        self.page.fill("#password", known["password"])
        self.page.click("form.door-fields button[type=submit]")
        give_code(self.page, known["totp_secret"])
        self.page.wait_for_url(re.compile(r"/$|/\?"))
        return self

    def go(self, path: str) -> Page:
        self.page.goto(self.base_url + path)
        return self.page

    def until_ended(self) -> str:
        """Wait until the operation on the page has ended, without a script by reloading; gives what the page says."""
        outcome = self.page.locator("#operation [class*=notice-]").locator("h3, b").first
        for _ in range(0 if self.has_script else 240):
            if outcome.count():
                break
            self.page.wait_for_timeout(250)
            self.page.reload()
        outcome.wait_for(timeout=60_000)
        return outcome.inner_text()


@pytest.fixture
def person(new_context: Callable[..., BrowserContext], base_url: str) -> Iterator[Callable[..., Person]]:
    """Makes people, each with a browser of their own: `person()`, `person(java_script_enabled=False)`."""
    people: list[Person] = []

    def made(**options: Any) -> Person:
        context = new_context(**{"locale": "en-GB", **options})
        people.append(Person(context, base_url, options.get("java_script_enabled", True)))
        return people[-1]

    yield made
    for one in people:
        assert one.complaints == []


class Program:
    """A customer's program with an access token."""

    def __init__(self, base_url: str, known: dict[str, Any]) -> None:
        asked = {"grant_type": "client_credentials"}
        auth = (known["client_id"], known["client_secret"])
        token = requests.post(f"{base_url}/oauth2/token", data=asked, auth=auth, timeout=10).json()["access_token"]
        self.session, self.root = requests.Session(), f"{base_url}/api/v1"
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.session.get(self.root + path, params=params, timeout=20)

    def post(self, path: str, body: Any, key: str | None = None) -> requests.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.session.post(self.root + path, json=body, headers=headers, timeout=20)


@pytest.fixture
def program(base_url: str, demo: dict[str, Any]) -> Callable[[str], Program]:
    """Makes a program of a customer: `program("Northwind Traders")`."""
    return lambda name: Program(base_url, next(one for one in demo["api_clients"] if one["customer"] == name))
