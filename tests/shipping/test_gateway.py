"""A real nginx, started as the gateway's image starts it, sends each address to the process whose domain owns it."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gateway.routes import ANYWHERE, API, PREFIXES
from tests.servers import free_port

from .chart import CHART, ROOT, environment, programs, rendered

PATHS = "/usr/sbin:/usr/bin:/sbin:/bin"
pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not shutil.which("nginx", path=PATHS), reason="nginx is not installed: apt-get install nginx"),
]


class Named(BaseHTTPRequestHandler):
    """Answers with the name of its server."""

    def do_GET(self) -> None:
        name = self.server.name.encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(name)))
        self.end_headers()
        self.wfile.write(name)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def webs() -> Iterator[dict[str, str]]:
    """Where the web process of each domain is: the chart's names of the split topology, on this machine."""
    objects = rendered("split")
    (gateway,) = (one for one in programs(objects) if one.name == "gateway")
    addresses = {}
    with ExitStack() as stack:
        for variable, service in environment(objects, gateway).items():
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Named))
            server.name = service  # type: ignore[attr-defined]
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            stack.callback(server.shutdown)
            addresses[variable] = f"127.0.0.1:{server.server_port}"
        yield addresses


@pytest.fixture(scope="module")
def gateway(webs: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, port = tmp_path_factory.mktemp("gateway"), free_port()
    template = (CHART / "files" / "nginx.conf.template").read_text()
    (folder / "nginx.conf.template").write_text(
        template.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("/tmp/", f"{folder}/")
    )
    stage = (ROOT / "Dockerfile").read_text().split(" AS gateway\n")[1]
    command = json.loads(re.findall(r"^CMD (.+)$", stage, flags=re.MULTILINE)[0])
    command = [re.sub("/etc/cloudsales|/tmp(?=/)", str(folder), word) for word in command]
    with (
        open(folder / "log", "w") as log,
        subprocess.Popen(command, env=webs | {"PATH": PATHS}, stdout=log, stderr=log) as nginx,
    ):
        until = time.monotonic() + 15
        while answer(port, "/") is None:
            assert nginx.poll() is None and time.monotonic() < until, (folder / "log").read_text()
        yield port
        nginx.send_signal(signal.SIGQUIT)
        assert nginx.wait(15) == 0


def answer(port: int, path: str) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    except OSError:
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("domain", PREFIXES)
def test_each_address_goes_to_the_domain_that_owns_it(gateway: int, domain: str) -> None:
    for first in PREFIXES[domain]:
        paths = (f"/{first}", f"/{first}/x", f"{API}/{first}/x?q=/none")
        assert {answer(gateway, path) for path in paths} == {f"cloud-sales-web-{domain}:8080"}


@pytest.mark.parametrize("first", [*ANYWHERE, "customersx"])
def test_any_other_address_goes_to_some_process(gateway: int, first: str) -> None:
    assert answer(gateway, f"/{first}") == "cloud-sales-web-customers:8080"
