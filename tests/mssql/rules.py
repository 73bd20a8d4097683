"""What Azure SQL would misunderstand, refuse, or silently take for something else, in one statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import BindParameter, Boolean, Column, Label, Select, TextClause
from sqlalchemy.sql import ClauseElement, visitors
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import ForUpdateArg

from domains.kernel import clock

from .azure import printed

WAITING = "WITH (UPDLOCK, ROWLOCK)"
PASSING_OVER = "WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)"
FOREIGN = {
    r"\bMERGE\b": "MERGE is not atomic",
    r"\bFOR UPDATE\b|\bSKIP LOCKED\b": "there is no FOR UPDATE",
    r"\bON CONFLICT\b|\bRETURNING\b|\bILIKE\b|\bLIMIT\b|\|\||::": "another database's words",
    r"\bNULLS (FIRST|LAST)\b": "there is no NULLS FIRST",
    r"\bIS (NOT )?(true|false|1|0)\b|(=|!=) (true|false)\b": "a bit is compared with 1",
    r"SELECT (TOP \S+ )?(NOT )?\(?EXISTS": "EXISTS is no value: CASE WHEN EXISTS",
    r"\([\w.]+, [\w., ]+\) (<|>|=|IN)": "there are no rows of values to compare",
    r"\bFILTER \(": "an aggregate has no FILTER",
}
KNOWN = {"count", "sum", "max", "min", "coalesce", "lower", "upper", "row_number"}  # the same in all three


def faults_of(statement: Any) -> Iterator[str]:
    """Everything that is wrong with a statement on Azure SQL."""
    told = printed(statement)
    quiet = re.sub(r"'[^']*'", "''", told)
    yield from (why for pattern, why in FOREIGN.items() if re.search(pattern, quiet, re.IGNORECASE))
    for part in visitors.iterate(statement):
        if isinstance(part, Select):
            yield from _of_select(part, told)
        elif isinstance(part, FunctionElement) and getattr(part, "name", "") not in KNOWN:
            yield f"{getattr(part, 'name', part)}() may be another thing there"
        elif isinstance(part, TextClause) and not any(part is known for known in clock._NOW.values()):
            yield "hand-written SQL"


def _of_select(part: Select[Any], told: str) -> Iterator[str]:
    cut = (part._limit_clause, part._offset_clause, part._fetch_clause)
    if any(clause is not None for clause in cut) and not part._order_by_clauses:
        yield "some rows without an order"
    if part._for_update_arg is not None:
        yield from _of_lock(part._for_update_arg, told)
    for column in part._raw_columns:
        asked = column.element if isinstance(column, Label) else column
        if isinstance(getattr(asked, "type", None), Boolean) and not isinstance(asked, Column):
            yield "a comparison is no value"
    if any(isinstance(found, BindParameter) for clause in part._group_by_clauses for found in visitors.iterate(clause)):
        yield "a group is not known again when a value in it is sent apart"
    yield from _of_order(part)


def _of_lock(lock: ForUpdateArg, told: str) -> Iterator[str]:
    """Without these hints `FOR UPDATE` is dropped without a word, and nothing is locked."""
    hint = PASSING_OVER if lock.skip_locked else WAITING
    if hint not in told:
        yield f"a lock that is not there: {hint}"
    if lock.nowait or lock.read or lock.key_share:
        yield "a kind of lock that there is not"


def _of_order(part: Select[Any]) -> Iterator[str]:
    chosen = {str(column) for column in part.selected_columns}
    if part._distinct and any(str(_bare(clause)) not in chosen for clause in part._order_by_clauses):
        yield "rows that are told apart by what is not seen"
    if len({str(_bare(clause)) for clause in part._order_by_clauses}) != len(part._order_by_clauses):
        yield "ordered by the same column twice"


def _bare(clause: ClauseElement) -> ClauseElement:
    return getattr(clause, "element", clause) if type(clause).__name__ == "UnaryExpression" else clause
