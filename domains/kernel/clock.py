"""Two clocks: `now` is the database's (timers, leases, logins); `business_now` is the one a test clock may move.

Processes never decide by their own clock, so a machine whose clock is wrong cannot expire a login or steal a lease.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, Select, literal_column, text
from sqlalchemy.orm import Session

_NOW = {
    "sqlite": text("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"),
    "postgresql": text("SELECT clock_timestamp()"),
    "mssql": text("SELECT CAST(SYSUTCDATETIME() AS datetime2) AT TIME ZONE 'UTC'"),
}
_COLUMN: dict[str, ColumnElement[Any]] = {
    name: literal_column(asked.text.removeprefix("SELECT ")) for name, asked in _NOW.items()
}
_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_business: ContextVar[datetime | None] = ContextVar("business", default=None)
_ahead: ContextVar[int] = ContextVar("ahead", default=0)


def now(session: Session | Connection) -> datetime:
    """The database's time, aware UTC."""
    frozen = _frozen.get()
    if frozen is not None:
        return frozen
    connection = session.connection() if isinstance(session, Session) else session
    return _moment(connection.execute(_NOW[connection.dialect.name]).scalar_one())


def with_time(session: Session, query: Select[Any]) -> tuple[Sequence[Row[Any]], datetime]:
    """The rows of a query, which have one more column then, and the database's time when it read the last of them."""
    if _frozen.get() is None:
        rows = session.execute(query.add_columns(_COLUMN[session.get_bind().dialect.name])).all()
        return rows, _moment(rows[-1][-1]) if rows else now(session)
    return session.execute(query).all(), now(session)


def _moment(value: str | datetime) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC)


def business_now(session: Session | Connection) -> datetime:
    """The time that terms, windows, renewals and invoices go by, aware UTC."""
    return _business.get() or now(session) + timedelta(seconds=_ahead.get())


def wall() -> datetime:
    """This machine's own time, for what need not be right to the second and is asked where no database is at hand."""
    return _frozen.get() or datetime.now(UTC)


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of an instant in a customer's time zone (an IANA name)."""
    return moment.astimezone(ZoneInfo(zone)).date()


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Hold both clocks at `moment` within the `with` (tests, demo seed)."""
    token = _frozen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


@contextmanager
def ahead_by(seconds: int) -> Iterator[None]:
    """Let the business clock run so many seconds ahead within the `with`: that of a sandbox tenant.

    `messages.acting` enters it wherever somebody's origin is said, so that a request, a command and an exchange all go
    by the clock of the tenant that causes them; nothing else does.
    """
    token = _ahead.set(seconds)
    try:
        yield
    finally:
        _ahead.reset(token)


@contextmanager
def business_at(moment: datetime) -> Iterator[None]:
    """Move only the business clock to `moment` within the `with` (test clocks)."""
    token = _business.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _business.reset(token)
