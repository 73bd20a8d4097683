"""Many runs at once, each helped by itself: one that cannot be is left as it is, and holds up no other."""

from __future__ import annotations

from dataclasses import replace

from domains.kernel.errors import Conflict, DomainError, NotFound
from domains.kernel.tenancy import Actor, Scope

from . import console, tables
from .interventions import intervene
from .tables import Run


def retry_all(
    scope: Scope, wanted: console.Wanted, *, limit: int, reason: str, actor: Actor
) -> list[tuple[Run, DomainError | None]]:
    """Try those again that are as wanted and have not ended, the newest first, at most `limit`.

    Gives each run as it is then, with why it was not tried again, if it was not. A run that moves on meanwhile is
    refused, as everything is that was decided on an older sight of it.
    """
    unfinished = tuple(status for status in wanted.statuses or console.OPEN if status in console.OPEN)
    if not unfinished:
        return []
    with tables.db.begin_read() as session:
        found = console.list_runs(session, scope, replace(wanted, statuses=unfinished), limit=limit).items
    return [_retried(scope, run, reason, actor) for run in found]


def _retried(scope: Scope, run: Run, reason: str, actor: Actor) -> tuple[Run, DomainError | None]:
    try:
        return intervene(scope, run.id, "retry", expected_rev=run.rev, reason=reason, actor=actor), None
    except (Conflict, NotFound) as no:
        return run, no
