"""The second lock: what the ORM reads and writes is held to the caller's scope, whatever a query has forgotten.

Queries narrow by `scope.covers` themselves. A session besides adds the scope of whoever it was opened for to each
statement about tenants' models or tables, also to `session.get`, and refuses to write a row that is somebody else's.
A tenants' table without its model deeper in a statement (alias, subquery, union) is refused: ask by the model. Without
anybody to work for it refuses all of them. What is said as text is held by the database itself (see `policies`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NoReturn

from sqlalchemy import Join, Table, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.attributes import PASSIVE_NO_FETCH, get_history
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import HasTraverseInternals

from . import policies
from .tenancy import Scope

# What stands in a statement, without what a SELECT finds out about its tables by itself: there models are no models.
_CHILDREN: Callable[[Any], Iterable[Any]] = HasTraverseInternals.get_children


class Unbound(RuntimeError):
    """Tenants' rows were asked for while nobody is known to work for: a mistake of ours, and never somebody's data."""


class Trespass(RuntimeError):
    """Somebody's row was to be written for somebody else: a mistake of ours, and nothing was written."""


class Guarded(Session):
    """A session that knows for whom it was opened: `info["scope"]`."""

    def _past_the_guard(self, *_: Any, **__: Any) -> NoReturn:
        raise Trespass("rows written in bulk come past the guard: use add_all, or a statement")

    bulk_save_objects = bulk_insert_mappings = bulk_update_mappings = _past_the_guard


@event.listens_for(Guarded, "after_begin")
def _introduce(session: Session, _transaction: Any, connection: Any) -> None:
    policies.tell(connection, session.info["scope"])


@event.listens_for(Guarded, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    scope, database = state.session.info["scope"], state.session.info["database"]
    if (scope is not None and scope.is_wide) or not database.shielded:
        return
    if state.is_insert:
        _hold_new(state, scope)
        return
    statement: Any = state.statement
    models, tables, below = _named(statement)
    if scope is None:
        if models or tables or below:
            raise Unbound(f"{database.name} was asked for tenants' rows, but for nobody")
        return
    if below or (models and not state.is_orm_statement):
        raise Trespass(f"{', '.join(sorted(below)) or 'a model'} stands too deep in a statement to be narrowed")
    if state.is_update and (isinstance(state.parameters, list) or "dml_strategy" in state.execution_options):
        raise Trespass("rows changed by their keys come past the guard: change them one by one")
    state.statement = _narrowed(statement, scope, models, tables)


def _narrowed(statement: Any, scope: Scope, models: set[Any], tables: set[Table]) -> Any:
    if models:
        statement = statement.options(*(_criterion(scope, one) for one in models))
    for table in tables:
        statement = statement.where(_covered(scope, table.c))
    return statement


def _named(statement: Any) -> tuple[set[Any], set[Table], set[str]]:
    """Tenants' models that a statement names anywhere, their tables at its top, and the names of those below it."""
    models, tables, below = set(), set(), set[str]()
    waiting = [(one, False) for one in _CHILDREN(statement)]
    while waiting:
        element, deep = waiting.pop()
        entity = element._annotations.get("parententity")
        if entity is not None:
            if "customer_id" in entity.mapper.local_table.c:
                models.add(entity.mapper.class_)
        elif not isinstance(element, Table):
            within = deep or (element.is_selectable and not isinstance(element, (Join, FunctionElement)))
            waiting += [(one, within) for one in _CHILDREN(element)]
        elif "customer_id" in element.c:
            if deep:
                below.add(element.name)
            else:
                tables.add(element)
    return models, tables, below


def _hold_new(state: ORMExecuteState, scope: Scope | None) -> None:
    """Refuse to insert what is somebody else's; what anybody may add for anybody is left to the policies."""
    statement: Any = state.statement
    table = statement.table
    if statement.select is not None and any(_named(statement.select)):
        raise Trespass(f"{table.name} was to be filled from a query, which comes past the guard")
    if "customer_id" not in table.c or table.name in policies.APPENDED:
        return
    if scope is None:
        raise Unbound(f"{table.name} was to be written, but for nobody")
    if hasattr(statement._post_values_clause, "update_values_to_set"):
        raise Trespass(f"a row of {table.name} that is there already was to be changed, whosesoever it is")
    for row in _rows(state, statement):
        _allow(scope, table.name, row.get("customer_id"), row.get("reseller_id"))


def _rows(state: ORMExecuteState, statement: Any) -> Iterator[dict[str, Any]]:
    told = state.parameters or {}
    same = _plain(statement._values or {})
    several = [row for rows in statement._multi_values for row in rows]
    for row in (*(told if isinstance(told, list) else [told]), *several):
        yield same | _plain(row)


def _plain(row: Any) -> dict[str, Any]:
    """A row's values by the names of their columns."""
    return {str(getattr(key, "key", key)): getattr(value, "value", value) for key, value in dict(row).items()}


def _allow(scope: Scope, name: str, customer_id: Any, reseller_id: Any) -> None:
    if not scope.allows(customer_id, reseller_id):
        raise Trespass(f"{name} was to be written for somebody else than its customer")


@event.listens_for(Guarded, "before_flush")
def _hold(session: Session, _context: Any, _instances: Any) -> None:
    scope: Scope | None = session.info["scope"]
    if (scope is not None and scope.is_wide) or not session.info["database"].shielded:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if not hasattr(row, "customer_id"):
            continue
        name = type(row).__name__
        if scope is None:
            raise Unbound(f"{name} was to be written, but for nobody")
        _allow(scope, name, row.customer_id, getattr(row, "reseller_id", None))
        if inspect(row).has_identity and any(_changed(row, one) for one in ("customer_id", "reseller_id")):
            raise Trespass(f"{name} was to change whose it is")


def _changed(row: Any, name: str) -> bool:
    return hasattr(row, name) and bool(get_history(row, name, PASSIVE_NO_FETCH).added)


@lru_cache(maxsize=4096)
def _criterion(scope: Scope, model: Any) -> ExecutableOption:
    return with_loader_criteria(model, _covered(scope, model), include_aliases=True)


def _covered(scope: Scope, columns: Any) -> Any:
    """The scope over a model or a table's columns; what knows no reseller is its customer's alone."""
    narrow = scope if hasattr(columns, "reseller_id") else Scope("customer", scope.customer_id)
    return narrow.covers(columns)
