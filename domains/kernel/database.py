"""One database per domain: its tables, its engine, its transactions, on SQLite, PostgreSQL and Azure SQL alike.

A session never spans two databases. Whoever opens one owns the transaction; nothing outside this module commits.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy
from sqlalchemy import Connection, Engine, ExceptionContext, MetaData, Select, Table, event
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm import DeclarativeBase, Session

from . import azure, config, failpoint, policies, stamps, tables, tenancy
from .columns import id_of as id_of
from .columns import new_id as new_id
from .guard import Guarded

log = logging.getLogger(__name__)
T = TypeVar("T")
POOL = {"pool_size": 4, "max_overflow": 4, "pool_timeout": 5, "pool_pre_ping": True, "pool_recycle": 1500,
        "pool_use_lifo": True, "hide_parameters": True}  # fmt: skip
RESTED = 1.0  # seconds unused, after which a connection is asked whether it is alive before it is used
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
}


class Database:
    """One domain's database. `Model` is the base of its mapped classes; the engine is made at first use."""

    def __init__(
        self, name: str, *, domain: bool = True, audited: bool = True, stamped: bool = False, shielded: bool = True
    ) -> None:
        """`shielded`: its sessions see what is their caller's, whatever a query says (see `guard` and `policies`)."""
        self.name, self.shielded = name, shielded
        self.metadata = MetaData(naming_convention=NAMING)
        self.Model: Any = type("Model", (DeclarativeBase,), {"metadata": self.metadata})
        if domain:  # what each domain keeps beside its own tables, so that it commits with them
            self.inbox = tables.inbox(self.metadata)
            self.outbox = tables.outbox(self.metadata)
            self.consumed = tables.consumed(self.metadata)
            self.idempotency = tables.idempotency(self.metadata)
            self.number_series = tables.number_series(self.metadata)
        if audited:
            self.audit_entry, self.audit_value, self.audit_origin, *others = tables.audit(self.metadata)
            self.audit_waiting, self.audit_seal, self.audit_head = others
        self.stamp = tables.stamp(self.metadata) if stamped else None  # where lists are kept in the cache

    @property
    def engine(self) -> Engine:
        """This process's engine: another one after a fork, so that no connection is shared."""
        return _engine(self.name)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Open a session that commits at the end of the `with`, or rolls back on an error."""
        with self._session(self.engine) as session, session.begin():
            yield session
            if self.stamp is not None:
                for topic in stamps.noted(session):
                    _stamp(session, self.stamp, topic)

    @contextmanager
    def begin_read(self) -> Iterator[Session]:
        """Open a session that can only read, and sees one moment (Azure SQL: the moment of each statement).

        On SQLite it takes no write lock.
        """
        engine = self.engine.execution_options(cloudsales_read=True)
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
        with self._session(engine) as session, session.begin():
            yield session

    def _session(self, engine: Engine) -> Session:
        return Guarded(engine, expire_on_commit=False, info={"database": self, "scope": tenancy.bound()})


_engines: dict[tuple[int, str], Engine] = {}


def bind(settings: config.Settings) -> None:
    """Give this process its settings, so that databases know where they are. Entry points call it once, tests each."""
    config.use(settings)
    failpoint.arm(settings.failpoint)
    for engine in _engines.values():
        engine.dispose(close=True)
    _engines.clear()


def _engine(name: str) -> Engine:
    key = (os.getpid(), name)
    engine = _engines.get(key)
    if engine is None:
        engine = _engines[key] = make_engine(config.current().database_url_of(name))
        if config.current().is_production:
            policies.watch(engine)
    return engine


def make_engine(url: str) -> Engine:
    """Make an engine with the settings each server needs (see the functions below).

    `create_engine` is looked up when it is called: tracing puts its own in its place.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            os.makedirs(os.path.dirname(parsed.database), exist_ok=True)
        engine = sqlalchemy.create_engine(parsed, connect_args={"timeout": 10}, hide_parameters=True)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if parsed.get_backend_name() == "mssql":
        engine = azure.make_engine(parsed, **POOL)
        event.listen(engine, "checkin", policies.forget_on_azure)
    else:
        engine = sqlalchemy.create_engine(parsed, **POOL)
        event.listen(engine, "connect", policies.introduce_worker)
        _ping_rested(engine)
    event.listen(engine, "handle_error", _say_unreachable)
    return engine


def _ping_rested(engine: Engine) -> None:
    """Ask a connection whether it is alive only when it has rested: one that was just in use is."""
    ping, rests_since = engine.dialect.do_ping, WeakKeyDictionary[Any, float]()

    def do_ping(connection: Any) -> bool:
        return time.monotonic() - rests_since.get(connection, -RESTED) < RESTED or ping(connection)

    def checkin(connection: Any, _record: Any) -> None:
        if connection is not None:
            rests_since[connection] = time.monotonic()

    engine.dialect.do_ping = do_ping  # type: ignore[method-assign, assignment]
    event.listen(engine, "checkin", checkin)


def _say_unreachable(failure: ExceptionContext) -> None:
    """Leave one line in the log of each connection that could not be made; a pool and its callers only say that."""
    if failure.connection is None and not failure.is_pre_ping and failure.engine is not None:
        name = failure.engine.url.database
        # no warning: where no log is kept, as in the command line, who asked says it
        log.info("cannot connect", extra={"database": name, "why": azure.why(failure.original_exception)})


