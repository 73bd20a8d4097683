"""The closed set of what a provider's answer may mean for us, whatever protocol it speaks; each adapter maps onto it.

A saga goes by three kinds alone. A clear no (Refused, NotFound): nothing was done, and what went before may be taken
back. Not now (NotNow, Pending): nothing was done, ask again. UnknownOutcome: nobody can know, look it up first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domains.kernel.errors import NotFound, NotNow, Pending, Refused

from ..errors import refusal


class InvalidRequest(Refused):
    """What we have asked for cannot be right, now or later."""


class NotAllowedNow(Refused):
    """The provider's rules do not allow it at this time; `available_at` says from when they will, where it is known."""

    @property
    def available_at(self) -> datetime | None:
        """From when it will be possible."""
        found = self.params.get("available_from")
        return found if isinstance(found, datetime) else None


class NotEligible(Refused):
    """This customer cannot have this offer, until somebody has done something about it: an agreement, a check."""


class LimitExceeded(Refused):
    """More than the provider gives: of seats, credit, capacity, or changes."""


class Stale(Refused):
    """What we have changed is no longer what it was when we looked."""


class PermanentFailure(Refused):
    """It will not be done, whatever we do."""


class NotSupported(Refused):
    """The provider has no such thing: its capabilities say so, and our own rules stand in where they can."""


class Busy(Pending):
    """Something else is under way there, one at a time: ask again under the same id."""


class Throttled(NotNow):
    """We have asked too often."""


class AuthFailure(NotNow):
    """The provider does not let us in: nothing was done, and a person of ours must look."""


class TemporaryFailure(NotNow):
    """The provider cannot be asked for the moment: nothing was done."""


class UnknownOutcome(NotNow):
    """Nobody can say whether the call had an effect: look it up before asking again."""


class AlreadyDone(UnknownOutcome):
    """The provider says that it has done this before: look up what became of it, and go on from there."""


CLEAR_NOES: tuple[type[Refused], ...] = (
    InvalidRequest, NotAllowedNow, NotEligible, LimitExceeded, Stale, PermanentFailure, NotSupported,
)  # fmt: skip
NOT_NOW: tuple[type[NotNow], ...] = (Throttled, AuthFailure, TemporaryFailure, UnknownOutcome, AlreadyDone)
CLASSES: tuple[type[Exception], ...] = (*CLEAR_NOES, NotFound, Busy, *NOT_NOW)


def meaning(kind: type[Exception], code: str, message: str = "", wait: float | None = None, **params: Any) -> Exception:
    """An answer of one class, with the provider's code and words; `wait` is how many seconds it has asked for."""
    if issubclass(kind, Refused):
        return refusal(code, message, kind=kind, **params)
    if issubclass(kind, NotFound):
        return kind("The provider does not know this.", code=code)
    if issubclass(kind, Pending):
        return kind("provider", retry_after=wait or 2.0)
    if issubclass(kind, NotNow):
        return kind(f"the provider answered {code}: {message}", retry_after=wait)
    raise TypeError(f"{kind.__name__} is none of the classes of answers")


class Unverified(Exception):
    """A webhook that its provider has not signed, or not just now: nothing of it is believed."""
