"""Column types that mean the same on SQLite, PostgreSQL and Azure SQL. Models use these and no others."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import uuid_utils
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    Numeric,
    String,
    TypeDecorator,
    Unicode,
    UnicodeText,
    Uuid,
)
from sqlalchemy.dialects import mssql
from sqlalchemy.types import TypeEngine


def new_id() -> UUID:
    """A new UUIDv7: sorts by the time it was made, to the millisecond."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def id_of(cause: str, day: date) -> UUID:
    """The id of what `cause` brings about once, on one day: always the same, and sorted by that day among `new_id`s.

    A UUIDv8 (RFC 9562 section 5.8): the day's first millisecond, then bits of the cause's digest.
    """
    moment = int(datetime.combine(day, time(), UTC).timestamp() * 1000)
    rest = int.from_bytes(hashlib.sha256(cause.encode()).digest()[:10], "big") & ~(0xF << 76 | 0x3 << 62)
    return UUID(int=moment << 80 | rest | 0x8 << 76 | 0x2 << 62)


class Id(TypeDecorator[UUID]):
    """A UUIDv7. BINARY(16) on Azure SQL, because uniqueidentifier would sort it by its random last bytes (ADR 0005)."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(mssql.BINARY(16) if dialect.name == "mssql" else Uuid())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value.bytes if value is not None and dialect.name == "mssql" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return UUID(bytes=bytes(value)) if isinstance(value, (bytes, bytearray)) else value


class Instant(TypeDecorator[datetime]):
    """An aware UTC time. SQLite keeps no zone, so it is put back on reading; naive times are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise TypeError("an Instant needs an aware datetime")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Rate(TypeDecorator[Decimal]):
    """DECIMAL(19,6) for unit prices and percentages; text on SQLite, which has no decimals."""

    impl = Numeric(19, 6)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(40) if dialect.name == "sqlite" else Numeric(19, 6))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        return f"{value:.6f}" if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return Decimal(value) if value is not None else None


def Text(length: int) -> Unicode:
    """Text of at most `length` characters (NVARCHAR on Azure SQL)."""
    return Unicode(length)


def cut(text: str, most: int | None) -> str:
    """A text from outside as a Text column of `most` characters takes it on every database (None: of any length).

    PostgreSQL takes no NUL, and Azure SQL counts in UTF-16, where an emoji is two.
    """
    text = text.replace("\0", "")
    if most is None or len(text) * 2 <= most:
        return text
    return text.encode("utf-16-le", "replace")[: most * 2].decode("utf-16-le", "ignore")


LongText = UnicodeText
Day = Date
Minor = BigInteger  # money in integer minor units
Count = Integer
Flag = Boolean
Json = JSON
Bytes = LargeBinary
Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows itself only in an INTEGER primary key
