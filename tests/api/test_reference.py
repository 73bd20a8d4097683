"""The reference page for people."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from api import DOCUMENT, reference
from domains.kernel.config import Settings


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return reference.create_app(settings).test_client()


def test_every_operation_is_explained_with_a_command(client: FlaskClient) -> None:
    page = client.get("")
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))

    assert page.status_code == 200
    for item in document["paths"].values():
        for operation in item.values():
            assert f'id="{operation["operationId"]}"' in page.text
    assert "curl -X POST $HOST/api/v1/orders" in page.text
    assert "Idempotency-Key: $(uuidgen)" in page.text


def test_the_page_needs_no_script(client: FlaskClient) -> None:
    page = client.get("/")

    assert "script" not in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_a_code_has_a_page_that_says_what_to_do(client: FlaskClient) -> None:
    known = client.get("/problems/budget_exceeded")
    unknown = client.get("/problems/<b>bold")

    assert "raise the account" in known.text
    assert unknown.status_code == 200
    assert "<b>bold" not in unknown.text
