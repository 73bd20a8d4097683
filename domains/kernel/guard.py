"""The second lock: what the ORM reads and writes is held to the caller's scope, whatever a query has forgotten.

Queries narrow by `scope.covers` themselves. A session besides adds the scope of whoever it was opened for to each
statement about tenants' models or tables, also to `session.get`, and refuses to write a model's row that is somebody
else's. Without anybody to work for it refuses both. What is said as text, or inserted into a table without a model, is
held by the database itself (see `policies`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Delete, Select, Table, Update, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.util import find_tables

from . import policies
from .tenancy import Scope


class Unbound(RuntimeError):
    """Tenants' rows were asked for while nobody is known to work for: a mistake of ours, and never somebody's data."""


class Trespass(RuntimeError):
    """Somebody's row was to be written for somebody else: a mistake of ours, and nothing was written."""


class Guarded(Session):
    """A session that knows for whom it was opened: `info["scope"]`."""


@event.listens_for(Guarded, "after_begin")
def _introduce(session: Session, _transaction: Any, connection: Any) -> None:
    policies.tell(connection, session.info["scope"])


@event.listens_for(Guarded, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    scope, database = state.session.info["scope"], state.session.info["database"]
    if (scope is not None and scope.is_wide) or not database.shielded or state.is_insert:
        return
    if scope is None:
        _refuse_to_guess(database.name, state.statement)
    elif state.is_orm_statement:  # all models, as a statement may name any in a join or a subquery
        state.statement = state.statement.options(*_criteria(scope, database.Model))
    else:
        state.statement = _narrowed(state.statement, scope)


def _refuse_to_guess(name: str, statement: Any) -> None:
    if any(isinstance(one, Table) and "customer_id" in one.c for one in visitors.iterate(statement)):
        raise Unbound(f"{name} was asked for tenants' rows, but for nobody")


def _narrowed(statement: Any, scope: Scope) -> Any:
    """A statement about tables instead of models, with the scope of each that it is about."""
    if isinstance(statement, Select):
        tables = [table for source in statement.get_final_froms() for table in find_tables(source)]
    else:
        tables = [statement.table] if isinstance(statement, (Update, Delete)) else []  # type: ignore[list-item]
    for table in tables:
        if "customer_id" in table.c:
            statement = statement.where(_covered(scope, table.c))
    return statement


@event.listens_for(Guarded, "before_flush")
def _hold(session: Session, _context: Any, _instances: Any) -> None:
    scope: Scope | None = session.info["scope"]
    if (scope is not None and scope.is_wide) or not session.info["database"].shielded:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if not hasattr(row, "customer_id"):
            continue
        if scope is None:
            raise Unbound(f"{type(row).__name__} was to be written, but for nobody")
        if not scope.allows(row.customer_id, getattr(row, "reseller_id", None)):
            raise Trespass(f"{type(row).__name__} was to be written for somebody else than its customer")


@lru_cache(maxsize=4096)
def _criteria(scope: Scope, base: Any) -> tuple[ExecutableOption, ...]:
    models = [mapper.class_ for mapper in base.registry.mappers if "customer_id" in mapper.local_table.c]
    return tuple(with_loader_criteria(one, _covered(scope, one), include_aliases=True) for one in models)


def _covered(scope: Scope, columns: Any) -> Any:
    """The scope over a model or a table's columns; what knows no reseller is its customer's alone."""
    narrow = scope if hasattr(columns, "reseller_id") else Scope("customer", scope.customer_id)
    return narrow.covers(columns)
