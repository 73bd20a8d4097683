"""Each provider is found by its key; what the settings say of them is checked before anything starts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from domains.kernel import database
from domains.kernel.config import Settings, SettingsError
from domains.kernel.endpoints import endpoints
from domains.kernel.errors import NotNow
from domains.services.providers import keys, provider
from tests.domains.services.scripted import Scripted

ONE: dict[str, Any] = {"key": "contoso-2", "adapter": "sandbox", "url": "https://ccp.example"}


def said(**but: Any) -> str:
    return json.dumps([ONE | but])


def test_the_default_is_the_sandbox_of_the_settings(settings: Settings) -> None:
    assert keys() == ("sandbox",)
    assert provider() is provider("sandbox")
    assert provider().key == "sandbox"


def test_further_providers_go_by_their_keys(settings: Settings, scripted: Scripted) -> None:
    database.bind(replace(settings, providers=said(url=scripted.url), provider_timeout=1.0))
    scripted.say(200, b'{"items": [], "next_cursor": null}')

    assert keys() == ("sandbox", "contoso-2")
    assert provider("contoso-2").key == "contoso-2"
    assert provider("contoso-2").list_offers() == []
    assert scripted.asked[0][1].startswith("/v1/offers")


def test_what_is_with_a_provider_that_nobody_names_waits(settings: Settings) -> None:
    with pytest.raises(NotNow, match="no provider gone"):
        provider("gone")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "JSON list"),
        ("not json", "JSON list"),
        ('[{"key": "a"}]', "adapter"),
        (said(colour="red"), "colour"),
        (said(key="sandbox"), "cannot be used"),
        (said(key="a b"), "cannot be used"),
        (said(key="a" * 41), "cannot be used"),
        (said(key="übel"), "cannot be used"),
        (said(adapter="soap"), "no adapter"),
        (said(url="ftp://ccp.example"), "needs a url"),
        (said(rate=0), "rate"),
        (json.dumps([ONE, ONE]), "twice"),
    ],
)
def test_a_wrong_list_is_refused_with_what_is_wrong(settings: Settings, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        endpoints(text)
    with pytest.raises(SettingsError, match="CLOUDSALES_PROVIDERS cannot be used"):
        replace(settings, providers=text).check()


def test_no_secret_of_a_provider_is_shown(settings: Settings) -> None:
    assert "hush" not in repr(replace(settings, providers=said(client_secret="hush"), provider_webhook_secret="hush"))
