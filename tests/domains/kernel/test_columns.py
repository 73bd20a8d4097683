"""What is written into a column is read back as the same thing, on every database; what could be misread is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, select
from sqlalchemy.dialects.mssql import pyodbc
from sqlalchemy.exc import StatementError

from domains.kernel import database
from domains.kernel.columns import Count, Day, Flag, Id, Instant, Json, LongText, Minor, Rate, Text, id_of, new_id

COLUMNS = {"moment": Instant, "rate": Rate, "note": LongText, "word": Text(20), "minor": Minor, "count": Count,
           "day": Day, "flag": Flag, "facts": Json, "other": Id}  # fmt: skip
every = Table("every", MetaData(), Column("id", Id, primary_key=True), *(Column(*one) for one in COLUMNS.items()))
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.timezones())  # noqa: DTZ001
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
plain = st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=3)
                     | st.dictionaries(texts, inner, max_size=3), max_leaves=6)  # fmt: skip


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest, session_folder: Any, database_url: str) -> Iterator[Any]:
    request.getfixturevalue("schemas")  # the databases that the table is put into
    made = database.make_engine(
        (database_url or f"sqlite:///{session_folder}/db/{{domain}}.sqlite3").format(domain="saga")
    )
    every.create(made)
    yield made
    every.drop(made)
    made.dispose()


def kept(engine: Any, **values: Any) -> dict[str, Any]:
    """The values as they are read after they were written."""
    key = new_id()
    with engine.begin() as connection:
        connection.execute(every.insert().values(id=key, **values))
        row = connection.execute(every.select().where(every.c.id == key)).one()
    return {name: row._mapping[name] for name in values}


@pytest.mark.database
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moment=moments, number=st.integers(-(2**63), 2**63 - 1), count=st.integers(-(2**31), 2**31 - 1), note=texts,
       day=st.dates(), flag=st.booleans(), facts=st.lists(plain), other=st.uuids())  # fmt: skip
def test_values_come_back_as_they_were(engine: Any, moment: datetime, number: int, note: str, **more: Any) -> None:
    row = kept(engine, moment=moment, minor=number, note=note, word=note, **more)

    moment = moment.astimezone(UTC)  # an hour that comes twice a year equals nothing in another zone
    assert row == {"moment": moment, "minor": number, "note": note, "word": note, **more}
    assert row["moment"].tzinfo is UTC
    assert {name: type(row[name]) for name in ("day", "flag", "other")} == {"day": date, "flag": bool, "other": UUID}


@pytest.mark.database
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rate=st.decimals(-(10**12), 10**12, places=6))
def test_a_rate_keeps_six_decimals_and_never_becomes_a_float(engine: Any, rate: Decimal) -> None:
    row = kept(engine, rate=rate)

    assert isinstance(row["rate"], Decimal)
    assert row["rate"] == rate


@pytest.mark.database
def test_a_value_that_is_not_known_stays_unknown(engine: Any) -> None:
    assert set(kept(engine, **dict.fromkeys(COLUMNS)).values()) == {None}


@pytest.mark.database
def test_a_time_in_any_zone_is_the_same_instant_and_comes_back_in_utc(engine: Any) -> None:
    noon_in_tokyo = datetime(2026, 3, 10, 12, tzinfo=timezone(timedelta(hours=9)))

    row = kept(engine, moment=noon_in_tokyo)

    assert row["moment"].isoformat() == "2026-03-10T03:00:00+00:00"
    with engine.connect() as connection:  # and is found by any way of writing it
        assert connection.scalar(select(every.c.moment).where(every.c.moment == noon_in_tokyo)) is not None


@pytest.mark.database
def test_a_naive_time_is_refused(engine: Any) -> None:
    with pytest.raises(StatementError, match="an Instant needs an aware datetime"):
        kept(engine, moment=datetime(2026, 3, 10, 12))  # noqa: DTZ001


@pytest.mark.database
def test_an_id_that_is_not_a_uuid_is_refused(engine: Any) -> None:
    with pytest.raises(StatementError):
        kept(engine, other="not-an-id")


def test_ids_are_version_7_and_sort_by_the_time_they_were_made() -> None:
    ids = [new_id() for _ in range(5000)]
    made = [one.int >> 80 for one in ids]  # milliseconds

    assert {one.version for one in ids} == {7}
    assert made == sorted(made) and len(set(ids)) == len(ids)
    assert abs(datetime.fromtimestamp(made[0] / 1000, UTC) - datetime.now(UTC)) < timedelta(minutes=1)


@given(st.uuids())
def test_azure_sql_keeps_an_id_as_its_bytes_so_that_it_sorts_by_time(value: UUID) -> None:
    dialect = pyodbc.dialect()

    sent = Id().process_bind_param(value, dialect)

    assert sent == value.bytes
    assert Id().process_result_value(sent, dialect) == Id().process_result_value(bytearray(sent), dialect) == value
    assert Id().compile(dialect=dialect) == "BINARY(16)"


@given(st.lists(st.uuids(), min_size=2, max_size=2))
def test_bytes_of_ids_sort_as_the_ids_do(pair: list[UUID]) -> None:
    assert (pair[0] < pair[1]) == (pair[0].bytes < pair[1].bytes)


def test_azure_sql_is_told_a_times_zone() -> None:
    dialect = pyodbc.dialect()
    bind = Instant()._cached_bind_processor(dialect)

    assert bind(datetime(2026, 3, 10, 9, tzinfo=UTC)) == "2026-03-10 09:00:00.000000+00:00"  # the driver drops zones


@given(texts, st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.dates(date(1970, 1, 1), date(2200, 1, 1)))
def test_the_id_of_a_cause_is_always_the_same_and_sorts_by_its_day(cause: str, day: date, other: date) -> None:
    made = id_of(cause, day)

    assert made == id_of(cause, day) != id_of(cause + "!", day)
    assert day == other or (made < id_of(cause, other)) == (day < other)
    assert (made.version, made.variant) == (8, "specified in RFC 4122")


def test_the_id_of_a_cause_stands_among_those_of_its_day() -> None:
    today = datetime.now(UTC).date()

    assert id_of("any", today - timedelta(days=1)) < new_id() < id_of("any", today + timedelta(days=1))
