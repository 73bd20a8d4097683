"""Every query of the product can be asked of Azure SQL and means the same there; locks are locks there, too."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Executable, case, exists, func, literal, select, text, true, tuple_
from sqlalchemy.dialects.sqlite import insert

from domains.accounts import db
from domains.kernel.config import DATABASES
from domains.kernel.database import claimed, locked
from saga.tables import run
from saga.transports import inline
from tests.api.conftest import app as app
from tests.api.test_whole_story import transport as transport

from .azure import printed
from .rules import PASSING_OVER, WAITING, faults_of
from .story import everything
from .watch import ROOT, Watched, as_azure_is_asked, watching

HINT = re.compile(r" WITH \([A-Z, ]+\)")
SAGAS = re.compile(r"(?<=:definition_version_1 OR ).*(?=\) ORDER BY)")  # as many as this process knows
ASKING = re.compile(
    r"\b(select|update|delete|insert|insert_new|locked|claimed|page|get_one)\("
    r"|\bsession\.(get|add|add_all|scalar|scalars|execute)\("
)


@pytest.mark.slow
def test_everything_that_is_asked_means_the_same_on_azure_sql(
    app: Flask, transport: inline.Transport, same_as_snapshot: Callable[[str, str], None], database_url: str
) -> None:
    if database_url:
        pytest.skip("PostgreSQL is told sets of rows in words of its own; Azure SQL's stand in test_sets.py")
    with watching() as watched:
        everything(app, transport)

    assert set(watched.statements) == set(DATABASES)
    assert list(faults_in(watched)) == []
    assert list(never_asked(watched)) == [], "tests/mssql/story.py does not come by here"
    for name in DATABASES:
        same_as_snapshot(f"locks/{name}.sql", locks_of(watched.statements[name]))


def faults_in(watched: Watched) -> Iterator[str]:
    for name, statements in watched.statements.items():
        for told, statement in statements.items():
            yield from (f"{name}: {fault}:\n{told}" for fault in faults_of(statement))


def never_asked(watched: Watched) -> Iterator[str]:
    """Functions that ask a database and were not run in the story."""
    ran = {(code.co_filename, code.co_name) for code in watched.ran}
    for path in sorted([*(ROOT / "domains").rglob("*.py"), *(ROOT / "saga").rglob("*.py")]):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            asks = isinstance(function, ast.FunctionDef) and ASKING.search(ast.unparse(function))
            if asks and (str(path), function.name) not in ran:
                yield f"{path.relative_to(ROOT)} {function.name}"


def locks_of(statements: dict[str, Executable]) -> str:
    """The statements that lock something, without the columns they read."""
    short = {re.sub(r"^SELECT (TOP \S+ )?.*", r"SELECT \1…", told) for told in statements if HINT.search(told)}
    short = {SAGAS.sub("…", told) for told in short}
    return "".join(f"{told};\n\n" for told in sorted(short))


def test_a_lock_waits_and_a_claim_passes_over() -> None:
    query = run.select().order_by(run.c.id).limit(3)

    assert list(faults_of(locked(query, run))) == list(faults_of(claimed(query, run))) == []
    assert list(faults_of(query.with_for_update())) == [f"a lock that is not there: {WAITING}"]
    assert list(faults_of(query.with_for_update(skip_locked=True))) == [f"a lock that is not there: {PASSING_OVER}"]
    assert list(faults_of(query.with_for_update(nowait=True).with_hint(run, WAITING, "mssql"))) == [
        "a kind of lock that there is not"
    ]


inner = select(run.c.id).where(run.c.seq == 1)
FAULTS: dict[str, Any] = {
    "some rows without an order": select(run.c.id).limit(1),
    "some rows without an order ": select(run.c.id).where(run.c.id.in_(inner.limit(2))),
    "a comparison is no value": select(run.c.seq == 1),
    "EXISTS is no value: CASE WHEN EXISTS": select(exists(inner)),
    "there is no NULLS FIRST": select(run.c.id).order_by(run.c.next_at.nulls_last()),
    "there are no rows of values to compare": select(run.c.id).where(tuple_(run.c.seq, run.c.rev) < (1, 2)),
    "hand-written SQL": select(run.c.id).where(text("1 = 1")),
    "strftime() may be another thing there": select(func.strftime("%Y", run.c.created_at)),
    "a group is not known again when a value in it is sent apart": select(func.count()).group_by(
        func.coalesce(run.c.seq, 5)
    ),
    "rows that are told apart by what is not seen": select(run.c.status).distinct().order_by(run.c.created_at),
    "ordered by the same column twice": select(run.c.id).order_by(run.c.id, run.c.id.desc()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_seen(fault: str) -> None:
    assert fault.strip() in list(faults_of(FAULTS[fault]))


@pytest.mark.parametrize(
    "statement",
    [
        select(case((exists(inner), literal(1)), else_=literal(0))),
        select(run.c.pivoted).where(run.c.pivoted == true()).order_by(run.c.id).limit(1),
        select(run.c.id).where(run.c.label.contains("a_%/|| LIMIT ", autoescape=True)),
        select(run.c.status, func.count()).group_by(run.c.status).order_by(run.c.status).distinct(),
        select(run.c.id).where(run.c.id.in_(inner.order_by(run.c.id).limit(2))),
    ],
)
def test_what_means_the_same_is_let_through(statement: Any) -> None:
    assert list(faults_of(statement)) == []


def test_insert_new_is_asked_in_two_statements_that_hold_the_gap() -> None:
    series = db.number_series
    once = insert(series).values(series="ORD", last=1).on_conflict_do_nothing(index_elements=[series.c.series])

    look, write = [printed(statement) for statement in as_azure_is_asked(once)]

    assert look.endswith("FROM number_series WITH (UPDLOCK, HOLDLOCK)\nWHERE number_series.series = :series")
    assert write == "INSERT INTO number_series (series, last) VALUES (:series, :last)"
