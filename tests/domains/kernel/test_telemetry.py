"""A log line says what it belongs to, and never what must be kept secret."""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kernel.columns import new_id
from domains.kernel.config import Settings
from domains.kernel.messages import acting
from domains.kernel.telemetry import JsonFormatter, redacted, start_logging, traceparent

CANARY = "c4n4ry-S3cr3t-value-0123456789"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Login:
    """Something with a secret in it, which somebody logs by mistake."""

    name: str
    password: str


def line(message: str, *values: Any, error: bool = False, **extra: Any) -> dict[str, Any]:
    """A log line as it is written, read again."""
    cause = sys.exc_info() if error else None
    record = logging.getLogger("test").makeRecord("test", 30, __file__, 1, message, values, cause, extra=extra)
    text = JsonFormatter().format(record)
    assert "\n" not in text and "\r" not in text
    return json.loads(text)


def test_a_line_says_when_where_and_what() -> None:
    told = line("%d orders", 3, count=3, share=0.5, done=True, nothing=None)

    assert (told["level"], told["logger"], told["message"]) == ("WARNING", "test", "3 orders")
    assert (told["count"], told["share"], told["done"], told["nothing"]) == (3, 0.5, True, None)
    assert told["at"].endswith("+00:00")


def test_a_line_says_which_request_run_and_customer_it_belongs_to() -> None:
    run, customer = new_id(), new_id()
    with acting(request_id="req-1", run_id=run, customer_id=customer, traceparent=TRACE):
        told = line("x")

    assert {name: told[name] for name in ("request_id", "run_id", "customer_id", "trace_id")} == {
        "request_id": "req-1", "run_id": str(run), "customer_id": str(customer),
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    }  # fmt: skip
    assert not {"request_id", "run_id", "customer_id", "trace_id"} & set(line("x"))


NAMES = [
    "password", "new_password", "secret", "provider_client_secret", "token", "refreshToken", "Authorization", "Cookie",
    "Set-Cookie", "assertion", "api_key", "apiKey", "preview_signature", "otp", "secret_key", "audit_key",
]  # fmt: skip


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize("name", NAMES)
def test_secrets_are_known_by_their_names_however_deep(name: str) -> None:
    told = line("x", **{name: CANARY}, facts={"list": [{name: CANARY}], name: {"inner": CANARY}})

    assert told[name] == "[redacted]"
    assert CANARY not in json.dumps(told)


SHAPES = [
    f"Bearer {CANARY}", f"authorization: bearer {CANARY}", "Basic Y2xpZW50OmM0bjRyeS1TM2NyM3Q=",
    f"css_{CANARY}", f"redis://:{CANARY}@queue:6379/0", f"postgresql+psycopg://user:{CANARY}@host/db",
    f"mssql+pyodbc://sa:{CANARY}@host/db?driver=x", f"password={CANARY}&x=1", f'{{"password": "{CANARY}"}}',
    f"{{'client_secret': '{CANARY}', 'x': 1}}", f"GET /login?token={CANARY} HTTP/1.1", f"Cookie: a=b; login={CANARY}",
    f"X-CloudSales-Assertion: {CANARY}", f"UID=sa;PWD=x;Password={CANARY};Encrypt=yes", f"smtp://u:{CANARY}@mail:25",
    f"recovery_code={CANARY}", f"otpauth://totp/x?secret={CANARY}", f"k0a1b2c3d:{(CANARY * 2)[:43]}",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
    f"secret_key='{CANARY}'", f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}",
]  # fmt: skip


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize("text", SHAPES)
def test_secrets_are_known_by_their_shape_wherever_they_stand(text: str) -> None:
    def fail() -> dict[str, Any]:
        try:
            raise ValueError(f"cannot use {text} here")
        except ValueError:
            return line("failed", error=True)

    for told in (line(f"cannot use {text} here"), line("%s", text), line("x", why=text), line("%s", {"a": [text]}),
                 line("x", facts={"a": (text,), "b": {text}}), fail()):  # fmt: skip
        written = json.dumps(told)
        assert CANARY not in written and "Y2xpZW50" not in written
        assert "[redacted]" in written


