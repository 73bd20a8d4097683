"""HTTP to a provider: one session, a token that is fetched when needed, and every answer put into one of few classes.

What matters of a failed call is whether it may have had an effect: a clear no is `Refused`; a call that surely did
nothing is `NotNow`; when nobody can know, it is `UnknownOutcome`, and whoever asks again has to look first.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec
import requests

from domains.kernel.errors import NotFound, NotNow, Pending
from domains.kernel.messages import context

from ..errors import refusal
from .border import Unreadable, believed, decoded, instant
from .facts import Refusal

T = TypeVar("T")
CONNECT_WITHIN = 3.0  # seconds
WAITING_CODES = ("operation_pending",)  # 409s that mean: somebody else's change comes first


class UnknownOutcome(NotNow):
    """Nobody can say whether the call had an effect: look it up before asking again."""


class Wire:
    """A provider's HTTP side. Not shared between threads that call at the same time."""

    def __init__(self, url: str, client_id: str, client_secret: str, timeout: float) -> None:
        self._url = url.rstrip("/")
        self._client = (client_id, client_secret)
        self._timeout = (min(CONNECT_WITHIN, timeout), timeout)
        self._http = requests.Session()
        self._http.trust_env = False  # no proxies or .netrc: the address is all there is to know
        self._token, self._good_until = "", 0.0

    def ask(self, method: str, path: str, shape: type[T], *, request_id: str | None = None, **options: Any) -> T:
        """Make one call and read its answer as `shape`. `options` are requests' own: json, params.

        Raises Refused or NotFound for a clear no, Pending while something else is under way, NotNow when surely nothing
        was done, UnknownOutcome when it may have been.
        """
        headers = {"Accept": "application/json"}
        if request_id:
            headers["Request-Id"] = request_id
        if context().traceparent:
            headers["traceparent"] = context().traceparent
            headers |= {"tracestate": context().tracestate} if context().tracestate else {}
        answer = self._send(method, path, headers, options)
        if answer.status_code == 401:  # the token was revoked or the provider started anew: once more with a new one
            self._good_until = 0.0
            answer = self._send(method, path, headers, options)
        return _read(answer, shape)

    def _send(self, method: str, path: str, headers: dict[str, str], options: dict[str, Any]) -> requests.Response:
        authorised = headers | {"Authorization": f"Bearer {self._bearer()}"}
        return self._call(method, path, headers=authorised, **options)

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            return self._http.request(method, self._url + path, timeout=self._timeout, allow_redirects=False, **options)
        except requests.ConnectTimeout as error:
            raise NotNow("the provider cannot be reached") from error
        except requests.RequestException as error:
            if _never_sent(error):
                raise NotNow("the provider cannot be reached") from error
            raise UnknownOutcome(f"no answer from the provider: {type(error).__name__}") from error

    def _bearer(self) -> str:
        if time.monotonic() >= self._good_until:
            token = self._fetch_token()
            self._token, self._good_until = token.access_token, time.monotonic() + token.expires_in * 0.9
        return self._token

    def _fetch_token(self) -> _Token:
        """A new token. Whatever goes wrong here, what we wanted it for has not been asked yet."""
        form = {"grant_type": "client_credentials"}
        try:
            answer = self._call("POST", "/oauth2/token", data=form, auth=self._client)
        except UnknownOutcome as silence:
            raise NotNow("the provider gave no token") from silence
        if answer.status_code != 200:
            raise NotNow(f"the provider gave no token ({answer.status_code})", retry_after=_retry_after(answer))
        try:
            return decoded(answer.content, _Token)
        except Unreadable as error:
            raise NotNow("the provider's token cannot be read") from error


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float


def _never_sent(error: requests.RequestException) -> bool:
    """Whether the connection was not even made, so that the provider cannot have seen the call."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def _read(answer: requests.Response, shape: type[T]) -> T:
    status = answer.status_code
    if 200 <= status < 300:
        try:
            return decoded(answer.content, shape)
        except Unreadable as error:
            raise UnknownOutcome(f"the provider's answer cannot be read: {error}") from error
    wait = _retry_after(answer)
    if status in (429, 503, 408):
        raise NotNow(f"the provider asks us to wait ({status})", retry_after=wait)
    if status >= 500 or status < 400:
        raise UnknownOutcome(f"the provider answered {status}", retry_after=wait)
    raise _no(status, answer.content, wait)


def _no(status: int, body: bytes, wait: float | None) -> Exception:
    """A 4xx as the error it means for us."""
    try:
        said = decoded(body, Refusal)
    except Unreadable:
        return UnknownOutcome(f"the provider answered {status} without a reason")
    if status == 404:
        return NotFound("The provider does not know this.", code=said.code)
    if said.code in WAITING_CODES:
        return Pending("provider", retry_after=wait or 2.0)
    if status == 422 or (status == 409 and said.code not in ("request_id_reused",)):
        return refusal(said.code, said.message, **_params(said.data or {}))
    # 400, 401, 403 and a reused id are our own fault or the installation's: a person must look, nothing is taken back
    return UnknownOutcome(f"the provider does not accept our call ({status} {said.code})", retry_after=wait)


def _params(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a refusal says about when it may be tried again."""
    again = data.get("available_from")
    try:
        return {"available_from": instant(datetime.fromisoformat(again))} if isinstance(again, str) else {}
    except ValueError:
        return {}


def _retry_after(answer: requests.Response) -> float | None:
    """Seconds to wait, from a Retry-After of either form; None when there is none to be believed."""
    said = answer.headers.get("Retry-After", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            moment = parsedate_to_datetime(answer.headers["Date"])  # by the provider's own clock
            seconds = (parsedate_to_datetime(said) - moment).total_seconds()
        except (ValueError, TypeError, KeyError):
            return None
    return believed(seconds)
