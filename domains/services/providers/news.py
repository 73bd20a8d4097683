"""What a provider tells of its own accord: hints that something has happened, thin ones, that may be late or lost."""

from __future__ import annotations

from datetime import datetime

from .border import ProviderId, Word


class Hint(Word, frozen=True):
    """Something may have happened over there, as a webhook or the list of changes says; what did, only a look can tell.

    `customer` is our reference of the tenant, where the provider says it.
    """

    most = {"kind": 80}

    kind: str
    subscription_id: ProviderId | None
    customer: str | None
    at: datetime


class ChangesPage(Word, frozen=True):
    """What has happened since a cursor; ask again from `cursor`, at once when there is more."""

    most = {"cursor": 4000}

    items: tuple[Hint, ...]
    cursor: str | None
    has_more: bool = False
