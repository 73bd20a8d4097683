"""The load generator against a server of the test's own: when it sends, from when it counts, what it calls an error."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from benchmarks.generator import Generator
from benchmarks.system import ROOT

SLOW = 0.2  # seconds


class Answers(BaseHTTPRequestHandler):
    """Counts what comes; `/slow` holds up everything behind it, as a server with one thread does."""

    protocol_version = "HTTP/1.1"
    one_at_a_time = threading.Lock()
    seen: list[str] = []

    def do_GET(self) -> None:
        self.seen.append(self.path)
        body = json.dumps(
            {"id": "0" * 36, "given": self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()}
        )
        with self.one_at_a_time:
            threading.Event().wait(SLOW if self.path == "/slow" else 0)
        self.send_response(404 if self.path == "/nowhere" else 200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/last":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET  # noqa: N815 the name that the server looks for

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.daemon_threads = True
    Answers.seen = []
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def planned(path: str, body: str = "", **more: Any) -> dict[str, Any]:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n" if body else ""
    return {"kind": path, "status": 200, "text": (head or f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n") + body} | more


def a_plan(server: ThreadingHTTPServer, rate: float, *sequence: dict[str, Any]) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": server.server_port, "rate": rate, "seconds": 0.2, "sequence": list(sequence)}


def test_answers_are_counted_from_when_they_were_due_however_slow_those_before_them(
    server: ThreadingHTTPServer,
) -> None:
    said = Generator(a_plan(server, 100, planned("/slow"), *[planned("/quick")] * 19)).play()

    assert said["requests"] == 20 and not said["errors"]
    assert len(said["answers"]["/quick"]) == 19
    assert max(said["answers"]["/quick"]) > 1000 * SLOW / 2, "those behind a slow one were slow as well"
    assert said["elapsed_s"] >= 0.2


def test_answers_are_read_whole_and_closed_connections_are_replaced(server: ThreadingHTTPServer) -> None:
    said = Generator(a_plan(server, 50, planned("/chunked"), planned("/last"), planned("/plain"))).play()

    assert {kind: len(took) for kind, took in said["answers"].items()} == {"/chunked": 4, "/last": 3, "/plain": 3}
    assert not said["errors"]


@pytest.mark.slow
def test_another_status_and_a_server_that_is_gone_are_errors(server: ThreadingHTTPServer) -> None:
    refused = Generator(a_plan(server, 10, planned("/nowhere"))).play()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        gone = Generator(a_plan(server, 10, planned("/x")) | {"port": nobody.getsockname()[1]}).play()

    assert refused["errors"] == {"/nowhere: 404": 2}
    assert gone["errors"] == {"/x: broken": 2}


def test_what_follows_carries_the_id_of_what_it_follows_and_a_new_key(server: ThreadingHTTPServer) -> None:
    order = planned(
        "/order", "{KEY-------------------------------}{ID--------------------------------}", then={"whose": "mine"}
    )

    said = Generator(a_plan(server, 10, planned("/preview", "x", then=order))).play()

    given = [one["given"] for one in said["bodies"]]
    assert [text[36:] for text in given] == ["0" * 36] * 2
    assert len({text[:36] for text in given}) == 2
    assert {one["whose"] for one in said["bodies"]} == {"mine"}


def test_it_is_a_process_that_loads_nothing_but_what_it_needs(server: ThreadingHTTPServer) -> None:
    command = [sys.executable, "-m", "benchmarks.generator"]

    answer = subprocess.run(
        command, cwd=ROOT, input=json.dumps(a_plan(server, 10, planned("/x"))), capture_output=True, text=True
    )

    assert json.loads(answer.stdout)["answers"].keys() == {"/x"}
