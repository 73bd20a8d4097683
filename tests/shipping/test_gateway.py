"""The gateway's container for real: the chart's command on the files of the image, with Debian's nginx."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import requests

from domains import NAMES
from gateway import nginx
from gateway.__main__ import processes
from gateway.routes import API, PREFIXES, owner_of
from tests.gateway.front import Upstream
from tests.servers import free_port

from .chart import SITES, program_of, rendered, webs_of
from .image import BIN, DOCKERFILE, Image, until

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(nginx.installed() is None, reason="nginx is not installed: apt-get install nginx"),
]
COOKIE = {"Cookie": "__Host-cloudsales_login=north-1"}


def service(domain: str, site: str) -> str:
    """The chart's name for the web process that holds a domain."""
    return f"cloud-sales-web-{domain}:8080" if site == "split" else "cloud-sales-web:8080"


@contextmanager
def running(image: Image, site: str, webs: dict[str, str]) -> Iterator[str]:
    """The gateway as the chart starts it, with its services at addresses of this machine; gives its address."""
    port, folder = free_port(), image.var / "gateway"
    given = program_of(rendered(site), "gateway").container["command"]
    command = [re.sub("^8080$", f"127.0.0.1:{port}", one).replace("/tmp/gateway", str(folder)) for one in given]
    command = [re.sub("(?<==).+", lambda found: webs[found[0]], one) if "=" in one else one for one in command]
    stop = re.findall(r"^STOPSIGNAL (\w+)$", DOCKERFILE.partition(" AS gateway\n")[2], flags=re.MULTILINE)
    environ = {"PATH": f"{BIN}:/usr/bin:/bin", "PYTHONPATH": str(image.app)}
    with image.started("gateway", command, environ, signal.Signals[stop[0]]) as process:
        until(lambda: process.poll() is not None or is_up(f"http://127.0.0.1:{port}"))
        assert process.poll() is None, image.log("gateway").read_text()
        yield f"http://127.0.0.1:{port}"


def is_up(at: str) -> bool:
    try:
        return requests.get(f"{at}/static/app.css", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module", params=SITES)
def site(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def gateway(image: Image, site: str) -> Iterator[str]:
    with ExitStack() as stack:
        services = {service(domain, site): Upstream(service(domain, site)) for domain in NAMES}
        for upstream in services.values():
            stack.callback(upstream.stop)
        yield stack.enter_context(running(image, site, {name: one.address for name, one in services.items()}))


def test_each_address_goes_to_the_service_whose_process_owns_it(gateway: str, site: str) -> None:
    paths = [path for names in PREFIXES.values() for one in names for path in (f"/{one}/x", f"{API}/{one}/x?q=/none")]

    reached = {path: requests.get(gateway + path, timeout=5).json()["owner"] for path in paths}

    assert reached == {path: service(owner_of(path.partition("?")[0]) or "", site) for path in paths}


@pytest.mark.usefixtures("gateway")
def test_nginx_takes_the_configuration(image: Image) -> None:
    folder = image.var / "gateway"
    tried = subprocess.run([nginx.installed() or "", "-t", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"],
                           capture_output=True, text=True)  # fmt: skip

    assert tried.returncode == 0, tried.stderr


def test_it_introduces_who_brings_productions_cookie_and_believes_only_the_ingress(gateway: str, image: Image) -> None:
    told = COOKIE | {"X-Forwarded-For": "6.6.6.6"}

    seen = requests.get(f"{gateway}/orders", headers=told, timeout=5).json()["headers"]

    assert seen["x-cloudsales-assertion"] == "portal north"
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert "set_real_ip_from 10.244.0.0/16;" in (image.var / "gateway" / "nginx.conf").read_text()


def test_it_speaks_for_production_and_serves_the_images_files(gateway: str, image: Image) -> None:
    problem = requests.get(f"{gateway}{API}/nowhere", timeout=5)

    assert (problem.status_code, problem.headers["Content-Type"]) == (404, "application/problem+json")
    assert "max-age" in problem.headers["Strict-Transport-Security"]
    styles = requests.get(f"{gateway}/static/app.css?v=1", timeout=5)
    assert styles.content == (image.app / "static" / "app.css").read_bytes()


def test_the_charts_web_process_behind_it_is_asked_who_is_calling(image: Image) -> None:
    port = free_port()
    with image.running("web", GRANIAN_PORT=str(port)):
        until(lambda: image.log("web").read_text().count("Started worker") == 2)
        with running(image, "one web", {service("", "one web"): f"127.0.0.1:{port}"}) as at:
            stranger = requests.get(f"{at}/orders", allow_redirects=False, timeout=10)
            known = requests.get(f"{at}/orders", headers=COOKIE, timeout=10)

    assert (stranger.status_code, stranger.headers["Location"]) == (303, "/login?next=/orders")
    assert known.status_code == 503  # there is no database to look the cookie up in
    assert "cannot tell who is calling" in image.log("web").read_text()


@pytest.mark.parametrize("given", [[], ["customers=a:1"], ["all=a:1", "all=b:1"], ["all"], ["sales=a:1", "all=b:1"]])
def test_a_gateway_that_does_not_know_every_domain_refuses_to_start(given: list[str]) -> None:
    with pytest.raises(ValueError, match=r"no web process holds|is named twice|use DOMAIN="):
        processes(given)


@pytest.mark.parametrize("site", SITES)
def test_the_chart_names_a_web_process_for_each_domain(site: str) -> None:
    webs = processes([f"{name}={at}" for name, at in webs_of(program_of(rendered(site), "gateway")).items()])

    assert webs == {domain: service(domain, site) for domain in NAMES}
