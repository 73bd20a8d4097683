"""HTTP to a provider: one session, a token that is fetched when needed, and every answer put into one of few classes.

What matters of a failed call is whether it may have had an effect: a clear no is one; a call that surely did nothing
may be made again; when nobody can know, it is `UnknownOutcome`, and whoever asks again has to look first.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar, cast

import msgspec
import requests
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from domains.kernel.errors import NotFound
from domains.kernel.messages import context

from .answers import (
    AuthFailure,
    Busy,
    InvalidRequest,
    LimitExceeded,
    NotAllowedNow,
    NotEligible,
    NotSupported,
    PermanentFailure,
    Stale,
    TemporaryFailure,
    Throttled,
    UnknownOutcome,
    meaning,
)
from .border import Unreadable, believed, decoded, instant
from .facts import Refusal
from .gate import Gate

T = TypeVar("T")
No = Callable[[int, bytes, float | None], Exception]
CONNECT_WITHIN = 3.0  # seconds
LARGEST, PIECE = 256 * 1024 * 1024, 64 * 1024  # bytes of an answer, and of what is read of it at once
DOCUMENT = 12  # times as long as another answer a document may take
# What the sandbox's codes mean; what else it refuses with a 422 will not be done.
MEANINGS: dict[str, type[Exception]] = {
    "operation_pending": Busy,  # a 409 that means: somebody else's change comes first
    "version_conflict": Stale,
    "request_id_reused": UnknownOutcome,  # our own fault: a person must look, nothing is taken back
    "kind_unknown": NotSupported,
    "not_allowed_now": NotAllowedNow,
    "end_date_not_allowed": NotAllowedNow,
    "past_cancellation_window": NotAllowedNow,
    "past_return_window": NotAllowedNow,
    "locked": NotAllowedNow,
    "quantity_out_of_range": InvalidRequest,
    "capacity_exceeded": LimitExceeded,
    "credit_blocked": LimitExceeded,
    "offer_unknown": NotEligible,
    "offer_ended": NotEligible,
    "term_not_sold": NotEligible,
    "currency_not_sold": NotEligible,
    "prerequisite_missing": NotEligible,
    "customer_unknown": NotEligible,
    "subscription_terminal": PermanentFailure,
}


def no_of_sandbox(status: int, body: bytes, wait: float | None) -> Exception:
    """The sandbox's 4xx as the error it means for us."""
    try:
        said = decoded(body, Refusal)
    except Unreadable:
        return UnknownOutcome(f"the provider answered {status} without a reason", retry_after=wait)
    other = {400: InvalidRequest, 403: AuthFailure, 404: NotFound, 409: PermanentFailure, 422: PermanentFailure}
    kind = NotFound if status == 404 else MEANINGS.get(said.code, other.get(status, UnknownOutcome))
    return meaning(kind, said.code, said.message, wait, **_params(said.data or {}))