class Unreachable(SystemExit):
    """A database cannot be reached; the text says which one, why, and how to mend it, in one line without secrets."""


def reached(url: str, name: str) -> Engine:
    """Make an engine for a server that answers; ends the process, told, when there is none."""
    try:
        engine = make_engine(url)
    except azure.CannotConnect as lack:
        raise Unreachable(f"the database of {name}: {azure.why(lack.orig or lack)}") from None
    wait_until_reachable(engine, name)
    return engine


def wait_until_reachable(engine: Engine, name: str, *, patience: float = 90.0, delay: float = 5.0) -> None:
    """Connect once. A database that is resting or moving is waited for; any other fault ends the process, told."""
    until = time.monotonic() + patience
    while True:
        try:
            with engine.connect():
                return
        except DBAPIError as error:
            if not azure.is_away(error) or time.monotonic() + delay > until:
                raise Unreachable(f"the database of {name}: {azure.why(error.orig or error)}") from None
        time.sleep(delay)
        delay = min(delay * 2, 60.0)


def repeated(work: Callable[[], T], tries: int = 4) -> T:
    """Do a whole unit of work, which opens and ends its own transaction, and again when that fell victim to another.

    Only for work that may be done twice: nothing of it is left in the database when it is done again.
    """
    for number in range(1, tries):
        try:
            return work()
        except DBAPIError as error:
            if not _is_victim(error):
                raise
            log.info("done again after a deadlock", extra={"tries": number})
            time.sleep(0.02 * 2**number)
    return work()


def _is_victim(error: DBAPIError) -> bool:
    return azure.is_victim(error) or getattr(error.orig, "sqlstate", None) in ("40001", "40P01")


def is_away(error: Exception) -> bool:
    """Whether it is the database's own trouble (gone, too busy, out of time), whatever it was asked."""
    return isinstance(error, (OperationalError, InterfaceError, TimeoutError))


def is_unreachable(error: Exception) -> bool:
    """Whether a database could not be reached, or was lost on the way, so that nothing can be said of the work."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or error.statement is None
    return isinstance(error, TimeoutError)


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself; _sqlite_begin does
    connection.create_function("lower", 1, _lower, deterministic=True)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _lower(text: Any) -> Any:
    """SQLite's own lower() knows only A to Z: without this, nobody would find “Ärzte”."""
    return text.lower() if isinstance(text, str) else text


def _sqlite_begin(connection: Connection) -> None:
    # A writer takes the lock at once: a read that turns into a write later would fail without waiting.
    reading = connection.get_execution_options().get("cloudsales_read")
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def locked(query: Select[Any], table: Any) -> Select[Any]:
    """Lock the rows the query finds until the transaction ends, waiting for whoever holds them."""
    return query.with_for_update().with_hint(table, "WITH (UPDLOCK, ROWLOCK)", "mssql")


def claimed(query: Select[Any], table: Any) -> Select[Any]:
    """Lock the rows the query finds and pass over those that others hold (a queue in a table).

    The hints are for Azure SQL, where `FOR UPDATE SKIP LOCKED` would be dropped without a word; READCOMMITTEDLOCK is
    needed because READPAST is refused under row versioning.
    """
    hint = "WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)"
    return query.with_for_update(skip_locked=True).with_hint(table, hint, "mssql")


def insert_new(session: Session, table: Table, values: dict[str, Any], key: str) -> bool:
    """Insert a row unless one with the same `key` column is there. True when it was inserted.

    On SQLite and PostgreSQL a concurrent twin is waited for; on Azure SQL the range is locked first, because a
    duplicate-key error would doom the whole transaction.
    """
    dialect = session.get_bind().dialect.name
    if dialect == "mssql":
        query = table.select().where(table.c[key] == values[key]).with_hint(table, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
        if session.execute(query).first() is not None:
            return False
        session.execute(table.insert().values(values))
        return True
    insert = postgresql_insert if dialect == "postgresql" else sqlite_insert
    statement = insert(table).values(values).on_conflict_do_nothing(index_elements=[table.c[key]])
    return session.execute(statement.returning(table.c[key])).first() is not None


def _stamp(session: Session, table: Table, topic: str) -> None:
    row, same = {"topic": topic, "value": new_id()}, table.c.topic == topic
    change = table.update().where(same).values(value=row["value"])
    found: Any = session.execute(change)
    if found.rowcount == 0 and not insert_new(session, table, row, "topic"):
        session.execute(change)  # somebody else's first one came between


def database_of(session: Session) -> Database:
    """The domain database a session was opened on."""
    return session.info["database"]  # type: ignore[no-any-return]


def next_number(session: Session, series: str, year: int) -> str:
    """The next number for people in a series, as `ORD-2026-000123`. May leave gaps; invoices have their own series."""
    table = database_of(session).number_series
    key = f"{series}-{year}"
    insert_new(session, table, {"series": key, "last": 0}, "series")
    query = locked(table.select().where(table.c.series == key), table)
    last = session.execute(query).one().last + 1
    session.execute(table.update().where(table.c.series == key).values(last=last))
    return f"{key}-{last:06d}"
