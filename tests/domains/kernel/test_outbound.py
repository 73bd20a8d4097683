"""An address from outside leads to the open internet or nowhere, however it is written, whatever it answers."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from domains.kernel import database, outbound
from domains.kernel.config import Settings
from domains.kernel.outbound import NotCalled, check, public, session

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "168.63.129.16", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1",
    "fe80::1%eth0", "fd00::1", "fc00::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001::1", "2001:db8::1", "100::1", "4000::1",
    "fec0::1", "feff:0:0:1::7", "3fff::1", "5f00::1", "no address", "",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1"]


@pytest.mark.asvs("1.3.6")
@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_public_is_known_in_every_wrapping(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is_taken(address: str) -> None:
    assert public(address)


@pytest.fixture(autouse=True)
def names(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and what they resolve to; the rest is for the machine's own resolver, which knows numbers."""
    known: dict[str, list[str]] = {"hooks.example": ["93.184.216.34"]}
    ask = socket.getaddrinfo

    def getaddrinfo(host: str, port: Any, *rest: Any, **options: Any) -> Any:
        found = [place for name in known.get(host, [host]) for place in ask(name, port, *rest, **options)]
        if len(known.get(host, ())) > 1 and "rebinds" in host:
            known[host] = known[host][1:]
            return found[:1]
        return found

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.mark.asvs("1.3.6")
@pytest.mark.parametrize("url", [
    "https://127.0.0.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/",
    "https://[::1]/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/", "https://169.254.169.254/latest",
    "https://10.1/", "https://localhost/", "https://localhost./", "https://①②⑦.⓪.⓪.①/", "https://0/",
])  # fmt: skip
def test_an_address_inside_is_refused_when_it_is_saved_and_when_it_is_called(url: str) -> None:
    with pytest.raises(NotCalled, match=r"not on the public internet|cannot be resolved"):
        check(url)
    with pytest.raises(
        requests.RequestException, match=r"not on the public internet|cannot be resolved|valid IDNA label"
    ):
        session().get(url)


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    monkeypatch.setattr(outbound, "CONNECT_WITHIN", 0.2)
    begun = time.monotonic()
    with pytest.raises(NotCalled, match="cannot be resolved"):
        check("https://hooks.example/")
    over.set()

    assert time.monotonic() - begun < 5


@pytest.mark.asvs("1.2.2", "1.3.6")
@pytest.mark.parametrize(("url", "why"), [
    ("http://hooks.example/", "must begin with https"), ("ftp://hooks.example/", "must begin with https"),
    ("javascript:alert(1)", "needs a host"), ("https://", "needs a host"), ("https:///x", "needs a host"),
    ("https://user@hooks.example/", "neither name nor password"), ("https://u:p@hooks.example/", "neither name"),
    ("https://hooks.example:22/", "may use the ports 443, 8443"), ("https://hooks.example:99999/", "no address"),
    ("https://@hooks.example/", "neither name"), ("https://nowhere.invalid/", "cannot be resolved"),
])  # fmt: skip
def test_an_address_of_another_kind_is_refused(url: str, why: str) -> None:
    with pytest.raises(NotCalled, match=why):
        check(url)


def test_one_address_inside_among_many_is_enough(names: dict[str, list[str]]) -> None:
    names["mixed.example"] = ["93.184.216.34", "10.0.0.1"]

    with pytest.raises(NotCalled, match="not on the public internet"):
        check("https://mixed.example/")


def test_a_public_name_is_taken() -> None:
    check("https://hooks.example/path?query")
    check("https://hooks.example:8443")


Answer = Callable[[socket.socket], None]


