"""A real OpenID provider, which others wrote (npm oidc-provider), as a process; and a name server for our domains."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from dnslib import QTYPE, RR, TXT
from dnslib.server import BaseResolver, DNSServer

from tests.servers import free_port

HERE = Path(__file__).parent
OLDEST = 20
CLIENT_ID, CLIENT_SECRET = "cloud-sales", "a secret of the provider, long enough"
PEOPLE: dict[str, Any] = {
    "olga": {"email": "olga@northwind.example", "email_verified": True, "name": "Olga Owner"},
    "nils": {"email": "nils@northwind.example", "email_verified": True, "name": "Nils Newcomer"},
    "una": {"email": "una@northwind.example", "email_verified": False, "name": "Una Unverified"},
    "eve": {"email": "eve@elsewhere.example", "email_verified": True, "name": "Eve Elsewhere"},
}  # fmt: skip


def lacking() -> str:
    """Why the provider cannot run here; empty when it can."""
    node = shutil.which("node")
    if node is None:
        return "single sign-on against a real provider needs Node.js 20 or newer"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().removeprefix("v").split(".")[0]) < OLDEST:
        return f"single sign-on against a real provider needs Node.js {OLDEST} or newer, not {version.strip()}"
    if not (HERE / "node_modules" / "oidc-provider").is_dir():
        return "single sign-on against a real provider: run tools/install.sh test with npm and a network first"
    return ""


@dataclass
class Provider:
    """A provider that runs; its people sign in by typing who they are."""

    issuer: str
    people: dict[str, Any] = field(default_factory=lambda: dict(PEOPLE))

    def sign_in(self, address: str, sub: str) -> str:
        """Go where a person was sent, sign in, agree; gives the address that the provider sends them back to."""
        with requests.Session() as browser:
            answer = browser.get(address, allow_redirects=False, timeout=10)
            for _ in range(12):
                if 300 <= answer.status_code < 400:
                    where = urljoin(answer.url, answer.headers["Location"])
                    if not where.startswith(self.issuer):
                        return where
                    answer = browser.get(where, allow_redirects=False, timeout=10)
                    continue
                answer.raise_for_status()
                action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                assert action is not None, answer.text
                assert prompt is not None, answer.text
                typed = {"prompt": prompt[1], "login": sub, "password": "any"}
                answer = browser.post(urljoin(answer.url, action[1]), data=typed, allow_redirects=False, timeout=10)
        raise AssertionError("the provider does not come to an end")


@contextmanager
def running_provider(redirect_uri: str, port: int = 0) -> Iterator[Provider]:
    """Run a provider that knows our client; skips the test where it cannot."""
    if why := lacking():
        pytest.skip(why)
    port = port or free_port()
    client = {
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [redirect_uri],
        "response_types": ["code"], "grant_types": ["authorization_code"],
    }  # fmt: skip
    given = json.dumps({"port": port, "people": PEOPLE, "clients": [client]})
    command = [str(shutil.which("node")), str(HERE / "provider.mjs"), given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            yield Provider(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()


class Names(BaseResolver):  # type: ignore[misc]
    """Answers for TXT records that a test publishes."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}

    def resolve(self, request: Any, handler: Any) -> Any:
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        if request.q.qtype == QTYPE.TXT:
            for text in self.records.get(name, []):
                reply.add_answer(RR(request.q.qname, QTYPE.TXT, ttl=1, rdata=TXT(text)))
        return reply


@contextmanager
def running_names(port: int = 0) -> Iterator[tuple[str, Names]]:
    """Run a name server; gives host:port and what it knows."""
    names, port = Names(), port or free_port()
    server = DNSServer(names, address="127.0.0.1", port=port, logger=_Silent())
    server.start_thread()
    try:
        yield f"127.0.0.1:{port}", names
    finally:
        server.stop()
        server.server.server_close()


class _Silent:
    def __getattr__(self, name: str) -> Any:
        return lambda *_args, **_options: None


def query_of(address: str) -> dict[str, str]:
    """What stands in an address's query."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
