"""Webhooks of a provider are verified, noted once, and change nothing: they make us look."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domains.kernel import config, database
from domains.kernel.config import Settings
from domains.kernel.errors import NotFound, Refused
from domains.services import commands, db, exchanges, queries
from domains.services.models import ProviderHint, Subscription
from tests.conftest import Clock
from tests.factories.services import EVERYBODY, a_running

SECRET = "the-secret-that-we-share"


@pytest.fixture(autouse=True)
def agreed(databases: Settings) -> None:
    """A secret that the provider signs with."""
    database.bind(replace(databases, provider_webhook_secret=SECRET))


def event(subscription_id: str = "CS-1", kind: str = "subscription.direct", resource: str = "subscription") -> bytes:
    return json.dumps({
        "id": "7", "cursor": "7", "at": "2026-03-10T09:00:00Z", "kind": kind, "resource": resource,
        "resource_id": subscription_id,
    }).encode()  # fmt: skip


def signed(body: bytes, secret: str = SECRET, ago: float = 0) -> dict[str, str]:
    stamp = str(int(time.time() - ago))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"CCP-SIGNATURE": f"t={stamp},v1={digest}"}


def hints() -> list[ProviderHint]:
    with db.begin_read() as session:
        return list(queries.open_hints(session, EVERYBODY))


def test_a_signed_webhook_is_noted_once_however_often_it_comes() -> None:
    assert [exchanges.take_webhook("sandbox", signed(event()), event()) for _ in range(3)] == [1, 0, 0]

    (hint,) = hints()
    assert (hint.provider, hint.kind, hint.provider_subscription_id) == ("sandbox", "subscription.direct", "CS-1")


@pytest.mark.parametrize(
    ("headers_of", "body"),  # signed when the test runs: what is collected long before is not "just now"
    [
        (lambda body: {}, event()),
        (lambda body: {"Ccp-Signature": "nonsense"}, event()),
        (lambda body: signed(body, secret="another"), event()),
        (lambda body: signed(body, secret=""), event()),
        (lambda body: signed(event("CS-2")), event("CS-1")),
        (lambda body: signed(body, ago=400), event()),
        (lambda body: signed(body, ago=-400), event()),
        (signed, b"not json"),
        (signed, b"{}"),
        (signed, b"[" * 70_000),
        (signed, b"[" * 5_000),
    ],
)
def test_what_is_not_signed_just_now_by_the_provider_is_refused_and_not_noted(
    headers_of: Callable[[bytes], dict[str, str]], body: bytes
) -> None:
    with pytest.raises(Refused) as no:
        exchanges.take_webhook("sandbox", headers_of(body), body)

    assert no.value.code == "webhook_unverified"
    assert hints() == []


def test_without_a_common_secret_there_is_no_such_address() -> None:
    database.bind(replace(config.current(), provider_webhook_secret=""))

    for key in ("sandbox", "nobody", ""):
        with pytest.raises(NotFound):
            exchanges.take_webhook(key, signed(event(), secret=""), event())


def test_hints_about_our_subscriptions_are_gathered_and_taken_and_others_stay(clock: Clock) -> None:
    with db.begin() as session:
        ours = a_running(session)
        known = ours.provider_subscription_id or ""
    for body in (event(known), event(known, "subscription.renewed"), event("CS-else"), event("PO-1", resource="order")):
        exchanges.take_webhook("sandbox", signed(body), body)

    with db.begin() as session:
        (found,) = queries.hinted_subscriptions(session, EVERYBODY)
        commands.take_hints(session, hint_ids=found.hint_ids)
        commands.take_hints(session, hint_ids=found.hint_ids)

    assert (found.subscription_id, found.customer_id, len(found.hint_ids)) == (ours.id, ours.customer_id, 2)
    assert {hint.provider_subscription_id for hint in hints()} == {"CS-else", None}


def test_the_same_id_at_another_provider_is_another_subscription(clock: Clock) -> None:
    with db.begin() as session:
        ours = a_running(session)
        session.get_one(Subscription, ours.id).provider = "elsewhere"
        known = ours.provider_subscription_id or ""
    exchanges.take_webhook("sandbox", signed(event(known)), event(known))

    with db.begin_read() as session:
        assert queries.hinted_subscriptions(session, EVERYBODY) == []


def test_hints_are_forgotten_after_a_month(clock: Clock) -> None:
    exchanges.take_webhook("sandbox", signed(event()), event())
    clock.move_to(clock.now + timedelta(days=29))
    with db.begin() as session:
        assert commands.forget_hints(session) == 0
    clock.move_to(clock.now + timedelta(days=2))
    with db.begin() as session:
        assert commands.forget_hints(session) == 1

    assert hints() == []
