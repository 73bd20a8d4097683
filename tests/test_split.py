"""One web process for each domain behind nginx: the same portal and API, and no domain takes the others along."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import sync_playwright

from domains import NAMES
from gateway import nginx
from tests.servers import ROOT, free_port, is_ready, running_system

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(nginx.installed() is None, reason="nginx is not installed: apt-get install nginx"),
]
BUYER = "buyer@northwind.example"
# a page of each domain, and those that any process answers
PAGES = ("/", "/search?q=mail", "/operations", "/profile", "/accounts", "/orders", "/offers", "/subscriptions",
         "/cases", "/costs", "/customers")  # fmt: skip


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    var = tmp_path_factory.mktemp("split") / "var"
    with running_system(var, free_port(blocks=2), "--topology", "split"):
        yield var


def demo(var: Path) -> dict[str, Any]:
    return json.loads((var / "demo.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def processes(var: Path) -> dict[str, int]:
    return json.loads((var / "log" / "processes.json").read_text())  # type: ignore[no-any-return]


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


class Person(requests.Session):
    """Somebody who has signed in."""

    def __init__(self, var: Path, email: str) -> None:
        super().__init__()
        self.at = demo(var)["base_url"]
        known = next(one for one in demo(var)["users"] if one["email"] == email)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.open("/login").text)
        assert found
        form = {"email": email, "password": known["password"], "csrf_token": found[1]}
        assert self.post(self.at + "/login", data=form, timeout=20).ok

    def open(self, path: str, **headers: str) -> requests.Response:
        return self.get(self.at + path, headers=headers, allow_redirects=False, timeout=20)


def test_every_domain_has_a_process_of_its_own(split: Path) -> None:
    assert {name for name in processes(split) if name.startswith("web")} == {f"web-{name}" for name in NAMES}


def test_a_process_opens_the_databases_of_its_own_domain_and_of_runs_only(split: Path) -> None:
    person = Person(split, BUYER)
    for path in PAGES * 3:
        assert person.open(path).status_code == 200, path

    for name in NAMES:
        assert databases_open_in(processes(split)[f"web-{name}"]) <= {name, "saga"}


def databases_open_in(pid: int) -> set[str]:
    """The database files that a process and its children hold open."""
    children = [int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]
    files = {os.path.realpath(file) for one in (pid, *children) for file in Path(f"/proc/{one}/fd").iterdir()}
    return {Path(file).name.split(".")[0] for file in files if "/db/" in file}


def test_the_smoke_journeys_pass(split: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "e2e", "-m", "smoke", "-p", "no:cacheprovider",
               "--base-url", demo(split)["base_url"]]  # fmt: skip
    answer = subprocess.run(command, cwd=ROOT, env=os.environ | {"CLOUDSALES_VAR": str(split)}, capture_output=True,
                            text=True)  # fmt: skip

    assert answer.returncode == 0, answer.stdout


@pytest.mark.asvs("7.4.1")
def test_signing_out_holds_in_every_process_within_a_second(split: Path) -> None:
    person = Person(split, BUYER)
    cookies = person.cookies.copy()
    token = re.search(r'csrf-token" content="([^"]+)"', person.open("/").text)
    assert token
    assert all(person.open(path).status_code == 200 for path in PAGES)

    assert person.post(person.at + "/logout", data={"csrf_token": token[1]}, timeout=20).ok

    signed_out = time.monotonic()
    person.cookies = cookies
    while any(person.open(path).status_code == 200 for path in PAGES):
        assert time.monotonic() - signed_out < 1
    assert {person.open(path).headers["Location"].partition("?")[0] for path in PAGES} == {"/login"}


def test_a_domain_whose_process_is_killed_leaves_the_rest_usable_and_comes_back(split: Path) -> None:
    person = Person(split, BUYER)
    keep_killing(split, "web-support")
    wait_until(lambda: person.open("/cases").status_code == 502)

    others = {path: person.open(path).status_code for path in PAGES if path != "/cases"}
    shown = home_in_a_browser(person)

    assert set(others.values()) == {200}
    assert "The answer did not come." in shown
    wait_until(lambda: person.open("/cases").status_code == 200)
    assert is_ready(int(person.at.rpartition(":")[2]))


def keep_killing(var: Path, name: str) -> None:
    """Kill a process again and again, until the supervisor waits some seconds before it starts it anew."""
    for time_left in reversed(range(6)):
        pid = processes(var)[name]
        os.kill(pid, signal.SIGKILL)
        if time_left:
            wait_until(lambda pid=pid: processes(var)[name] != pid)  # type: ignore[misc]


def home_in_a_browser(person: Person) -> str:
    """What the home page says once its parts have come, or have not."""
    with sync_playwright() as playwright:
        path = {"executable_path": "/usr/bin/chromium"} if Path("/usr/bin/chromium").exists() else {}
        context = playwright.chromium.launch(args=["--no-sandbox", "--disable-gpu"], **path).new_context()  # type: ignore[arg-type]
        context.add_cookies([{"name": one.name, "value": one.value or "", "url": person.at} for one in person.cookies])
        page = context.new_page()
        page.goto(person.at + "/", wait_until="networkidle")
        return page.inner_text("main")
