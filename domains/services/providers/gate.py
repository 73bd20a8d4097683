"""The gate before a provider: closed for a while after failures in a row, and no more calls in a second than it takes.

All processes share it through the queue's Redis; without one, each has its own. A closed gate is NotNow with the
seconds to wait: nothing was asked, so nothing is lost. With LIMITS=off it stands open.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from domains.kernel import config
from domains.kernel import redis as queue
from domains.kernel.errors import NotNow

from .answers import AuthFailure, TemporaryFailure, Throttled

FAILURES = 5  # in a row, within FORGOTTEN: then it closes
FORGOTTEN = 300  # seconds after which a failure no longer counts
PAUSE = 10.0  # seconds for which it stays closed; then one call is let through to see
TRIAL = 30  # seconds that this call may take before another is let through
BUSY_FOR = 10.0  # seconds to wait where a provider says “too often” and not for how long
NOTED_FOR = 7 * 86_400  # seconds


@dataclass(frozen=True)
class Standing:
    """How the gate stands: open, trial (one call is let through to see), throttled, or closed for `seconds` more.

    `failures` are those in a row; `took` is how many milliseconds the last answer took.
    """

    state: str = "open"
    seconds: float = 0.0
    failures: int = 0
    error: str | None = None
    error_at: datetime | None = None
    answered_at: datetime | None = None
    took: int | None = None


class Gate:
    """The gate before one provider, which takes `rate` calls in a second."""

    def __init__(self, key: str, rate: int) -> None:
        self._at, self._rate = f"cloudsales:provider:{key}:", rate

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Around one call. Raises Throttled or TemporaryFailure, before it is made, when the gate is closed."""
        if config.current().limits == "off":
            yield
            return
        self._enter()
        began = time.monotonic()
        try:
            yield
        except NotNow as why:
            self._failed(why)
            raise
        except Exception:  # a clear no is an answer, too
            self._passed(began)
            raise
        self._passed(began)

    def standing(self) -> Standing:
        """How the gate stands, for people."""
        found: Standing = _with(self._standing)
        return found

    def _enter(self) -> None:
        closed, left, failures = _with(self._look)
        if closed:
            kind = Throttled if closed == b"throttled" else TemporaryFailure
            raise kind("the provider is given a rest", retry_after=max(left / 1000, 0.1))
        if _with(self._counted) > self._rate:
            raise Throttled("the provider takes no more calls in this second", retry_after=1.0)
        if failures >= FAILURES and not _with(lambda at: at.set(self._at + "trial", "1", nx=True, ex=TRIAL)):
            raise TemporaryFailure("one call finds out whether the provider is back", retry_after=1.0)

    def _look(self, at: Any) -> tuple[bytes | None, int, int]:
        closed = at.get(self._at + "closed")
        return closed, at.pttl(self._at + "closed") if closed else 0, int(at.get(self._at + "failures") or 0)

    def _counted(self, at: Any) -> int:
        number = int(at.incr(self._at + "calls"))
        if number == 1 or (number > self._rate and at.pttl(self._at + "calls") < 0):  # whoever counted first has died
            at.pexpire(self._at + "calls", 1000)
        return number

    def _passed(self, began: float) -> None:
        took = round((time.monotonic() - began) * 1000)

        def note(at: Any) -> None:
            at.unlink(self._at + "failures", self._at + "trial")
            self._note(at, answered_at=_now(), took=took)

        _with(note)

    def _failed(self, why: NotNow) -> None:
        def note(at: Any) -> None:
            self._note(at, error=str(why)[:200], error_at=_now())
            if isinstance(why, Throttled):
                at.set(self._at + "closed", "throttled", px=round((why.retry_after or BUSY_FOR) * 1000))
            elif not isinstance(why, AuthFailure):
                failures = int(at.incr(self._at + "failures"))
                at.pexpire(self._at + "failures", FORGOTTEN * 1000)
                if failures >= FAILURES:
                    at.set(self._at + "closed", "closed", px=round(max(PAUSE, why.retry_after or 0) * 1000))
            at.unlink(self._at + "trial")

        _with(note)

    def _note(self, at: Any, **facts: Any) -> None:
        at.hset(self._at + "last", mapping={name: str(value) for name, value in facts.items()})
        at.pexpire(self._at + "last", NOTED_FOR * 1000)

    def _standing(self, at: Any) -> Standing:
        closed, left, failures = self._look(at)
        last = {_text(name): _text(value) for name, value in at.hgetall(self._at + "last").items()}
        state = _text(closed) if closed else "trial" if failures >= FAILURES else "open"
        return Standing(
            state, max(left, 0) / 1000, failures, last.get("error"), _moment(last.get("error_at")),
            _moment(last.get("answered_at")), int(last["took"]) if "took" in last else None,
        )  # fmt: skip


def _text(said: Any) -> str:
    return said.decode() if isinstance(said, bytes) else str(said)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


class Alone:
    """What the gate needs of a Redis, for a process that has none: in its own memory."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, float]] = {}

    def get(self, name: str) -> Any:
        value, until = self._kept.get(name, (None, 0.0))
        return value if time.monotonic() < until else None

    def set(self, name: str, value: str, *, nx: bool = False, ex: float = 0, px: float = 0) -> bool:
        if nx and self.get(name) is not None:
            return False
        self._kept[name] = (value.encode(), time.monotonic() + (ex or px / 1000))
        return True

    def incr(self, name: str) -> int:
        number = int(self.get(name) or 0) + 1
        until = self._kept[name][1] if number > 1 else float("inf")
        self._kept[name] = (str(number).encode(), until)
        return number

    def pexpire(self, name: str, milliseconds: float) -> None:
        if name in self._kept:
            self._kept[name] = (self._kept[name][0], time.monotonic() + milliseconds / 1000)

    def pttl(self, name: str) -> int:
        return round((self._kept[name][1] - time.monotonic()) * 1000) if name in self._kept else -2

    def unlink(self, *names: str) -> None:
        for name in names:
            self._kept.pop(name, None)

    def hset(self, name: str, mapping: dict[str, str]) -> None:
        self._kept[name] = ({**(self.get(name) or {}), **mapping}, float("inf"))

    def hgetall(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self.get(name) or {}
        return found


_alone = Alone()


def _with(use: Callable[[Any], Any]) -> Any:
    """Use the shared memory; this process's own, when it cannot be reached."""
    try:
        return use(queue.client())
    except redis.RedisError:
        return use(_alone)
