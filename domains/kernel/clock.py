"""Two clocks: `now` is the database's (timers, leases, logins); `business_now` is the one a test clock may move.

Processes never decide by their own clock, so a machine whose clock is wrong cannot expire a login or steal a lease.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

_NOW = {
    "sqlite": text("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"),
    "postgresql": text("SELECT clock_timestamp()"),
    "mssql": text("SELECT CAST(SYSUTCDATETIME() AS datetime2) AT TIME ZONE 'UTC'"),
}
_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_business: ContextVar[datetime | None] = ContextVar("business", default=None)


def now(session: Session | Connection) -> datetime:
    """The database's time, aware UTC."""
    frozen = _frozen.get()
    if frozen is not None:
        return frozen
    connection = session.connection() if isinstance(session, Session) else session
    value = connection.execute(_NOW[connection.dialect.name]).scalar_one()
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC)


def business_now(session: Session | Connection) -> datetime:
    """The time that terms, windows, renewals and invoices go by, aware UTC."""
    return _business.get() or now(session)


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
def business_at(moment: datetime) -> Iterator[None]:
    """Move only the business clock to `moment` within the `with` (test clocks)."""
    token = _business.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _business.reset(token)
