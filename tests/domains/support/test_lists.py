"""Finding cases: by whose they are, where they stand and what they are called; and what comes of two at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid
from domains.kernel.tenancy import Scope
from domains.support import db, queries
from domains.support.models import OPEN, STATUSES, Link
from tests.factories.races import at_once
from tests.factories.support import a_case, a_thing, say


def found(session: Session, scope: Scope, **asked: Any) -> list[UUID]:
    return [case.id for case in queries.list_cases(session, scope, **asked).items]


def test_cases_are_found_by_where_they_stand(databases: Settings) -> None:
    customer = new_id()
    with db.begin() as session:
        ids = {}
        for status in STATUSES:
            case = a_case(session, customer)
            case.status, ids[status] = status, case.id
        session.flush()
        scope = Scope.customer(customer)

        for status, id in ids.items():
            assert found(session, scope, status=status) == [id]
        assert found(session, scope, status="unsolved") == [ids[status] for status in reversed(OPEN)]
        assert found(session, scope) == list(reversed(ids.values()))
        assert found(session, scope, status="nonsense") == []
        assert queries.open_count(session, scope) == len(OPEN)


@pytest.mark.parametrize("q", ["Überall", "überall", "ÜBERALL fehlen", "100%", "_x", "cs-2026-", "-000001"])
def test_cases_are_found_by_words_of_the_subject_and_by_number(databases: Settings, clock: Any, q: str) -> None:
    customer = new_id()
    with db.begin() as session:
        wanted = a_case(session, customer, subject="Überall fehlen 100% _x")
        other = a_case(session, customer, subject="Something else, 1000 x")
        expected = [other.id, wanted.id] if q == "cs-2026-" else [wanted.id]

        assert found(session, Scope.customer(customer), q=q) == expected


def test_cases_are_seen_by_whose_they_are(databases: Settings) -> None:
    reseller, one, other = new_id(), new_id(), new_id()
    with db.begin() as session:
        first, second = (a_case(session, customer, reseller_id=reseller).id for customer in (one, other))
        foreign = a_case(session).id
        seen = {
            Scope.customer(one): [first],
            Scope.reseller(reseller): [second, first],
            Scope.operator(): [foreign, second, first],
            Scope.customer(reseller): [],
            Scope.customer(new_id()): [],
        }
        for scope, cases in seen.items():
            assert found(session, scope) == cases
            assert queries.open_count(session, scope) == len(cases)
        assert found(session, Scope.reseller(reseller), customer_id=other) == [second]
        assert found(session, Scope.customer(one), customer_id=other) == []


def test_cases_come_in_pages_newest_first(databases: Settings) -> None:
    customer = new_id()
    with db.begin() as session:
        made = [a_case(session, customer).id for _ in range(3)]
        scope = Scope.customer(customer)
        first = queries.list_cases(session, scope, limit=2)
        rest = queries.list_cases(session, scope, limit=2, cursor=first.next_cursor)
        with pytest.raises(Invalid) as no:
            queries.list_cases(session, scope, status="new", cursor=first.next_cursor)

    assert [case.id for case in first.items + rest.items] == made[::-1]
    assert (rest.next_cursor, no.value.code) == (None, "cursor_invalid")


def test_the_same_form_sent_several_times_at_once_opens_one_case(databases: Settings) -> None:
    customer, case_id = new_id(), new_id()
    with db.begin() as session:
        account = a_thing(session, "account", customer)

    twins = [lambda session: a_case(session, customer, case_id=case_id, account_id=account)] * 4

    assert at_once(db, *twins) == ["done"] * 4
    with db.begin_read() as session:
        assert found(session, Scope.customer(customer)) == [case_id]
        assert len(session.scalars(select(Link)).all()) == 1


def test_the_same_reply_sent_several_times_at_once_is_said_once(databases: Settings) -> None:
    reply_id = new_id()
    with db.begin() as session:
        case = a_case(session)
    twins = [lambda session: say(session, case, reply_id=reply_id)] * 4

    assert at_once(db, *twins) == ["done"] * 4
    with db.begin_read() as session:
        known = queries.get(session, Scope.operator(), case.id)
        assert known.version == 2


def test_cases_opened_at_once_have_different_numbers(databases: Settings) -> None:
    assert at_once(db, *[a_case] * 6) == ["done"] * 6
    with db.begin_read() as session:
        numbers = sorted(case.number[-6:] for case in queries.list_cases(session, Scope.operator()).items)
    assert numbers == [f"{number:06d}" for number in range(1, 7)]
