"""One try to get at somebody else's: where the foreign id was put, and what the answer may be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from werkzeug.test import TestResponse

from domains.kernel.config import DATABASES
from domains.kernel.database import Database
from migrations.rights import database_of
from tests.portal.visitor import summary_of

from .world import Tenant

NOT_THERE = frozenset({404})
NOTHING_FOUND = frozenset({200, 204, 303, 400, 404})  # a filter: what it finds is the caller's own, if anything


@dataclass(frozen=True)
class Case:
    """A request with one id of a stranger's in it."""

    door: str
    method: str
    route: str
    place: str  # "path order_id", "body lines[].offer_id", "query cursor", "header Idempotency-Key"
    path: str
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    may: frozenset[int] = NOT_THERE
    kept: bool = False  # what is sent is kept in one's own rows, as it was said
    put: frozenset[str] = frozenset()  # the stranger's ids that were sent, so that an echo of them tells nothing

    @property
    def name(self) -> str:
        return f"{self.door} {self.method} {self.route} [{self.place}]"


def leaks(case: Case, answer: TestResponse, me: Tenant, victim: Tenant) -> Iterator[str]:
    """What is wrong with an answer: a status that tells something, or something of the stranger's in it."""
    if answer.status_code not in case.may:
        is_page = answer.mimetype == "text/html"
        code = summary_of(answer) if is_page else (answer.get_json(silent=True) or {}).get("code", "")
        yield f"{case.name}: {answer.status_code} {code}"
    said = answer.get_data().decode("utf-8", "replace") + "".join(
        f"{name}: {value}\n" for name, value in answer.headers
    )
    for secret in sorted(victim.secrets - case.put - set(me.ids.values())):
        if secret in said:
            yield f"{case.name}: holds {secret} of {victim.name}"
    if "Idempotent-Replayed" in answer.headers:
        yield f"{case.name}: was given another caller's answer"


def rows_of(victims: Iterable[Tenant]) -> dict[str, str]:
    """Every row of all databases that has an id of these tenants in it, as a digest by table."""
    ids = {id for victim in victims for id in victim.ids.values()}
    marks = ids | {id.replace("-", "") for id in ids}
    return {
        f"{database.name}.{table.name}": _digest(database, table.name, marks)
        for database in map(database_of, DATABASES)
        for table in database.metadata.sorted_tables
    }


def _digest(database: Database, table: str, marks: set[str]) -> str:
    with database.begin_read() as session:
        rows = [repr(tuple(row)) for row in session.execute(text(f'SELECT * FROM "{table}"'))]
    return hashlib.sha256(
        "\n".join(sorted(row for row in rows if any(mark in row for mark in marks))).encode()
    ).hexdigest()


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables in which rows of the victims' are not as they were."""
    return [f"rows in {table} have changed" for table in before if before[table] != after[table]]
