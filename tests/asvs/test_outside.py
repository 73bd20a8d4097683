"""What anybody outside can try without knowing anything of us: odd requests, odd addresses, odd text."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

import api
import portal
from domains.kernel.config import Settings
from gateway import nginx
from gateway.routes import API
from portal.access import safe_next
from tests.architecture.reading import ROOT
from tests.gateway.front import Front, front
from tests.servers import free_port

SMUGGLED = {
    "two ends": "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a length that is none": "Content-Length: +4\r\n\r\nabcd",
    "a folded line": "Content-Length: 4\r\n\tX: y\r\n\r\nabcd",
    "a space before the colon": "Content-Length : 4\r\n\r\nabcd",
    "chunked in disguise": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked and more": "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
}
SECRET = re.compile(
    r"(?:token|secret|password|passwd|cookie|assertion|otp|e_?mail)(?!_id$)", re.I
)  # an id tells nothing


@pytest.fixture(scope="module")
def in_front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if nginx.installed() is None:
        pytest.skip("nginx is not installed: apt-get install nginx")
    with front(tmp_path_factory.mktemp("outside"), free_port(), Settings()) as made:
        yield made


@pytest.mark.slow
@pytest.mark.asvs("4.2.1")
@pytest.mark.parametrize("rest", SMUGGLED.values(), ids=SMUGGLED)
def test_a_request_whose_end_can_be_read_in_two_ways_is_refused_and_smuggles_none(in_front: Front, rest: str) -> None:
    in_front("/healthz")  # it listens by now
    port = int(in_front.at.rpartition(":")[2])
    second = "GET /orders/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(f"POST /orders HTTP/1.1\r\nHost: x\r\n{rest}{second}".encode())
        told = b"".join(iter(lambda: sock.recv(65536), b"")).decode(errors="replace")

    assert re.match(r"HTTP/1.1 (400|501)", told), told[:200]
    seen = [one["path"] for upstream in in_front.upstreams.values() for one in upstream.seen]
    assert "/orders/smuggled" not in seen


@pytest.mark.slow
@pytest.mark.asvs("5.2.1")
@pytest.mark.parametrize("door", ["", API])
def test_a_large_file_goes_to_a_case_and_nowhere_else(in_front: Front, door: str) -> None:
    at, most = f"{door}/cases/01a22d12-10ed-77de-baa7-fbbea349f7f1", b"x" * (10 * 1024 * 1024 + 2000)

    taken = in_front(f"{at}/attachments", "POST", data=most)
    asked = [("attachments", most + b"x" * 1_500_000), ("replies", most), ("attachments/x", most)]
    answers = [in_front(f"{at}/{rest}", "POST", data=data) for rest, data in asked]

    assert (taken.status_code, taken.json()["owner"]) == (200, "support")
    assert [answer.status_code for answer in answers] == [413] * 3


@pytest.mark.slow
@pytest.mark.asvs("13.4.1", "13.4.5")
@pytest.mark.parametrize("path", ["/.git/HEAD", "/static/../.git/HEAD", "/static/.git/config", "/static/%2e%2e/cli.py",
                                  "/static../cli.py", "/metrics", "/api/metrics", "/debug", "/server-status",
                                  "/nginx_status", "/_auth", "/console", "/static/app.css~"])  # fmt: skip
def test_what_is_for_builders_is_not_to_be_had(in_front: Front, path: str) -> None:
    answer = in_front(path)

    known = answer.headers["Content-Type"] == "application/json"  # a process was asked, which has no such page
    assert answer.status_code in (400, 404) or known
    assert not re.search(r"ref: refs/|\[core\]|import |Active connections", answer.text)


@pytest.mark.asvs("13.4.1", "13.4.5")
def test_the_portal_has_no_page_for_builders_in_production(databases: Settings) -> None:
    client = portal.create_app(replace(databases, mode="production")).test_client()
    for path in ("/.git/HEAD", "/static/../.git/HEAD", "/metrics", "/console", "/styleguide", "/mailbox"):
        assert client.get(path).status_code == 404, path


@pytest.mark.asvs("14.2.1")
def test_no_address_of_the_api_asks_for_a_secret_or_a_persons_address() -> None:
    paths = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))["paths"]
    asked = {one["name"] for path in paths.values() for operation in path.values() if isinstance(operation, dict)
             for one in operation.get("parameters", ()) if one.get("in") in ("query", "path")}  # fmt: skip

    assert asked and not list(filter(SECRET.search, asked))


@pytest.mark.asvs("14.3.3")
def test_no_script_of_ours_keeps_anything_in_the_browser() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "static").glob("*.js")}
    assert texts and not [name for name, text in texts.items() if re.search("(local|session)Storage|indexedDB", text)]
    layout = (ROOT / "templates" / "layout.html").read_text(encoding="utf-8")
    assert '"historyCacheSize":0' in layout  # htmx would keep pages of a signed-in person


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example",
                                    "\\\\evil.example", "/x\\@evil", "javascript:alert(1)", " /x", "", "evil.example",
                                    "///evil.example", "/%09/evil.example"])  # fmt: skip
def test_who_signs_in_stays_here(wanted: str) -> None:
    there = safe_next(wanted)

    assert there.startswith("/") and not there.startswith(("//", "/\\")) and "\\" not in there


@pytest.fixture
def app(databases: Settings) -> Flask:
    return portal.create_app(databases)


@pytest.mark.asvs("4.1.1")
def test_a_page_and_a_problem_say_what_they_are(app: Flask, databases: Settings) -> None:
    page, problem = app.test_client().get("/login"), api.create_app(databases).test_client().get("/nowhere")

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert problem.headers["Content-Type"] == "application/problem+json"
