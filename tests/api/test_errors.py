"""What the API answers when it says no."""

from __future__ import annotations

import json

import pytest

from api.problems import CODES
from domains.kernel import assertion
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.telemetry import JsonFormatter
from gateway import hardening

from .probe import a_program
from .program import Program, a_caller


@pytest.fixture
def program(settings: Settings) -> Program:
    return a_program(settings, a_caller())


def test_each_way_to_say_no_has_its_status(program: Program) -> None:
    said = {
        (kind, code): program.get(f"/things/refusals/{kind}/{code}").status_code
        for kind, code in [
            ("Invalid", "invalid"), ("Invalid", "cursor_invalid"), ("Invalid", "limit_invalid"),
            ("NotFound", "not_found"), ("Conflict", "change_in_progress"), ("Conflict", "version_conflict"),
            ("Refused", "budget_exceeded"), ("Refused", "too_many_attempts"), ("Anything", "else"),
        ]
    }  # fmt: skip

    assert list(said.values()) == [422, 400, 400, 404, 409, 412, 422, 429, 500]


def test_a_problem_says_everything_a_program_needs(program: Program) -> None:
    answer = program.get("/things/refusals/Refused/budget_exceeded", X_Request_Id="req-1")

    assert answer.content_type == "application/problem+json"
    assert answer.headers["Content-Language"] == "en"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "type": "/api/docs/problems/budget_exceeded",
        "title": "The account's budget is spent",
        "status": 422,
        "code": "budget_exceeded",
        "detail": "The thing says no.",
        "instance": "/things/refusals/Refused/budget_exceeded",
        "request_id": "req-1",
        "errors": [
            {
                "pointer": "/lines/0/quantity",
                "location": "query",
                "code": "budget_exceeded",
                "detail": "The thing says no.",
            }
        ],
    }


@pytest.mark.asvs("13.4.2", "16.5.1")
def test_a_fault_of_ours_tells_nothing_about_its_inside(program: Program) -> None:
    answer = program.get("/things/refusals/Anything/else")

    assert answer.status_code == 500
    assert answer.json["code"] == "internal_error"
    assert "thing says no" not in answer.text


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("DataError", 400, "bad_request"), ("TimeoutError", 503, "temporarily_unavailable")]
)
def test_what_the_database_cannot_take_or_do_now_is_no_fault_of_ours(
    program: Program, kind: str, status: int, code: str
) -> None:
    answer = program.get(f"/things/refusals/{kind}/else")

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert "thing says no" not in answer.text
    assert answer.headers.get("Retry-After") == ("2" if status == 503 else None)


@pytest.mark.asvs("2.2.1")
def test_a_wrong_body_is_told_field_by_field(program: Program) -> None:
    body = {"impact": "huge", "colour": "red", "price": {"amount": "1,5"}, "parts": [{"quantity": "5"}], "name": None}

    answer = program.post("/things", body)

    assert answer.status_code == 422
    assert answer.json["code"] == "validation_failed"
    faults = {(error["pointer"], error["code"]) for error in answer.json["errors"]}
    assert faults == {
        ("/impact", "invalid"), ("/colour", "unknown_field"), ("/price/amount", "invalid"),
        ("/price/currency", "required"), ("/parts/0/quantity", "invalid"), ("/name", "null_not_allowed"),
    }  # fmt: skip
    assert {error["location"] for error in answer.json["errors"]} == {"body"}


@pytest.mark.parametrize("quantity", [5, 5.0])
def test_a_whole_number_is_one_however_it_is_written(program: Program, quantity: float) -> None:
    assert program.post("/things", {"name": "A", "parts": [{"quantity": quantity}]}).status_code == 201


@pytest.mark.parametrize("quantity", [5.5, "5", True, 0, 101, 1e30, None, []])
def test_what_is_not_a_whole_number_in_range_is_refused(program: Program, quantity: object) -> None:
    assert program.post("/things", {"name": "A", "parts": [{"quantity": quantity}]}).status_code == 422


@pytest.mark.parametrize("name", ["", "12345678901", "a\x00b", "a\nb"])
def test_text_that_databases_choke_on_is_refused(program: Program, name: str) -> None:
    assert program.post("/things", {"name": name}).status_code == 422


