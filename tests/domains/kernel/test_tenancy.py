"""A scope shows its own rows and no others, whether it is asked of the database or of a row in hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, MetaData, Table, create_engine, select

from domains.kernel.columns import Id, new_id
from domains.kernel.tenancy import SYSTEM, Caller, Scope

row = Table("row", MetaData(), Column("id", Id, primary_key=True), Column("customer_id", Id), Column("reseller_id", Id))
PEOPLE = [new_id() for _ in range(4)]
rows = st.lists(st.tuples(st.sampled_from(PEOPLE), st.none() | st.sampled_from(PEOPLE)), max_size=12)
scopes = st.one_of(
    st.sampled_from(PEOPLE).map(Scope.customer),
    st.sampled_from(PEOPLE).map(Scope.reseller),
    st.just(Scope.operator()),
    st.just(Scope.system("test")),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = create_engine("sqlite://")
    row.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.mark.asvs("8.4.1")
@given(rows, scopes)
def test_the_predicate_and_the_rule_for_a_row_in_hand_agree(engine: Engine, made: list[Any], scope: Scope) -> None:
    known = [{"id": new_id(), "customer_id": customer, "reseller_id": reseller} for customer, reseller in made]
    with engine.connect() as connection:
        if known:
            connection.execute(row.insert(), known)
        found = set(connection.scalars(select(row.c.id).where(scope.covers(row.c))))

    assert found == {one["id"] for one in known if scope.allows(one["customer_id"], one["reseller_id"])}


@pytest.mark.parametrize(
    ("scope", "own", "managed", "strangers"),
    [(Scope.customer(PEOPLE[0]), True, False, False), (Scope.reseller(PEOPLE[0]), True, True, False),
     (Scope.operator(), True, True, True), (Scope.system("timer"), True, True, True)],
)  # fmt: skip
def test_who_sees_what(scope: Scope, own: bool, managed: bool, strangers: bool) -> None:
    assert scope.allows(PEOPLE[0], None) is own
    assert scope.allows(PEOPLE[1], PEOPLE[0]) is managed
    assert scope.allows(PEOPLE[1], PEOPLE[2]) is strangers
    assert scope.allows(PEOPLE[1], None) is strangers


@pytest.mark.parametrize("make", [Scope.customer, Scope.reseller])
def test_a_scope_without_its_customer_is_refused(make: Any) -> None:
    """`reseller_id = NULL` would be read as `reseller_id IS NULL`, which is true of every direct customer."""
    with pytest.raises(ValueError, match="makes no sense"):
        make(None)


@pytest.mark.parametrize(("kind", "customer_id"), [("", None), ("admin", None), ("Operator", None),
                                                   ("operator", PEOPLE[0]), ("system", PEOPLE[0])])  # fmt: skip
def test_a_scope_of_another_kind_is_refused(kind: str, customer_id: UUID | None) -> None:
    with pytest.raises(ValueError, match="scope"):
        Scope(kind, customer_id)


def test_a_caller_may_what_its_scopes_say_and_nothing_else() -> None:
    caller = Caller(SYSTEM, Scope.operator(), None, "operator", "", (), frozenset({"orders:read"}), "")

    assert caller.may("orders:read")
    assert not any(caller.may(word) for word in ("orders:write", "orders", "orders:read ", ""))