WHOLE = [
    "password=a long way to the northern wind", '{"password": "a long way to the northern wind", "x": 1}',
    '{"password": "north,ern wind"}', "{'secret': 'a \\' northern wind'}", '{"password": "a \\" northern wind"}',
    json.dumps(json.dumps({"password": 'a " northern wind'})), "Password: a northern wind", "otp=123456 refused",
    "postgresql://app:p@northern@db/x", "GET https://idp.example/cb?code=northernSplxl&state=xyz",
    "__Host-cloudsales_login=northernabcdefgh", "cloudsales_login=northern; a=b", "kdeadbeef:northern" + "a" * 35,
    '{"password": "not closed, northern wind',
]  # fmt: skip


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize("text", WHOLE)
def test_a_secret_is_taken_out_whole(text: str) -> None:
    told = redacted(text)

    assert "[redacted]" in told
    assert not any(part in told for part in ("northern", "wind", "123456"))


def test_what_stands_behind_a_secret_in_quotes_stays() -> None:
    assert redacted('{"password": "a b", "order": 5}') == '{"password": "[redacted]", "order": 5}'
    assert redacted("GET /x?token=abc&page=2 200") == "GET /x?token=[redacted]&page=2 200"


def test_a_long_text_full_of_beginnings_of_tokens_is_read_once() -> None:
    token = "eyJhbGciOi.eyJzdWIi.c2ln"
    for before in ("", "token: ", "one\\ntwo\\n", "(", "GET /x?hint%3D", "Bearer%20", "id_"):
        assert token not in redacted(before + token)

    began = time.perf_counter()
    redacted("eyJ" * 60_000)
    assert time.perf_counter() - began < 2  # it took half a minute


def test_an_object_that_is_logged_does_not_carry_a_secret_out() -> None:
    told = line("%s", Login("olivia", CANARY), login=Login("olivia", CANARY), logins=[Login("olivia", CANARY)])

    assert CANARY not in json.dumps(told)
    assert "olivia" in told["message"]


def test_settings_do_not_tell_their_secrets() -> None:
    settings = Settings(secret_key=CANARY, audit_key=CANARY, token_key=json.dumps({"d": CANARY}),
                        provider_client_secret=CANARY, region="apac")  # fmt: skip

    assert CANARY not in repr(settings)
    assert "apac" in repr(settings)


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5500-0055-5555-5559",
        "378282246310005",
        "DE89370400440532013000",
        "NL91 ABNA 0417 1643 00",
        "gb29 nwbk 6016 1331 9268 19",
    ],
)
def test_numbers_of_cards_and_accounts_are_known_by_their_sums(number: str) -> None:
    assert number not in line(f"paid with {number} today")["message"]


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111112",
        "00000000-0000-0000-0000-000000000001",
        "20261130120000123",
        "DE89370400440532013001",
        "1234567890123",
        "0af7651916cd43dd8448eb211c80319c",
        "01a22d12-10ed-77de-baa7-fbbea349f7f1",
    ],
)
def test_numbers_that_only_look_alike_stay(number: str) -> None:
    assert number in line(f"run {number} ended")["message"]


HARMLESS = [
    "An order of 5 seats was placed.", "https://eu.example.com/orders?q=1", "18:30:00", "Basic plan", "token",
    "mailto:olivia@northwind.example", "the secret is out", "ORD-2026-000123",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert redacted(text) == text


def test_ids_and_times_in_a_line_are_written_as_text() -> None:
    key = new_id()

    assert UUID(line("x", subscription=key)["subscription"]) == key


@pytest.mark.asvs("16.4.1")
@given(st.text())
def test_no_text_can_forge_a_line_or_stop_one(text: str) -> None:
    told = line("said: %s", text, said=text)

    assert set(told) == {"at", "level", "logger", "message", "said"}


def test_all_logs_of_a_process_are_lines_of_json(capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        start_logging("INFO", "cloudsales.worker")
        logging.getLogger("any").info("one\nline\r\n{}", extra={"password": CANARY})
        logging.getLogger("any").debug("not told")
    finally:
        logging.captureWarnings(False)
        root.handlers[:], root.level = before, level

    (told,) = [json.loads(text) for text in capfd.readouterr().err.splitlines()]
    assert (told["message"], told["password"]) == ("one\nline\r\n{}", "[redacted]")


@pytest.mark.parametrize("given", [None, "", "x", TRACE[:-1], TRACE + "0", TRACE.upper(), "01" + TRACE[2:],
                                   f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{'a' * 32}-{'0' * 16}-01",
                                   TRACE + "\n"])  # fmt: skip
def test_a_trace_that_is_not_valid_is_begun_anew(given: str | None) -> None:
    made = traceparent(given)

    assert made != given
    assert traceparent(made) == made
    assert made != traceparent(given)


def test_a_valid_trace_goes_on() -> None:
    assert traceparent(TRACE) == TRACE
