"""Every statement of the hot paths is one that Azure SQL and PostgreSQL understand, and there are few of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import ClauseElement, TextClause, event
from sqlalchemy.dialects import mssql, postgresql

from domains.kernel.config import Settings
from domains.services import commands, db, queries
from tests.factories.services import (
    EVERYBODY,
    a_catalogue,
    a_line,
    a_running,
    accepted,
    an_account,
    an_offer,
    begin,
    change_of,
    on,
    outcome,
    place,
    scope_of,
    terms_of,
)


@contextmanager
def statements() -> Iterator[list[ClauseElement]]:
    """The statements that are executed within the `with`, without those that tell the time."""
    found: list[ClauseElement] = []

    def note(_connection: Any, clause: Any, *_rest: Any) -> None:
        if isinstance(clause, ClauseElement) and not isinstance(clause, TextClause):
            found.append(clause)

    event.listen(db.engine, "before_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_execute", note)


def compiled(found: list[ClauseElement], dialect: Any) -> list[str]:
    return [str(clause.compile(dialect=dialect)) for clause in found]


QUERIES: dict[str, tuple[int, Callable[[Any, Any, Any], object]]] = {
    "search": (8, lambda s, held, scope: queries.search_offers(
        s, scope, account_id=held.account_id, q="pro 10%", vendor=["Tailspin Software"], sort="price")),
    "offer": (7, lambda s, held, scope: queries.get_offer(s, scope, held.offer_id, account_id=held.account_id)),
    "terms": (8, lambda s, held, scope: queries.order_terms(
        s, scope, account_id=held.account_id, lines=[a_line(s), a_line(s, 2, "needy")])),
    "orders": (2, lambda s, held, scope: queries.list_orders(s, scope, q="ord", account_id=held.account_id)),
    "subscriptions": (4, lambda s, held, scope: queries.list_subscriptions(
        s, scope, q="pro", state="active", valid_to_before=on("2999-01-01"))),
    "subscription": (4, lambda s, held, scope: queries.get_subscription(s, scope, held.id)),
    "decisions": (7, lambda s, held, scope: queries.list_decisions(s, scope, state="open", account_id=held.account_id)),
    "history": (5, lambda s, held, scope: queries.history_of(s, scope, held.id)),
    "change": (5, lambda s, held, scope: queries.change_terms(
        s, scope, subscription_id=held.id, action="change_quantity", quantity=25)),
    "counts": (1, lambda s, held, scope: queries.count_by_state(s, scope, account_id=held.account_id)),
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_takes_few_statements_and_every_database_understands_them(databases: Settings, name: str) -> None:
    most, query = QUERIES[name]
    with db.begin() as session:
        held = a_running(session)
        a_catalogue(session, an_offer(), an_offer("needy", name="Needy", prerequisites=("tailspin-analytics-pro",)))
        scope = type(EVERYBODY).reseller(held.customer_id)

    with db.begin_read() as session, statements() as found:
        query(session, held, scope)

    asides = 2 if name == "terms" else 0  # the two look-ups of the test's own lines
    assert len(found) <= most + asides
    for dialect in (mssql.dialect(), postgresql.dialect()):
        assert all(text.startswith(("SELECT", "WITH")) for text in compiled(found, dialect))


def test_all_that_an_order_and_a_change_write_compiles_and_locks_what_it_changes(databases: Settings) -> None:
    with db.begin() as session, statements() as found:
        a_catalogue(session)
        account = an_account(session)
        terms = terms_of(session, account)
        place(session, terms)
        lines = accepted(session, terms)
        commands.activate_order(session, order_id=terms.order_id, accepted=lines, rejected=())
        held = queries.subscriptions.find(session, scope_of(account), terms.lines[0].subscription_id)
        change = change_of(session, held, "change_quantity", quantity=25)
        begin(session, change)
        answer = outcome(session, held, quantity=25)
        commands.apply_change(session, change_id=change.change_id, outcome=answer)

    plain = [one for one in found if "ON CONFLICT" not in str(one.compile(db.engine))]  # the kernel's, one per database
    waiting = [text for text in compiled(plain, postgresql.dialect()) if "FOR UPDATE" in text]
    locking = [text for text in compiled(plain, mssql.dialect()) if "UPDLOCK" in text]
    assert len(waiting) == len(locking) >= 6
    assert not any("MERGE" in text for text in compiled(plain, mssql.dialect()))
