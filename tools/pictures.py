"""Take the README's pictures of a running installation: python tools/pictures.py [base URL] [demo.json]."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
PICTURES = Path(__file__).parents[1] / "docs" / "pictures"


def sign_in(page: Page, base_url: str, user: dict[str, str]) -> None:
    """Sign a person in."""
    page.goto(f"{base_url}/login")
    page.fill("#email", user["email"])
    page.fill("#password", user["password"])
    page.click("form.door-fields button[type=submit]")
    page.wait_for_url(f"{base_url}/")


def take(page: Page, name: str) -> None:
    """Take a picture when the page has all its parts."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png")


def main(base_url: str = "http://localhost:8000", demo: str = "var/demo.json") -> None:
    """Take every picture."""
    known = json.loads(Path(demo).read_text(encoding="utf-8"))
    buyer = next(one for one in known["users"] if one["email"] == "buyer@northwind.example")
    with sync_playwright() as playwright:
        path = {"executable_path": str(CHROMIUM)} if CHROMIUM.exists() else {}
        browser = playwright.chromium.launch(args=["--no-sandbox", "--disable-gpu"], **path)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        sign_in(page, base_url, buyer)
        take(page, "home")
        page.goto(f"{base_url}/operations")
        page.locator("main a[href^='/operations/']", has_text="×").first.click()
        take(page, "operation")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
