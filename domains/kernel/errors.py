"""The four ways the business can say no. Each surface maps them once, by class, and nothing else.

Their texts are fit for a customer: they say what is wrong and how to mend it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any


def N_(text: str) -> str:
    """Mark a text for the translators; it is translated where it is shown."""
    return text


class Said(str):
    """An English sentence that remembers its text and what was filled in, so that it can be said in other languages.

    `Said("It ends on %(day)s.", day=valid_to)`: `text` is the source that catalogues know, `values` are unformatted.
    """

    text: str
    values: dict[str, Any]

    def __new__(cls, text: str, **values: Any) -> Said:
        filled = text % {name: _in_english(value) for name, value in values.items()} if "%(" in text else text
        said = super().__new__(cls, filled)
        said.text, said.values = text, values if "%(" in text else {}
        return said


def _in_english(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%-d %B %Y, %H:%M} UTC"
    if isinstance(value, date):
        return f"{value:%-d %B %Y}"
    return ", ".join(map(_in_english, value)) if isinstance(value, (tuple, list)) else str(value)


class DomainError(Exception):
    """A clear answer that is not yes. `code` is contract; `detail` is for people and may be reworded.

    `field` names the input at fault where there is one; `params` fill the placeholders of the text, and say more to
    programs.
    """

    default_code = "error"

    def __init__(self, detail: str, *, code: str | None = None, field: str | None = None, **params: Any) -> None:
        self.detail = detail if isinstance(detail, Said) else Said(detail, **params)
        super().__init__(self.detail)
        self.code = code or self.default_code
        self.field = field
        self.params = params


class Invalid(DomainError):
    """The input cannot be right, whatever the state (422)."""

    default_code = "invalid"


class NotFound(DomainError):
    """There is no such thing for this caller; another tenant's thing looks the same (404)."""

    default_code = "not_found"


class Conflict(DomainError):
    """The thing has changed, or is busy, since the caller looked (409)."""

    default_code = "conflict"


class Refused(DomainError):
    """The business says no (422): the request is well formed, the rules or the provider do not allow it."""

    default_code = "refused"


class NotNow(Exception):
    """A technical no: nothing is known to be wrong, ask again in `retry_after` seconds (None: the caller's backoff)."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Locked(NotNow):
    """Somebody else's run holds what is needed: wait for it. `refusal` is what is said when that took too long."""

    def __init__(self, refusal: DomainError) -> None:
        super().__init__(str(refusal.detail))
        self.refusal = refusal


class Pending(Exception):
    """Not done yet, by its nature: nothing final is stored, no attempt is counted, ask again in `retry_after` seconds.

    `waiting_for` is a stable word for what we wait for (provider, approval).
    """

    def __init__(self, waiting_for: str, *, retry_after: float = 2.0) -> None:
        super().__init__(waiting_for)
        self.waiting_for = waiting_for
        self.retry_after = retry_after