class NotModified(Exception):
    """What was asked for with If-None-Match is as it was."""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A yes: what was said, and around it."""

    status: int
    headers: Mapping[str, str]
    said: T
    wait: float | None = None  # seconds, where it says when to ask again


class Wire:
    """A provider's HTTP side. Not shared between threads that call at the same time.

    `no` reads a 4xx; `token_url` is where a token comes from (empty: its own), None where name and secret go along.
    """

    def __init__(
        self, url: str, client_id: str, client_secret: str, timeout: float, *, no: No = no_of_sandbox,
        token_url: str | None = "", token_form: Mapping[str, str] | None = None, gate: Gate | None = None,
    ) -> None:  # fmt: skip
        self._url = url.rstrip("/")
        self._client = (client_id, client_secret)
        self._token_url = token_url if token_url is None else token_url or f"{self._url}/oauth2/token"
        self._timeout = (min(CONNECT_WITHIN, timeout), timeout)
        self._no, self._gate, self._token_form = no, gate, token_form or {}
        self._http = requests.Session()
        self._http.trust_env = False  # no proxies or .netrc: the address is all there is to know
        self._token, self._good_until = "", 0.0

    def ask(self, method: str, path: str, shape: type[T], *, request_id: str | None = None, **options: Any) -> T:
        """Make one call and read its answer as `shape`. `options` are requests' own: json, params.

        Raises one of the classes of `answers`: a clear no, Busy, surely nothing done, or UnknownOutcome.
        """
        headers = {"Request-Id": request_id} if request_id else {}
        return self.answered(method, path, shape, headers=headers, **options).said

    def answered(
        self, method: str, path: str, shape: type[T], *, headers: Mapping[str, str], **options: Any
    ) -> Answer[T]:
        """The same with headers of one's own, and the answer's status and headers."""
        answer, said = self._exchanged(method, path, headers, options, lambda answer: self._read(answer, shape))
        return Answer(answer.status_code, answer.headers, said, _retry_after(answer))

    def fetched(self, path: str, headers: Mapping[str, str]) -> bytes:
        """A document as it comes."""
        patient = {"times": DOCUMENT}
        found: bytes = self._exchanged("GET", path, headers, patient, lambda answer: self._read(answer, None))[1]
        return found

    def _exchanged(
        self, method: str, path: str, headers: Mapping[str, str], options: dict[str, Any],
        read: Callable[[requests.Response], Any],
    ) -> tuple[requests.Response, Any]:  # fmt: skip
        sent = {"Accept": "application/json", **headers}
        if context().traceparent:
            sent["traceparent"] = context().traceparent
            sent |= {"tracestate": context().tracestate} if context().tracestate else {}
        with self._gate.passing() if self._gate else nullcontext():
            answer = self._send(method, path, sent, options)
            if answer.status_code == 401 and self._token_url is not None:
                self._good_until = 0.0  # the token was revoked or the provider started anew: once more with a new one
                answer = self._send(method, path, sent, options)
            return answer, read(answer)

    def _send(self, method: str, path: str, headers: dict[str, str], options: dict[str, Any]) -> requests.Response:
        if self._token_url is None:
            return self._call(method, self._url + path, headers=headers, auth=self._client, **options)
        authorised = headers | {"Authorization": f"Bearer {self._bearer()}"}
        return self._call(method, self._url + path, headers=authorised, **options)

    def _call(self, method: str, url: str, *, times: int = 1, **options: Any) -> requests.Response:
        try:
            sent: dict[str, Any] = {"timeout": self._timeout, "allow_redirects": False, "stream": True}
            answer = self._http.request(method, url, **sent, **options)
            return _whole(answer, time.monotonic() + times * self._timeout[1])
        except requests.ConnectTimeout as error:
            raise TemporaryFailure("the provider cannot be reached") from error
        except (requests.RequestException, HTTPError) as error:
            if isinstance(error, requests.RequestException) and _never_sent(error):
                raise TemporaryFailure("the provider cannot be reached") from error
            raise UnknownOutcome(f"no answer from the provider: {type(error).__name__}") from error

    def _bearer(self) -> str:
        if time.monotonic() >= self._good_until:
            token = self._fetch_token()
            self._token, self._good_until = token.access_token, time.monotonic() + token.expires_in * 0.9
        return self._token

    def _fetch_token(self) -> _Token:
        """A new token. Whatever goes wrong here, what we wanted it for has not been asked yet."""
        form = {"grant_type": "client_credentials", **self._token_form}
        try:
            answer = self._call("POST", self._token_url or "", data=form, auth=self._client)
        except UnknownOutcome as silence:
            raise TemporaryFailure("the provider gave no token") from silence
        if answer.status_code != 200:
            kind = AuthFailure if answer.status_code in (400, 401, 403) else TemporaryFailure
            raise kind(f"the provider gave no token ({answer.status_code})", retry_after=_retry_after(answer))
        try:
            return decoded(answer.content, _Token)
        except Unreadable as error:
            raise TemporaryFailure("the provider's token cannot be read") from error

    def _read(self, answer: requests.Response, shape: type[T] | None) -> Any:
        """The answer read as `shape`, or as it came; whatever is no yes, as the error it means."""
        status, wait = answer.status_code, _retry_after(answer)
        if 200 <= status < 300:
            try:
                return answer.content if shape is None else decoded(answer.content, shape)
            except Unreadable as error:
                raise UnknownOutcome(f"the provider's answer cannot be read: {error}") from error
        if status == 304:
            raise NotModified
        if status in (429, 503, 408):
            kind = Throttled if status == 429 else TemporaryFailure
            raise kind(f"the provider asks us to wait ({status})", retry_after=wait)
        if status == 401:
            raise AuthFailure("the provider does not let us in (401)", retry_after=wait)
        if status >= 500 or status < 400:
            raise UnknownOutcome(f"the provider answered {status}", retry_after=wait)
        raise self._no(status, answer.content, wait)


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float


def _whole(answer: requests.Response, until: float) -> requests.Response:
    """An answer with its body, read here: a drip of bytes outlasts any time-out of reading, and has no size."""
    body, raw = bytearray(), cast(HTTPResponse, answer.raw)
    try:
        while part := raw.read1(PIECE, decode_content=True):
            body += part
            if len(body) > LARGEST:
                raise UnknownOutcome(f"the provider's answer is larger than {LARGEST} bytes")
            if time.monotonic() > until:
                raise UnknownOutcome("the provider's answer comes too slowly")
    except BaseException:
        answer.close()
        raise
    answer.raw = io.BytesIO(body)
    return answer


def _never_sent(error: requests.RequestException) -> bool:
    """Whether the connection was not even made, so that the provider cannot have seen the call."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


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
