"""An organisation signs its people on through its own provider, in a browser, against one that others wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, Names, Provider, running_names, running_provider

from .conftest import Person
from .ports import NAMES, PROVIDER
from .test_journeys import press

Someone = Callable[..., Person]
DOMAIN = "northwind.example"


@pytest.fixture(scope="module")
def first_port(request: pytest.FixtureRequest, base_url: str) -> int:
    """The first port of our own installation: another one may not call a provider on this machine."""
    if request.config.getoption("--base-url", default=None):
        pytest.skip("the installation may call providers on the internet only")
    return urlsplit(base_url).port or 80


@pytest.fixture(scope="module")
def provider(first_port: int, base_url: str) -> Iterator[Provider]:
    with running_provider(f"{base_url}/login/sso/callback", first_port + PROVIDER) as found:
        yield found


@pytest.fixture(scope="module")
def names(first_port: int) -> Iterator[Names]:
    with running_names(first_port + NAMES) as (_, found):
        yield found


def set_up(page: Page, provider: Provider, names: Names) -> None:
    """As an owner: name the provider, and prove that the domain is the organisation's own."""
    page.get_by_label("Issuer").fill(provider.issuer)
    page.get_by_label("Client id").fill(CLIENT_ID)
    page.get_by_label("Client secret").fill(CLIENT_SECRET)
    page.get_by_label("may join by themselves").check()
    press(page, "Save")
    expect(page.locator("#main")).to_contain_text("Saved.")
    page.get_by_label("Another domain").fill(DOMAIN)
    press(page, "Add")
    record = page.locator("[data-copy^=cloudsales-verification]").get_attribute("data-copy")
    names.records[f"_cloudsales-challenge.{DOMAIN}"] = [str(record)]
    page.get_by_role("button", name="Look for it").click()
    expect(page.locator("#main")).to_contain_text("The domain is yours.")


def sign_on(page: Page, name: str) -> None:
    """From the door to the provider, sign in there, agree, and come back."""
    page.get_by_role("link", name="Continue with single sign-on").click()
    page.get_by_label("E-mail address").fill(f"{name}@{DOMAIN}")
    press(page, "Go on")
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()


def test_an_organisation_signs_its_people_on_through_its_own_provider(
    person: Someone, demo: dict[str, Any], provider: Provider, names: Names
) -> None:
    owner = person().sign_in(demo, "owner@northwind.example")
    set_up(owner.go("/sign-on"), provider, names)

    newcomer = person(java_script_enabled=False)
    sign_on(newcomer.go("/login"), "nils")
    expect(newcomer.page.locator(".topbar")).to_contain_text("Nils Newcomer")
    refused = newcomer.go("/api-clients")
    expect(refused.locator("h1")).not_to_contain_text("API clients")

    press(owner.go("/sign-on/remove"), "Remove it")
    newcomer.go("/")
    expect(newcomer.page.locator("h1")).to_have_text("Sign in")
