"""The person a run reports to when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domains.kernel.tenancy import Caller


@dataclass(frozen=True)
class Person:
    """Who asked for something and hears of its outcome; a program has no `user_id` and may have no `email`."""

    user_id: UUID | None
    name: str
    email: str
    language: str


def person_of(caller: Caller) -> Person:
    """The person (or program) behind a request, in the language of its preferences."""
    user_id = UUID(caller.actor.id) if caller.actor.kind == "user" else None
    preferences = caller.preferences
    return Person(user_id, caller.actor.name, preferences.get("email", ""), preferences.get("language", "en"))
