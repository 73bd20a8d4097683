"""Pages joined are the whole list, whatever is added meanwhile; a cursor is good for its own list only."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from domains.kernel.columns import Count, Id, new_id
from domains.kernel.errors import Invalid
from domains.kernel.paging import MAX_LIMIT, checked_limit, decode_cursor, encode_cursor, page

EVEN = {"parity": 0, "q": None}


class Model(DeclarativeBase):
    """The base of what is listed here."""


class Thing(Model):
    """Something that is listed."""

    __tablename__ = "thing"
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(Count)


@pytest.fixture
def engine() -> Any:
    made = create_engine("sqlite://")
    Model.metadata.create_all(made)
    yield made
    made.dispose()


def a_page(session: Session, cursor: str | None, limit: int) -> tuple[list[int], str | None]:
    query = select(Thing).where(Thing.number % 2 == 0)
    found = page(session, query, Thing.id, cursor=cursor, limit=limit, filters=EVEN)
    return [thing.number for thing in found.items], found.next_cursor


def add(session: Session, *numbers: int) -> None:
    session.add_all([Thing(id=new_id(), number=number) for number in numbers])
    session.flush()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 30), sizes=st.lists(st.integers(1, 7), min_size=1, max_size=4), meanwhile=st.booleans())
def test_pages_joined_are_the_whole_list_newest_first(
    engine: Engine, count: int, sizes: list[int], meanwhile: bool
) -> None:
    with Session(engine) as session:
        add(session, *range(count))
        joined: list[int] = []
        cursor: str | None = None
        for turn in range(count + 1):
            found, cursor = a_page(session, cursor, limit := sizes[turn % len(sizes)])
            joined += found
            if cursor is None:
                break
            assert len(found) == limit
            if meanwhile:
                add(session, 1000)

        assert joined == [number for number in reversed(range(count)) if number % 2 == 0]


def test_a_list_that_just_fills_its_page_has_no_next_one(engine: Engine) -> None:
    with Session(engine) as session:
        add(session, 0, 2)
        assert a_page(session, None, 2) == ([2, 0], None)
        assert a_page(session, None, 1)[1] is not None


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1, 10**9])
def test_a_page_of_no_or_too_many_rows_is_refused(limit: int) -> None:
    with pytest.raises(Invalid) as refused:
        checked_limit(limit)

    assert (refused.value.code, refused.value.field) == ("limit_invalid", "limit")
    assert "1 to 200" in refused.value.detail


@given(st.uuids(), st.dictionaries(st.text("abc"), st.none() | st.integers() | st.text("ab"), max_size=2))
def test_a_cursor_leads_back_to_its_place(position: UUID, filters: dict[str, Any]) -> None:
    cursor = encode_cursor(position.bytes, filters)

    assert decode_cursor(cursor, filters) == position.bytes
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("filters", [{}, {"parity": 1, "q": None}, {"parity": 0, "q": ""}, {"parity": "0", "q": None},
                                     {"q": None}])  # fmt: skip
def test_a_cursor_of_other_filters_is_refused(filters: dict[str, Any]) -> None:
    refuse(encode_cursor(new_id().bytes, EVEN), filters)


FORGED = [
    "x", "xxxx", "é", "\x00", "\ud800", "=" * 8, "A" * 32, "A" * 5000, " ", "../../etc/passwd", "' OR 1=1 --",
    "01a20e67-08e9-717d-823d-e591841287f1",
]  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_cursor_is_refused(forged: str) -> None:
    refuse(forged, EVEN)


@pytest.mark.parametrize("length", [0, 1, 15, 17, 100])
def test_a_cursor_with_a_place_of_another_length_is_refused(length: int) -> None:
    refuse(encode_cursor(bytes(length), EVEN), EVEN)


def test_a_place_without_its_mark_is_refused() -> None:
    refuse(base64.urlsafe_b64encode(new_id().bytes).decode(), EVEN)


def refuse(cursor: str, filters: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(cursor, filters)
    assert (refused.value.code, refused.value.field) == ("cursor_invalid", "cursor")
