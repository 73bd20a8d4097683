"""What the wire makes of a provider's answers: a clear no, surely nothing done, or nobody knows."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from domains.kernel.database import new_id
from domains.kernel.errors import DomainError, NotFound, NotNow, Pending
from domains.kernel.messages import acting
from domains.services.providers import (
    AuthFailure,
    InvalidRequest,
    LimitExceeded,
    NotAllowedNow,
    NotEligible,
    NotSupported,
    PermanentFailure,
    PlacedOrder,
    Stale,
    TemporaryFailure,
    Throttled,
    UnknownOutcome,
)
from domains.services.providers import wire as wires
from domains.services.providers.sandbox import SandboxProvider
from domains.services.providers.wire import Wire
from tests.domains.services.scripted import Scripted

ORDER = b'{"id": "PO-1", "reference": "r", "status": "brand_new_status", "lines": [], "surprise": {"new": true}}'


@pytest.fixture
def wire(scripted: Scripted) -> Wire:
    return Wire(scripted.url, "us", "secret", timeout=0.5)


def ask(wire: Wire, method: str = "POST", **options: Any) -> PlacedOrder:
    return wire.ask(method, "/v1/orders", PlacedOrder, request_id="op-1", json={}, **options)


def failure(wire: Wire) -> Exception:
    with pytest.raises((DomainError, NotNow, Pending)) as raised:
        ask(wire)
    return raised.value


def test_an_answer_is_read_whatever_the_provider_adds(scripted: Scripted, wire: Wire) -> None:
    scripted.say(202, ORDER)

    assert ask(wire).status == "brand_new_status"
    command, path, headers = scripted.asked[0]
    assert (command, path) == ("POST", "/v1/orders")
    assert headers["Authorization"] == "Bearer token-1"
    assert headers["Request-Id"] == "op-1"


def test_the_token_is_fetched_once_and_again_when_it_is_refused(scripted: Scripted, wire: Wire) -> None:
    scripted.say(200, ORDER)
    scripted.say(401, b'{"code": "unauthorized", "message": ""}')
    scripted.say(200, ORDER)
    scripted.say(200, ORDER)

    for _ in range(3):
        ask(wire)

    assert scripted.tokens == 2
    assert [headers["Authorization"] for _, _, headers in scripted.asked] == [
        "Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-2",
    ]  # fmt: skip


def test_the_trace_goes_along(scripted: Scripted, wire: Wire) -> None:
    scripted.say(200, ORDER)
    trace = f"00-{'a' * 32}-{'b' * 16}-01"

    with acting(traceparent=trace):
        ask(wire)

    assert scripted.asked[0][2]["traceparent"] == trace


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (422, b'{"code": "capacity_exceeded", "message": "full", "data": {}}', LimitExceeded, "capacity_exceeded"),
        (409, b'{"code": "version_conflict", "message": "", "data": {"version": 3}}', Stale, "version_conflict"),
        (422, b'{"code": "offer_ended", "message": ""}', NotEligible, "offer_ended"),
        (422, b'{"code": "not_allowed_now", "message": ""}', NotAllowedNow, "not_allowed_now"),
        (422, b'{"code": "subscription_terminal", "message": ""}', PermanentFailure, "subscription_terminal"),
        (422, b'{"code": "never_heard_of", "message": ""}', PermanentFailure, "never_heard_of"),
        (400, b'{"code": "field_missing", "message": ""}', InvalidRequest, "field_missing"),
        (400, b'{"code": "kind_unknown", "message": ""}', NotSupported, "kind_unknown"),
        (404, b'{"code": "order_unknown", "message": ""}', NotFound, "order_unknown"),
    ],
)
def test_a_clear_no_is_one(
    scripted: Scripted, wire: Wire, status: int, body: bytes, kind: type[Exception], code: str
) -> None:
    scripted.say(status, body)

    no = failure(wire)

    assert type(no) is kind
    assert isinstance(no, DomainError)
    assert no.code == code


def test_when_it_will_be_possible_is_kept(scripted: Scripted, wire: Wire) -> None:
    body = b'{"code": "not_allowed_now", "message": "", "data": {"available_from": "2027-03-03"}}'
    scripted.say(422, body)
    scripted.say(422, body.replace(b"2027-03-03", b"someday"))

    first, second = failure(wire), failure(wire)

    assert isinstance(first, NotAllowedNow)
    assert isinstance(second, NotAllowedNow)
    assert str(first.available_at)[:10] == "2027-03-03"
    assert (second.params, second.available_at) == ({}, None)


def test_another_open_change_is_waited_for(scripted: Scripted, wire: Wire) -> None:
    scripted.say(409, b'{"code": "operation_pending", "message": ""}', Retry_After="7")

    waiting = failure(wire)

    assert isinstance(waiting, Pending)
    assert waiting.retry_after == 7


@pytest.mark.parametrize(
    ("status", "headers", "retry_after"),
    [
        (429, {"Retry-After": "3"}, 3),
        (503, {"Retry-After": "1.5"}, 1.5),
        (503, {"Retry-After": "Tue, 24 Nov 2026 10:00:30 GMT", "Date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 30),
        (503, {"Retry-After": "99999999"}, 300),
        (429, {"Retry-After": "soon"}, None),
        (429, {"Retry-After": "nan"}, None),
        (429, {"Retry-After": "-5"}, None),
        (408, {}, None),
    ],
)
def test_an_answer_that_says_wait_has_done_nothing(
    scripted: Scripted, wire: Wire, status: int, headers: dict[str, str], retry_after: float | None
) -> None:
    scripted.answers.append((status, headers, b"{}"))

    later = failure(wire)

    assert type(later) is (Throttled if status == 429 else TemporaryFailure)
    assert later.retry_after == retry_after


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (502, b"<html>"),
        (302, b""),
        (200, b"<html>a proxy's page</html>"),
        (200, ORDER + ORDER),
        (200, b'{"id": "PO-1"}'),
        (200, b""),
        (409, b'{"code": "request_id_reused", "message": ""}'),
        (422, b"no json"),
        (200, None),
    ],
)
def test_where_nobody_can_know_the_outcome_is_unknown(
    scripted: Scripted, wire: Wire, status: int, body: bytes | None
) -> None:
    scripted.say(status, body, Location="http://127.0.0.1:1/elsewhere")

    assert isinstance(failure(wire), UnknownOutcome)
    assert len(scripted.asked) == 1  # no redirect was followed, nothing was repeated


def test_an_answer_that_breaks_off_is_unknown(scripted: Scripted, wire: Wire) -> None:
    scripted.answers.append((200, {"Content-Length": "1000"}, ORDER))

    assert isinstance(failure(wire), UnknownOutcome)


def test_silence_is_unknown(wire: Wire, scripted: Scripted) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        quiet = Wire(f"http://127.0.0.1:{silent.getsockname()[1]}", "us", "secret", timeout=0.3)
        quiet._token, quiet._good_until = "token", float("inf")

        assert isinstance(failure(quiet), UnknownOutcome)


def test_a_drip_of_bytes_is_not_waited_for(scripted: Scripted) -> None:
    scripted.drip = 0.05
    scripted.say(200, ORDER * 3)
    wire = Wire(scripted.url, "us", "secret", timeout=0.3)

    assert "too slowly" in str(failure(wire))


def test_an_answer_beyond_all_size_is_not_read(scripted: Scripted, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "LARGEST", 300)
    scripted.say(200, ORDER * 3)

    assert "larger" in str(failure(wire))


def test_where_nobody_listens_nothing_was_done() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    refused = failure(Wire(f"http://127.0.0.1:{port}", "us", "secret", timeout=0.3))

    assert type(refused) is TemporaryFailure


@pytest.mark.parametrize("answers", [[401, 401], [403]])
def test_where_we_are_not_let_in_nothing_was_done(scripted: Scripted, wire: Wire, answers: list[int]) -> None:
    for status in answers:
        scripted.say(status, b'{"code": "forbidden", "message": ""}')

    assert type(failure(wire)) is AuthFailure


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(401, b"{}", AuthFailure), (500, b"{}", TemporaryFailure), (200, b"not json", TemporaryFailure)],
)
def test_without_a_token_nothing_was_done(
    scripted: Scripted, wire: Wire, status: int, body: bytes, kind: type[Exception]
) -> None:
    scripted.no_tokens = True
    scripted.say(status, body)

    assert type(failure(wire)) is kind


def test_a_list_that_names_somebody_elses_order_is_no_answer(scripted: Scripted) -> None:
    provider = SandboxProvider(scripted.url, "us", "secret", 0.5)
    scripted.say(200, b'{"items": [' + ORDER + b'], "next_cursor": null}')

    with pytest.raises(UnknownOutcome):
        provider.find_order(new_id())


def test_pages_are_followed_to_the_end(scripted: Scripted) -> None:
    provider = SandboxProvider(scripted.url, "us", "secret", 0.5)
    offer = b'{"id": "%s", "vendor": "v", "category": "c", "name": "n", "kind": "seat", "unit": "seat", "plans": []}'
    scripted.say(200, b'{"items": [' + offer % b"one" + b'], "next_cursor": "2"}')
    scripted.say(200, b'{"items": [' + offer % b"two" + b'], "next_cursor": null}')

    assert [found.id for found in provider.list_offers()] == ["one", "two"]
    assert scripted.asked[1][1].endswith("cursor=2")


def test_a_call_whose_token_request_got_no_answer_has_done_nothing(scripted: Scripted, wire: Wire) -> None:
    scripted.no_tokens = True
    scripted.say(200, None)

    later = failure(wire)

    assert type(later) is TemporaryFailure
