"""Providers through the API: how they are, for operators; and the door through which they tell us something."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from domains.kernel import config, database
from domains.kernel.tenancy import Scope
from domains.services import db, queries
from tests.domains.services.exchanges.test_hints import SECRET, event, signed

from .program import Program, a_caller


@pytest.fixture(autouse=True)
def agreed(app: Flask) -> None:
    """A secret that the provider signs with."""
    database.bind(replace(config.current(), provider_webhook_secret=SECRET))


def test_operators_see_how_the_providers_are(app: Flask) -> None:
    staff = Program(app, a_caller(kind="operator", scope=Scope.operator(), scopes=frozenset({"runs:read"})))

    (one,) = staff.get("/providers").json["items"]

    assert (one["key"], one["adapter"], one["state"], one["failures"]) == ("sandbox", "sandbox", "open", 0)
    assert one["answered_at"] is None
    assert "signs_webhooks" in one["tells"]
    assert one["extend"] == "free_date"


def test_nobody_else_does(app: Flask) -> None:
    assert Program(app, a_caller(scopes=frozenset({"orders:read"}))).get("/providers").status_code == 403
    assert Program(app, None).get("/providers").status_code == 401


def test_a_provider_comes_in_by_its_signature_alone(app: Flask) -> None:
    post = app.test_client().post

    answers = [post("/webhooks/sandbox", data=event(), headers=signed(event())) for _ in range(2)]

    assert [(one.status_code, one.data) for one in answers] == [(204, b""), (204, b"")]
    with db.begin_read() as session:
        (hint,) = queries.open_hints(session, Scope.system("a test"))
    assert hint.provider_subscription_id == "CS-1"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/webhooks/sandbox", {}, 403),
        ("/webhooks/sandbox", {"Ccp-Signature": "t=1,v1=" + "0" * 64}, 403),
        ("/webhooks/nobody", {}, 404),
    ],
)
def test_whoever_does_not_sign_is_told_so(app: Flask, path: str, headers: dict[str, str], status: int) -> None:
    answer = app.test_client().post(path, data=event(), headers=headers)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    with db.begin_read() as session:
        assert queries.open_hints(session, Scope.system("a test")) == []


def test_a_body_that_is_too_large_is_not_read(app: Flask) -> None:
    body = b"x" * 70_000

    assert app.test_client().post("/webhooks/sandbox", data=body, headers=signed(body)).status_code == 413
