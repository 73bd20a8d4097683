"""A provider that answers what a test writes down, over a real socket."""

from __future__ import annotations

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Scripted(ThreadingHTTPServer):
    """A provider that gives out tokens and otherwise answers the next of its `answers`: (status, headers, body).

    A body of None closes the connection without an answer. What was asked is kept in `asked`.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Script)
        self.answers: list[tuple[int, dict[str, str], bytes | None]] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.tokens = 0
        self.no_tokens = False  # then a request for a token gets the next answer too
        self.drip = 0.0  # seconds between two bytes of an answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def say(self, status: int, body: bytes | None = b"{}", **headers: str) -> None:
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, body))


class _Script(BaseHTTPRequestHandler):
    server: Scripted

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/oauth2/token" and not self.server.no_tokens:
            self.server.tokens += 1
            token = f'{{"access_token": "token-{self.server.tokens}", "expires_in": 3600}}'
            return self.send(200, {}, token.encode())
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        return self.send(*self.server.answers.pop(0))

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_PUT(self) -> None:
        self.answer()

    def send(self, status: int, headers: dict[str, str], body: bytes | None) -> None:
        if body is None:
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if not self.server.drip or self.path == "/oauth2/token":
            self.wfile.write(body)
            return
        with suppress(ConnectionError):  # it was given up
            for byte in body:
                self.wfile.write(bytes([byte]))
                threading.Event().wait(self.server.drip)

    def log_message(self, *_: Any) -> None:
        return
