"""The second lock: what the ORM reads and writes is held to the caller's scope, whatever a query has forgotten.

Queries narrow by `scope.covers` themselves. A session besides adds the scope of whoever it was opened for to each
statement about tenants' models, also to `session.get`, and refuses to write a row that is somebody else's. Without
anybody to work for it refuses both. What is asked without the ORM is held by the database itself (see `policies`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Table, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlalchemy.sql.base import ExecutableOption

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
    if (scope is not None and scope.is_wide) or not database.shielded or not state.is_orm_statement:
        return
    if scope is not None:  # all of them, as a statement may name any in a join or a subquery
        state.statement = state.statement.options(*_criteria(scope, database.Model))
    elif any(isinstance(one, Table) and "customer_id" in one.c for one in visitors.iterate(state.statement)):  # type: ignore[arg-type]
        raise Unbound(f"{database.name} was asked for tenants' rows, but for nobody")


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
    return tuple(with_loader_criteria(model, scope.covers(model), include_aliases=True) for model in models)
