"""Secrets that are sent to every address of both surfaces, in every place, turn up in no line that is written."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from api import public as public_of_the_api
from domains.kernel.config import Settings
from domains.kernel.telemetry import JsonFormatter
from gateway.middleware import Gateway
from gateway.routes import API
from portal.access import public
from tests.gateway.test_hardening import addresses, surfaces

pytestmark = pytest.mark.slow
__all__ = ["surfaces"]
CANARY = "c4n4ry-S3cr3t-value-0123456789abcdef"
CARD, ACCOUNT = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"
FIELDS = {
    "password": CANARY,
    "client_secret": CANARY,
    "token": CANARY,
    "otp": CANARY,
    "note": f"pay {CARD} or {ACCOUNT}",
}
HEADERS = {
    "Authorization": f"Bearer {CANARY}", "Cookie": f"cloudsales_login={CANARY}; cloudsales={CANARY}",
    "X-CloudSales-Assertion": CANARY, "Idempotency-Key": "one", "X-Api-Key": CANARY,
}  # fmt: skip


@contextmanager
def written() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """All that this process logs, at the level that says most: as it is written, and as it would be without care."""
    texts, root = (io.StringIO(), io.StringIO()), logging.getLogger()
    handlers = [logging.StreamHandler(text) for text in texts]
    handlers[0].setFormatter(JsonFormatter())
    level = root.level
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield texts
    finally:
        for handler in handlers:
            root.removeHandler(handler)
        root.setLevel(level)


@pytest.mark.asvs("16.2.5", "16.4.1")
def test_no_secret_that_anybody_sends_anywhere_gets_into_a_log(
    surfaces: dict[str, Flask], databases: Settings, capfd: pytest.CaptureFixture[str], record_property: Any
) -> None:
    def breaks() -> None:
        raise ValueError(f"cannot use password={CANARY}, {CARD}\r\n{{'at': 'forged'}}")

    surfaces[""].add_url_rule("/breaks", "breaks", public(breaks), methods=["GET", "POST"])
    surfaces[API].add_url_rule("/breaks", "breaks", public_of_the_api(breaks), methods=["GET", "POST"])
    mounts: dict[str, Any] = {at: app for at, app in surfaces.items() if at}
    client = Client(Gateway(DispatcherMiddleware(surfaces[""], mounts), databases))
    asked = sorted(set(addresses(surfaces)))
    with written() as (text, careless):
        for method, path in asked:
            for body in ({"json": FIELDS}, {"data": FIELDS}):
                client.open(f"{path}?token={CANARY}", method=method, headers=HEADERS, **body).close()

    told = text.getvalue() + "".join(capfd.readouterr())
    record_property("requests", 2 * len(asked))
    assert len(asked) > 120 and told.count("cannot use") >= 4
    assert CANARY in careless.getvalue() and CARD in careless.getvalue()  # the redaction has had its work
    for secret in (CANARY, CARD, ACCOUNT):
        assert secret not in told
    for line in text.getvalue().splitlines():
        assert json.loads(line)["at"] != "forged"
