"""Calls to addresses that somebody outside has chosen (webhooks, a customer's sign-on): the open internet only.

A name is resolved once, every address it has must be public, and the connection is made to the very address that was
looked at, with the name in SNI, certificate check and Host: what the name says a moment later cannot matter. Redirects
are not followed, the answer is small and comes in time, no proxy and no .netrc is read.
"""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from queue import Empty, SimpleQueue
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from . import config

CONNECT_WITHIN, WITHIN = 5.0, 10.0  # seconds: for the connection, and for everything
MOST = 64 * 1024  # bytes of an answer
PORTS = (443, 8443)
# `is_global` of Python 3.11 takes these for public. Azure's wire server gives out what a machine may know of itself.
NEVER = tuple(map(ip_network, (
    "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "64:ff9b:1::/48", "2001::/32", "3fff::/20",
)))  # fmt: skip
NAT64, UNICAST = (
    ip_network("64:ff9b::/96"),
    ip_network("2000::/3"),
)  # of IPv6 only the latter is given out for the internet


class NotCalled(requests.RequestException):
    """The call is not made, or its answer not taken: the text says why and is fit for who chose the address."""


def session(*, trusted: str | None = None) -> requests.Session:
    """A session for addresses from outside. `trusted` is a file of certificates to believe instead of the usual ones.

    Whatever goes wrong is a requests.RequestException; `NotCalled` when address or answer is at fault. An address
    in CLOUDSALES_OUTBOUND_ALLOW (`host:port`, for tests and demos) may be anywhere, and without TLS.
    """
    return guarded(requests.Session(), trusted=trusted)


def guarded(made: requests.Session, *, trusted: str | None = None) -> requests.Session:
    """The same for a session of another class (Authlib's OAuth2Session)."""
    made.trust_env = False
    made.verify = trusted or True
    made.headers["Accept-Encoding"] = "identity"  # a compressed answer could be larger than it looks
    made.adapters.clear()
    made.mount("https://", Outbound())
    made.mount("http://", Outbound())
    return made


def check(url: str) -> None:
    """Raise NotCalled when a call to this address would be refused now; for the moment in which it is saved."""
    _address_of(url)


class Outbound(HTTPAdapter):
    """requests' adapter, which connects to the address that was checked and to nothing else."""

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=1)
        classes = {"http": _Pool, "https": _TLSPool}
        self.poolmanager.pool_classes_by_scheme = classes

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> tuple[Any, Any]:
        place, options = super().build_connection_pool_key_attributes(request, verify, cert)
        name, place["host"] = place["host"], _address_of(request.url or "")
        if place["scheme"] == "https":
            options |= {"assert_hostname": name, "server_hostname": name}  # type: ignore[misc]
        return place, options

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        request.headers["Host"] = urlsplit(request.url or "").netloc
        request.headers["Connection"] = "close"  # the next call resolves the name anew
        if options.get("proxies"):
            raise NotCalled("a call to an address from outside goes through no proxy", request=request)
        verify, cert = options.get("verify", True), options.get("cert")
        with _deadline(WITHIN) as watch:
            try:
                limits = (CONNECT_WITHIN, WITHIN)
                answer = _taken(super().send(request, stream=True, timeout=limits, verify=verify, cert=cert))
            except (OSError, HTTPError) as error:
                if watch.over:
                    raise _too_slow(request) from None
                if isinstance(error, requests.RequestException):
                    raise
                raise requests.ConnectionError(error, request=request) from error
            if watch.over:  # a cut looks like an end
                raise _too_slow(request)
            return answer


def _too_slow(request: requests.PreparedRequest) -> requests.Timeout:
    return requests.Timeout(f"no whole answer within {WITHIN:g} seconds", request=request)


def _taken(answer: requests.Response) -> requests.Response:
    """The answer with its whole body, which must be small and as it was sent."""
    with answer:
        if answer.is_redirect:
            raise NotCalled(f"the address answers {answer.status_code}: redirects are not followed", response=answer)
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise NotCalled("the answer is compressed, which was not asked for", response=answer)
        body = b""
        for part in cast(HTTPResponse, answer.raw).stream(8192, decode_content=False):
            body += part
            if len(body) > MOST:
                raise NotCalled(f"the answer is larger than {MOST // 1024} KiB", response=answer)
    answer.raw = io.BytesIO(body)
    return answer


def _address_of(url: str) -> str:
    """The address to connect to. Raises NotCalled."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        raise NotCalled("this is no address") from None
    if not host or parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise NotCalled("the address needs a host, and neither name nor password before it")
    allowed = f"{host}:{port}" in _allowed()
    if not allowed and parts.scheme != "https":
        raise NotCalled("the address must begin with https://")
    if not allowed and port not in PORTS:
        raise NotCalled(f"the address may use the ports {', '.join(map(str, PORTS))}")
    found = _resolved(host, port)
    if not allowed and not all(map(public, found)):
        raise NotCalled("the address is not on the public internet")
    return found[0]


def _allowed() -> frozenset[str]:
    return frozenset(entry.strip().lower() for entry in config.current().outbound_allow.split(",") if entry.strip())


def _resolved(host: str, port: int) -> list[str]:
    """The addresses of a name. The machine's resolver has its own patience, so it is asked aside and not waited for."""
    answers: SimpleQueue[Any] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            answers.put([])

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    with suppress(Empty):
        if found := answers.get(timeout=CONNECT_WITHIN):
            return [str(place[0]) for *_, place in found]
    raise NotCalled("the host's name cannot be resolved")


def public(address: str) -> bool:
    """Whether an address is on the public internet, whatever it is wrapped in."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _within(ip) if isinstance(ip, IPv6Address) else None
    if inner is not None:
        return public(str(inner))
    unfit = ip.is_multicast or ip.is_reserved or any(ip in network for network in NEVER)
    return ip.is_global and not unfit and (ip.version == 4 or ip in UNICAST)


def _within(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


class _Watch:
    """Cuts the connection of the call when its time is over: a drip of bytes would outlast any time-out of reading."""

    def __init__(self, seconds: float) -> None:
        self.over, self._sockets, self._lock = False, list[socket.socket](), threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def watch(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.append(sock.dup())  # TLS takes the original away
            if self.over:
                self._shut()

    def _cut(self) -> None:
        with self._lock:
            self.over = True
            self._shut()

    def _shut(self) -> None:
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> _Watch:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for sock in self._sockets:
                sock.close()


_watch: ContextVar[_Watch | None] = ContextVar("_watch", default=None)


@contextmanager
def _deadline(seconds: float) -> Iterator[_Watch]:
    with _Watch(seconds) as watch:
        token = _watch.set(watch)
        try:
            yield watch
        finally:
            _watch.reset(token)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        if (watch := _watch.get()) is not None:
            watch.watch(sock)
        return sock


class _TLSConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection
