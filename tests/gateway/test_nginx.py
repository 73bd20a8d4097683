"""The nginx in front, for real: who gets where, as whom, how often, and what it says by itself."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email.message import Message
from pathlib import Path

import pytest
import requests

from domains import NAMES
from domains.kernel.config import Settings
from gateway import nginx
from gateway.routes import API, PREFIXES, owner_of
from tests.servers import free_port

from .front import Front, front

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(nginx.installed() is None, reason="nginx is not installed: apt-get install nginx"),
]
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FORGED = {
    "X-CloudSales-Assertion": "forged", "X-CloudSales-Tenant": "forged", "X-CloudSales-Audience": "forged",
    "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "forged", "X-Forwarded-Proto": "forged", "X-Real-IP": "forged",
    "Forwarded": "for=forged", "X-User": "forged", "X-Tenant": "forged", "X_CloudSales_Assertion": "forged",
}  # fmt: skip


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with front(tmp_path_factory.mktemp("gateway"), free_port(), Settings()) as made:
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Front]:
    """A gateway for a test that does something to it."""
    with front(tmp_path, free_port(), Settings()) as made:
        yield made


def headers_seen(answer: requests.Response) -> dict[str, str]:
    return answer.json()["headers"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("prefix", ["", API])
def test_each_address_reaches_the_domain_that_owns_it(gateway: Front, prefix: str) -> None:
    paths = [f"{prefix}/{one}{rest}" for names in PREFIXES.values() for one in names for rest in ("", "/x")]

    reached = {path: gateway(path).json()["owner"] for path in paths}

    assert reached == {path: owner_of(path) for path in paths}


def test_an_address_of_nobody_is_a_problem_in_the_api_and_some_processs_page_in_the_portal(gateway: Front) -> None:
    assert gateway("/nowhere").json()["owner"] in NAMES
    answer = gateway(f"{API}/nowhere")

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    problem = answer.json()
    assert (problem["code"], problem["status"], problem["instance"]) == ("not_found", 404, f"{API}/nowhere")
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_portals_cookie_and_the_apis_token_become_assertions_for_their_surface(gateway: Front) -> None:
    person = gateway("/orders", cookies={"cloudsales_login": "north-1"})
    program = gateway.api(f"{API}/orders", "south-1", cookies={"cloudsales_login": "north-1"})

    assert headers_seen(person)["x-cloudsales-assertion"] == "portal north"
    assert headers_seen(program)["x-cloudsales-assertion"] == "api south"
    assert "cookie" not in headers_seen(program)


def test_programs_are_known_also_where_limits_are_off(tmp_path: Path) -> None:
    with front(tmp_path, free_port(), Settings(limits="off")) as own:
        assert headers_seen(own.api(f"{API}/orders", "south-1"))["x-cloudsales-assertion"] == "api south"


@pytest.mark.asvs("10.3.1")
def test_a_cookie_says_nothing_in_the_api_and_a_token_nothing_in_the_portal(gateway: Front) -> None:
    assert "x-cloudsales-assertion" not in headers_seen(gateway(f"{API}/orders", cookies={"cloudsales_login": "a-1"}))
    assert "x-cloudsales-assertion" not in headers_seen(gateway.api("/orders", "a-1"))


@pytest.mark.asvs("4.1.3", "15.3.4")
def test_what_the_outside_forged_does_not_come_through(gateway: Front) -> None:
    for proof in ({}, {"Authorization": "Bearer nobody"}):
        seen = headers_seen(gateway(f"{API}/orders", headers=FORGED | proof))

        assert "forged" not in " ".join(seen.values())
        assert seen["x-forwarded-for"] == "127.0.0.1"


def test_nobody_outside_can_ask_who_a_proof_is_of(gateway: Front) -> None:
    answer = gateway("/_auth", headers={"X-CloudSales-Audience": "api", "Authorization": "Bearer north-1"})

    assert answer.status_code == 404
    assert not [name for name in answer.headers if name.lower().startswith("x-cloudsales")]


def test_ids_are_made_when_missing_or_malformed_and_passed_on_when_they_are_good(gateway: Front) -> None:
    kept = gateway("/orders", headers={"X-Request-Id": "mine-1", "traceparent": TRACE})
    made = gateway("/orders", headers={"X-Request-Id": 'a"b', "traceparent": "00-" + "0" * 32 + "-" + "0" * 16 + "-01"})

    assert (headers_seen(kept)["x-request-id"], headers_seen(kept)["traceparent"]) == ("mine-1", TRACE)
    assert kept.headers["X-Request-Id"] == "mine-1"
    assert re.fullmatch(r"[0-9a-f]{32}", headers_seen(made)["x-request-id"])
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", headers_seen(made)["traceparent"])
    assert made.headers["X-Request-Id"] == headers_seen(made)["x-request-id"]


def test_a_read_is_kept_for_its_tenant_and_for_no_other(own: Front) -> None:
    asked = [own.api(f"{API}/offers?q=mail", token) for token in ("north-1", "north-2", "south-1", "nobody")]

    owners = [headers_seen(answer).get("x-cloudsales-assertion") for answer in asked]
    assert owners == ["api north", "api north", "api south", None]
    assert len(own.upstreams["services"].seen) == 3
    assert {answer.headers["Cache-Control"] for answer in asked} == {"private, no-cache"}
    assert len({answer.headers["X-Request-Id"] for answer in asked}) == 4
    assert "X-Accel-Expires" not in asked[0].headers


def test_who_asks_for_what_is_not_kept_yet_does_not_wait_for_another(own: Front) -> None:
    own("/healthz")
    own.upstreams["services"].together = threading.Barrier(2)

    with ThreadPoolExecutor(2) as both:
        answers = both.map(lambda token: own.api(f"{API}/offers", token).status_code, ("north-1", "north-2"))

        assert list(answers) == [200, 200]


def test_other_reads_are_not_kept_whatever_they_say(own: Front) -> None:
    for _ in range(2):
        own.api(f"{API}/orders", "north-1")

    assert len(own.upstreams["services"].seen) == 2


@pytest.mark.asvs("2.4.1")
def test_a_client_that_asks_too_often_waits_and_the_others_do_not(tmp_path: Path) -> None:
    limits = nginx.Limits(client_rate="1r/m", client_burst=2)
    with front(tmp_path, free_port(), Settings(), limits) as own:
        answers = [own.api(f"{API}/orders", "north-1") for _ in range(4)]
        page = [own("/orders", cookies={"cloudsales_login": "north-1"}) for _ in range(4)][-1]

        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].json()["code"] == "too_many_requests"
        assert answers[-1].headers["Retry-After"] == "1"
        assert (page.status_code, page.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
        assert own.api(f"{API}/orders", "south-1").status_code == 200


def test_tokens_are_told_apart_by_their_last_part_whose_signature_differs(tmp_path: Path) -> None:
    with front(tmp_path, free_port(), Settings(), nginx.Limits(client_rate="1r/m", client_burst=1)) as own:
        tokens = ("head.body.sign-1",) * 3 + ("head.body.other-1", "head.body." + "x" * 190 + "-1")
        answers = [own.api(f"{API}/orders", token) for token in tokens]

        assert [answer.status_code for answer in answers] == [200, 200, 429, 200, 200]
        assert headers_seen(answers[3])["x-cloudsales-assertion"] == "api head.body.other"


def test_proofs_made_up_by_one_place_share_a_limit(tmp_path: Path) -> None:
    with front(tmp_path, free_port(), Settings(), nginx.Limits(place_rate="1r/m", place_burst=2)) as own:
        assert [own.api(f"{API}/orders", f"made-{n}").status_code for n in range(4)] == [200, 200, 200, 429]


@pytest.mark.asvs("16.5.3")
def test_without_the_one_who_knows_people_known_people_get_503_and_strangers_their_pages(own: Front) -> None:
    own.upstreams["users"].stop()

    program, person = own.api(f"{API}/orders", "north-1"), own("/orders", cookies={"cloudsales_login": "north-1"})

    assert (program.status_code, program.json()["code"]) == (503, "temporarily_unavailable")
    assert program.headers["Retry-After"] == "2"
    assert (person.status_code, person.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert [own(path).status_code for path in ("/offers", "/healthz", "/readyz", "/static/app.css")] == [200] * 4


def test_one_who_knows_people_but_cannot_look_is_an_outage_too(own: Front) -> None:
    own.upstreams["users"].auth_status = 503

    assert own.api(f"{API}/orders", "north-1").status_code == 503


@pytest.mark.asvs("16.5.2")
def test_a_domain_that_is_away_takes_only_its_own_addresses_along(own: Front) -> None:
    own.upstreams["support"].stop()

    gone = own("/cases", headers={"Accept-Language": "de-AT"})

    assert gone.status_code == 502
    assert "Dieser Teil ist gerade nicht erreichbar" in gone.text
    assert gone.headers["X-Request-Id"] in gone.text
    assert own(f"{API}/cases").json()["code"] == "temporarily_unavailable"
    assert {own("/").status_code for _ in range(14)} | {own("/orders").status_code} == {200}


@pytest.mark.asvs("5.2.1")
def test_a_body_too_large_is_said_in_the_words_of_its_door(gateway: Front) -> None:
    program = gateway(f"{API}/orders", "POST", data=b"x" * 1_100_000)
    person = gateway("/cases", "POST", data=b"x" * 2_200_000)

    assert (program.status_code, program.json()["code"]) == (413, "content_too_large")
    assert person.status_code == 413
    assert "Send at most 2 MB." in person.text


UNREAD = {
    "a broken escape": ("GET", "/now%zz", {}, 400), "a zero": ("GET", "/now%00here", {}, 400),
    "a way out": ("GET", "/../../../../x", {}, 400), "a long address": ("GET", "/" + "a" * 9000, {}, 414),
    "long headers": ("GET", "/orders", {"X-Long": "a" * 9000}, 400), "tracing": ("TRACE", "/orders", {}, 405),
    "an unknown coding": ("GET", "/orders", {"Transfer-Encoding": "foo"}, 400),
}  # fmt: skip


@pytest.mark.asvs("13.4.4")
@pytest.mark.parametrize(("method", "path", "headers", "status"), UNREAD.values(), ids=UNREAD)
def test_what_cannot_be_read_is_said_in_the_words_of_its_door(
    gateway: Front, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    code, told, body = raw(gateway, method, API + path, headers)
    assert (code, told["Content-Type"]) == (status, "application/problem+json")
    problem = json.loads(body)
    assert (problem["status"], problem["request_id"]) == (status, told["X-Request-Id"])

    code, told, body = raw(gateway, method, path, headers)
    assert (code, told["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert "The request cannot be read" in body


@pytest.mark.parametrize("odd", ["%0a", "%22", "%5c", "%09", "%c3%28", "%e2%80%a8"])
def test_a_problem_is_json_whatever_the_address_holds(gateway: Front, odd: str) -> None:
    code, _, body = raw(gateway, "GET", f"{API}/nowhere{odd}", {})

    assert (code, json.loads(body)["instance"]) == (404, "")


def raw(gateway: Front, method: str, path: str, headers: dict[str, str]) -> tuple[int, Message, str]:
    """The answer to a request as it stands, which no client would send: status, headers, body."""
    gateway("/healthz")  # it listens by now
    with closing(http.client.HTTPConnection(gateway.at.removeprefix("http://"), timeout=10)) as connection:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


@pytest.mark.asvs("13.4.3")
def test_static_files_come_from_the_gateway_itself_and_are_kept_by_their_version(gateway: Front) -> None:
    versioned, plain = gateway("/static/app.css?v=1"), gateway("/static/app.css")

    assert versioned.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (plain.headers["Cache-Control"], plain.headers["Content-Type"]) == ("public, no-cache", "text/css")
    assert gateway("/static/none.css").status_code == 404
    assert gateway("/static/").status_code == 404
    assert gateway("/static/vendor").headers["Location"] == "/static/vendor/"
    assert gateway("/static/app.css", "POST").headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.asvs("14.2.1", "16.2.5")
def test_each_request_is_one_line_of_json_without_what_stands_behind_the_question_mark(own: Front) -> None:
    answer = own("/orders?token=secret", headers={"traceparent": TRACE})

    own("/healthz")
    line = next(line for line in map(json.loads, own.log.read_text().splitlines()) if line["path"] == "/orders")
    assert (line["owner"], line["status"], line["traceparent"]) == ("services", 200, TRACE)
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert "secret" not in own.log.read_text()


@pytest.mark.asvs("15.3.4")
def test_who_ends_tls_before_it_is_believed_about_the_clients_address(tmp_path: Path) -> None:
    told = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7"}
    with front(
        tmp_path, free_port(), Settings(), nginx.Limits(place_rate="1r/m", place_burst=1), ("127.0.0.1",)
    ) as own:
        answers = [own.api(f"{API}/orders", f"made-{n}", headers=told) for n in range(3)]
        other = own.api(f"{API}/orders", "made-4", headers={"X-Forwarded-For": "192.0.2.8"})

        assert [answer.status_code for answer in (*answers, other)] == [200, 200, 429, 200]
        assert headers_seen(answers[0])["x-forwarded-for"] == "192.0.2.7"
