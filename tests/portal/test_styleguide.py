"""Every component in a real browser: readable by everybody in both themes, at every width, under our own policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import render_template
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from portal import htmx
from tests.portal.sample import a_portal

CHROMIUM = Path("/usr/bin/chromium")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    quiet = [
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
    ]
    return {"executable_path": str(CHROMIUM), "args": ["--no-sandbox", *quiet]}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The styleguide on a port of its own, and a part of it that is always away."""
    app = a_portal()
    app.add_url_rule("/styleguide", view_func=lambda: render_template("styleguide.html"), endpoint="styleguide")
    app.add_url_rule("/styleguide/away", view_func=lambda: htmx.failed_part(503, part="Invoices"), endpoint="away")
    app.after_request(lambda answer: answer.headers.set("Content-Security-Policy", POLICY) or answer)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/styleguide"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def styleguide(browser: Browser, address: str) -> Iterator[Page]:
    """The page, open and complete; what the browser complains about fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.get_by_text("Invoices cannot be shown for a moment").first.wait_for()
    yield page
    context.close()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(styleguide: Page, scheme: Any, width: int) -> None:
    styleguide.emulate_media(color_scheme=scheme)
    # as tall as the page: axe calls whatever happens to lie under the phone's tab bar too small a target
    styleguide.set_viewport_size({"width": width, "height": 10_000})

    found = Axe().run(styleguide, options={"runOnly": RULES}).response["violations"]

    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []


def test_no_width_makes_the_page_scroll_sideways(styleguide: Page) -> None:
    for width in (320, 360, 390, 768, 991, 992, 1240, 1440):
        styleguide.set_viewport_size({"width": width, "height": 900})

        assert styleguide.evaluate("document.documentElement.scrollWidth") <= width


def test_what_the_browser_does_by_itself(styleguide: Page) -> None:
    assert styleguide.evaluate("document.activeElement.className") == "errors"
    assert styleguide.title().startswith("Error:")

    styleguide.get_by_label("Name or number").focus()
    styleguide.keyboard.press("/")
    assert styleguide.get_by_label("Name or number").input_value() == "/"
    styleguide.locator("h1").click()
    styleguide.keyboard.press("/")
    assert styleguide.evaluate("document.activeElement.id") == "q"

    styleguide.locator("[data-step=stepUp]").click()
    assert styleguide.locator("#sg-seats").input_value() == "47"

    styleguide.get_by_role("button", name="Ask first").click()
    assert "Take this filter away?" in styleguide.get_by_role("dialog").inner_text()
    styleguide.keyboard.press("Escape")

    styleguide.locator(".me-menu summary").click()
    styleguide.get_by_role("button", name="Dark").click()
    assert styleguide.locator("html").get_attribute("data-bs-theme") == "dark"
    styleguide.keyboard.press("Escape")
    assert styleguide.locator("details.menu[open]").count() == 0