def test_money_with_too_many_decimals_is_refused(program: Program) -> None:
    answer = program.post("/things", {"name": "A", "price": {"amount": "12.345", "currency": "EUR"}})

    assert (answer.status_code, answer.json["code"]) == (422, "amount_invalid")


@pytest.mark.parametrize("body", [b"{", b'{"name": NaN}', b'{"name": "\\ud800"}', b"\xff", b"[" * 5000, b""])
def test_what_is_not_json_is_told_so(program: Program, body: bytes) -> None:
    answer = program.ask("POST", "/things", data=body, content_type="application/json")

    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"'])
def test_a_body_that_is_no_object_is_refused(program: Program, body: bytes) -> None:
    assert program.ask("POST", "/things", data=body, content_type="application/json").status_code == 422


def test_another_kind_of_body_is_refused(program: Program) -> None:
    answer = program.ask("POST", "/things", data=b"name=A", content_type="application/x-www-form-urlencoded")

    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.asvs("5.2.1")
def test_a_body_of_megabytes_is_refused(program: Program) -> None:
    answer = program.post("/things", {"name": "A" * 1_100_000})

    assert (answer.status_code, answer.json["code"]) == (413, "content_too_large")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "limit_invalid"),
        ("limit=201", "limit_invalid"),
        ("limit=x", "limit_invalid"),
        ("colour=red", "parameter_invalid"),
    ],
)
def test_a_wrong_parameter_is_a_bad_request(program: Program, query: str, code: str) -> None:
    answer = program.get(f"/things?{query}")

    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert answer.json["errors"][0]["location"] == "query"


def test_headers_that_explain_a_refusal_are_kept(program: Program, settings: Settings) -> None:
    wrong_method = program.ask("DELETE", "/things")
    nobody = a_program(settings, None).get("/things")

    assert set(wrong_method.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert wrong_method.json["code"] == "method_not_allowed"
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer")
    assert nobody.content_type == "application/problem+json"


@pytest.mark.asvs("10.3.2")
def test_a_missing_scope_is_forbidden(settings: Settings) -> None:
    answer = a_program(settings, a_caller(scopes=frozenset({"orders:read"}))).get("/things")

    assert (answer.status_code, answer.content_type) == (403, "application/problem+json")


@pytest.mark.asvs("16.3.2")
def test_whom_a_right_was_refused_stands_in_the_log(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caller = a_caller(scopes=frozenset({"orders:read"}))
    a_program(settings, caller).get("/things")
    a_program(settings, a_caller()).get("/things")

    (told,) = [json.loads(JsonFormatter().format(one)) for one in caplog.records if "no right" in one.message]
    assert told["message"] == "refused: no right to this"
    assert (told["actor_id"], told["customer_id"]) == (caller.actor.id, str(caller.customer_id))
    assert (told["method"], told["address"], told["place"]) == ("GET", "/things", "127.0.0.1")


@pytest.mark.asvs("9.1.1")
def test_a_forged_assertion_is_nobody(settings: Settings) -> None:
    forged = assertion.mint("another key that is long enough for HS256", a_caller(), "api")
    for_the_portal = assertion.mint(settings.assertion_key, a_caller(), "portal")

    for text in (forged, for_the_portal, "x"):
        assert a_program(settings, None).ask("GET", "/things", headers={assertion.HEADER: text}).status_code == 401


def test_an_address_that_is_not_there_is_a_problem_with_an_encoded_instance(program: Program) -> None:
    answer = program.get("/nowhere/%22%20<ü>")

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert answer.json["instance"] == "/nowhere/%22%20%3C%C3%BC%3E"


def test_a_strange_request_id_is_replaced(program: Program) -> None:
    known = program.get(f"/things/{new_id()}", X_Request_Id="abc-123")
    strange = program.get(f"/things/{new_id()}", X_Request_Id="a b\tc")
    longer = program.get(f"/things/{new_id()}", X_Request_Id="x" * 65)

    assert known.headers["X-Request-Id"] == "abc-123"
    assert len(strange.headers["X-Request-Id"]) == len(longer.headers["X-Request-Id"]) == 36


def test_every_answer_keeps_browsers_from_harm(program: Program) -> None:
    for answer in (program.get("/things"), program.get("/nowhere")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == hardening.HEADERS["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in answer.headers


def test_titles_and_remedies_are_sentences() -> None:
    for known in CODES.values():
        assert known.title[0].isupper()
        assert known.remedy.endswith(".")