@contextmanager
def server(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A server that reads one request of each connection, and answers as it is told."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    taken, _ = listening.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(taken, server_side=True) if context else taken as sock:
                        heard.append(sock.recv(65536))
                        answer(sock)
                except OSError:
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def saying(*lines: str, body: bytes = b"") -> Answer:
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode()
    return lambda sock: sock.sendall(head + body)


def allow(settings: Settings, *places: str) -> None:
    database.bind(replace(settings, outbound_allow=", ".join(places)))


def test_an_allowed_place_may_be_anywhere_and_only_that_place(settings: Settings) -> None:
    with server(saying("HTTP/1.1 200 OK", body=b"hello")) as (port, heard):
        allow(settings, f"localhost:{port}", "other:1")
        answer = session().post(f"http://localhost:{port}/hook", data=b"x")
        with pytest.raises(NotCalled):
            session().get(f"http://127.0.0.1:{port}/hook")

    assert (answer.status_code, answer.content) == (200, b"hello")
    assert f"Host: localhost:{port}".encode() in heard[0] and b"Connection: close" in heard[0]


@pytest.mark.asvs("15.3.2")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(settings: Settings, status: int) -> None:
    with server(saying(f"HTTP/1.1 {status} Moved", "Location: http://169.254.169.254/")) as (port, heard):
        allow(settings, f"localhost:{port}")
        with pytest.raises(NotCalled, match=f"answers {status}: redirects are not followed"):
            session().get(f"http://localhost:{port}/")
    assert len(heard) == 1


@pytest.mark.parametrize(("size", "taken"), [(outbound.MOST, True), (outbound.MOST + 1, False)])
def test_an_answer_has_a_largest_size(settings: Settings, size: int, taken: bool) -> None:
    with server(saying("HTTP/1.1 200 OK", body=b"x" * size)) as (port, _):
        allow(settings, f"localhost:{port}")
        if taken:
            assert len(session().get(f"http://localhost:{port}/").content) == size
            return
        with pytest.raises(NotCalled, match="larger than 64 KiB"):
            session().get(f"http://localhost:{port}/")


def test_a_compressed_answer_is_refused_because_nobody_asked_for_one(settings: Settings) -> None:
    with server(saying("HTTP/1.1 200 OK", "Content-Encoding: gzip", body=b"bomb")) as (port, heard):
        allow(settings, f"localhost:{port}")
        with pytest.raises(NotCalled, match="compressed"):
            session().get(f"http://localhost:{port}/")
    assert b"Accept-Encoding: identity" in heard[0]


@pytest.mark.parametrize("drip", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_an_answer_that_drips_is_cut_off(settings: Settings, monkeypatch: pytest.MonkeyPatch, drip: bytes) -> None:
    monkeypatch.setattr(outbound, "WITHIN", 0.3)
    stop = threading.Event()

    def dripping(sock: socket.socket) -> None:
        sock.sendall(drip)
        while not stop.wait(0.02):
            sock.sendall(b"x")

    began = time.monotonic()
    with server(dripping) as (port, _):
        allow(settings, f"localhost:{port}")
        with pytest.raises(requests.Timeout, match="no whole answer within"):
            session().get(f"http://localhost:{port}/")
        stop.set()
    assert time.monotonic() - began < 3


def test_no_proxy_and_no_netrc_is_heard(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine localhost login us password secret\n")
    for name, value in (("HTTP_PROXY", "http://127.0.0.1:9"), ("NETRC", str(tmp_path / "netrc"))):
        monkeypatch.setenv(name, value)
    with server(saying("HTTP/1.1 200 OK")) as (port, heard):
        allow(settings, f"localhost:{port}")
        assert session().get(f"http://localhost:{port}/").status_code == 200
        with pytest.raises(NotCalled, match="through no proxy"):
            session().get(f"http://localhost:{port}/", proxies={"http": "http://127.0.0.1:9"})
    assert b"Authorization" not in heard[0]


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """A server's TLS for one name, and the file of what to trust for it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "both.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, str(file)


@pytest.mark.asvs("1.3.6")
def test_a_name_that_changes_its_address_after_the_check_still_gets_the_one_that_was_checked(
    settings: Settings, names: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name leads outside when asked first, and to an inner server when asked again. It is not asked again."""
    monkeypatch.setattr(outbound, "public", lambda address: address == "127.0.0.1")  # stands for an outer address
    monkeypatch.setattr(outbound, "PORTS", range(65536))
    context, trusted = certificate(tmp_path, "rebinds.example")
    with server(saying("HTTP/1.1 200 OK", body=b"outer"), context) as (port, heard):
        names["rebinds.example"] = ["127.0.0.1", "127.0.0.9"]
        answer = session(trusted=trusted).get(f"https://rebinds.example:{port}/")
        with pytest.raises(NotCalled, match="not on the public internet"):
            session(trusted=trusted).get(f"https://rebinds.example:{port}/")

    assert answer.content == b"outer" and len(heard) == 1
    assert f"Host: rebinds.example:{port}".encode() in heard[0]


def test_the_certificate_must_be_of_the_name_and_not_of_the_address(
    settings: Settings, names: dict[str, list[str]], tmp_path: Path
) -> None:
    context, trusted = certificate(tmp_path, "other.example")
    with server(saying("HTTP/1.1 200 OK"), context) as (port, heard):
        names["wanted.example"] = names["other.example"] = ["127.0.0.1"]
        allow(settings, f"wanted.example:{port}", f"other.example:{port}")
        assert session(trusted=trusted).get(f"https://other.example:{port}/").status_code == 200
        with pytest.raises(requests.exceptions.SSLError, match=r"wanted\.example"):
            session(trusted=trusted).get(f"https://wanted.example:{port}/")
        with pytest.raises(requests.exceptions.SSLError):
            session().get(f"https://other.example:{port}/")
    assert len([request for request in heard if request]) == 1
