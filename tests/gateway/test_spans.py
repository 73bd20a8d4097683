"""A request's span says for whom it was, whoever introduced the caller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

import api
import portal
from domains.kernel import assertion, tracing
from domains.kernel.config import Settings
from gateway.middleware import Gateway
from tests.collector import collecting
from tests.servers import free_port

from .test_introduction import CALLER, ONE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("path", "audience"), [("/api/v1/nowhere", "api"), ("/nowhere", "portal")])
@pytest.mark.parametrize(
    ("key", "told"), [(None, str(ONE)), ("the key of somebody else", None)], ids=["known", "forged"]
)
def test_behind_nginx_the_customer_is_noted_once_the_assertion_is_verified(
    path: str, audience: str, key: str | None, told: str | None, settings: Settings
) -> None:
    with collecting(free_port()) as collector:
        to = replace(settings, telemetry="otlp", telemetry_endpoint=collector.url, gateway="nginx")
        tracing.start(to, "web-services")
        surfaces: Any = DispatcherMiddleware(portal.create_app(to), {"/api/v1": api.create_app(to)})
        stated = assertion.mint(key or to.assertion_key, CALLER, audience)
        Client(Gateway(surfaces, to)).post(path, headers={assertion.HEADER: stated})
        tracing.stop()

    (span,) = (one for one in collector.spans if one.name == f"POST {audience}")
    assert (span.process, span.facts.get("cloudsales.customer_id")) == ("web-services", told)


@pytest.mark.parametrize("surface", ["", "/api/v1"])
def test_an_address_that_nobody_knows_stays_here(surface: str, settings: Settings) -> None:
    with collecting(free_port()) as collector:
        to = replace(settings, telemetry="otlp", telemetry_endpoint=collector.url)
        tracing.start(to, "web")
        surfaces: Any = DispatcherMiddleware(portal.create_app(to), {"/api/v1": api.create_app(to)})
        Client(Gateway(surfaces, to)).post(f"{surface}/people/olivia@northwind.example")
        tracing.stop()

    assert collector.spans
    assert not any(b"olivia" in body for body in collector.bodies)
