"""A real nginx before small upstream processes of the test's own, which write down what reaches them."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from domains import NAMES
from domains.kernel.config import Settings
from gateway import nginx


class Upstream(ThreadingHTTPServer):
    """One process behind the gateway: answers what it got, and as `/_auth` who the proof is of."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.name, self.seen, self.auth_status = name, list[dict[str, Any]](), 204
        self.together = threading.Barrier(1)  # how many requests must be there before one is answered
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """Be gone: connections are refused from now on."""
        self.shutdown()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    """Answers every request with its own name and the headers that have come."""

    server: Upstream
    protocol_version = "HTTP/1.0"  # no connection outlives its answer

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path == "/_auth":
            self.introduce(headers)
            return
        self.rfile.read(int(headers.get("content-length", 0)))
        self.server.together.wait(5)
        self.server.seen.append({"path": self.path} | headers)
        body = json.dumps({"owner": self.server.name, "headers": headers}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "private, no-cache")
        self.send_header("Vary", "Authorization")
        if self.path.startswith("/api/v1/offers"):
            self.send_header("X-Accel-Expires", "60")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 the name that the server looks for

    def introduce(self, headers: dict[str, str]) -> None:
        """Proofs are called `<tenant>-<anything>`; one without a tenant is nobody's."""
        tenant, _, rest = self.proof(headers).partition("-")
        self.send_response(self.server.auth_status)
        if rest:
            self.send_header("X-CloudSales-Assertion", f"{headers['x-cloudsales-audience']} {tenant}")
            self.send_header("X-CloudSales-Tenant", tenant)
        self.end_headers()

    @staticmethod
    def proof(headers: dict[str, str]) -> str:
        if headers["x-cloudsales-audience"] == "api":
            return headers.get("authorization", "").removeprefix("Bearer ")
        return headers.get("cookie", "").partition("cloudsales_login=")[2].partition(";")[0]

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Front(requests.Session):
    """The gateway as a client reaches it, and the processes behind it."""

    def __init__(self, port: int, upstreams: dict[str, Upstream], log: Path) -> None:
        super().__init__()
        self.at, self.upstreams, self.log = f"http://127.0.0.1:{port}", upstreams, log
        until_it_listens = Retry(40, status=0, backoff_factor=0.02, backoff_max=0.1, respect_retry_after_header=False)
        self.mount("http://", HTTPAdapter(max_retries=until_it_listens))

    def __call__(self, path: str, method: str = "GET", **options: Any) -> requests.Response:
        return self.request(method, self.at + path, allow_redirects=False, timeout=10, **options)

    def api(self, path: str, token: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} | options.pop("headers", {})
        return self(path, headers=headers, **options)


@contextmanager
def front(
    folder: Path, port: int, settings: Settings, limits: nginx.Limits | None = None, trusted: Sequence[str] = ()
) -> Iterator[Front]:
    """Run nginx within the `with`, one upstream process for each domain behind it."""
    upstreams = {name: Upstream(name) for name in NAMES}
    log = folder / "access.log"
    made = nginx.write(folder, settings, f"127.0.0.1:{port}", {name: one.address for name, one in upstreams.items()},
                       limits=limits, patience="1s", access_log=str(log), trusted=trusted)  # fmt: skip
    command = [nginx.installed() or "nginx", "-e", "stderr", "-p", folder, "-c", made]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process, Front(port, upstreams, log) as client:
        try:
            yield client
        finally:
            process.terminate()
            for one in upstreams.values():
                one.stop()
