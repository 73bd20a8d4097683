"""What is said in cases: whose turn it is afterwards, and what stays among staff."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Invalid, NotFound, Refused
from domains.kernel.messages import acting
from domains.kernel.tenancy import Origin, Scope
from domains.support import commands, db, queries
from domains.support.commands import LONGEST
from domains.support.models import OPEN, STATUSES, Case, Reply
from tests.conftest import Clock
from tests.factories.support import a_case, answer, say, told


def heard(session: Session, case: Case, **asked: Any) -> list[str]:
    found = queries.list_replies(session, Scope.customer(case.customer_id), case.id, **asked)
    return [reply.body for reply in found.items]


def move(session: Session, case: Case, status: str, *, as_agent: bool = False, version: int | None = None) -> Case:
    scope = Scope.operator() if as_agent else Scope.customer(case.customer_id)
    known = {"case_id": case.id, "status": status, "expected_version": version, "as_agent": as_agent}
    return commands.change_status(session, scope=scope, **known)


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Reply)) or 0


@pytest.mark.parametrize("status", [*OPEN, "resolved"])
def test_after_an_agents_answer_it_is_the_customers_turn_and_the_other_way_round(
    databases: Settings, clock: Clock, status: str
) -> None:
    with db.begin() as session:
        case = a_case(session)
        case.status = status
        clock.advance(hours=1)
        answer(session, case)
        assert (case.status, case.version, case.updated_at) == ("waiting_customer", 2, clock.now)
        case.status = status
        said = say(session, case, body=" Still none.\n")

        assert (case.status, case.version) == ("open", 3)
        assert (said.body, said.author, said.author_kind, said.at) == (
            "Still none.",
            "Bea Buyer",
            "customer",
            clock.now,
        )
        assert [(event, body["status"]) for event, body in told(session)[1:]] == [
            ("CaseAnswered", "waiting_customer"), ("CaseAnswered", "open"),
        ]  # fmt: skip


def test_a_note_is_for_staff_only_and_moves_nothing(databases: Settings) -> None:
    with db.begin() as session:
        case = a_case(session)
        say(session, case, body="One")
        note = answer(session, case, body="Between us", internal=True)
        answer(session, case, body="Two")

        assert (note.author_kind, case.status, case.version) == ("agent", "waiting_customer", 3)
        assert heard(session, case) == ["Two", "One"]
        assert heard(session, case, internal=True) == ["Two", "Between us", "One"]
        assert "Between us" not in str(told(session))
        assert len(told(session)) == 3


def test_a_customer_writes_no_notes(databases: Settings) -> None:
    with db.begin() as session:
        case = a_case(session)
        with pytest.raises(Refused) as no:
            say(session, case, internal=True)

        assert (no.value.code, count(session), case.status) == ("internal_not_allowed", 0, "new")


def test_saying_it_twice_is_saying_it_once(databases: Settings) -> None:
    with db.begin() as session:
        case, reply_id = a_case(session), new_id()
        say(session, case, reply_id=reply_id)
        answer(session, case)
        say(session, case, reply_id=reply_id)

        assert (count(session), case.status, case.version) == (2, "waiting_customer", 3)


def test_the_id_of_something_else_that_was_said_shows_nothing_of_it(databases: Settings) -> None:
    with db.begin() as session:
        case, other = a_case(session), a_case(session)
        note, foreign = answer(session, case, internal=True), say(session, other)
        for taken in (note, foreign):
            with pytest.raises(Conflict) as no:
                say(session, case, reply_id=taken.id)
            assert no.value.code == "reply_id_taken"

        assert (count(session), case.status) == (2, "new")


@pytest.mark.parametrize("body", ["", " \n\t", "\x00", "x" * (LONGEST + 1)])
def test_what_is_said_has_its_limits(databases: Settings, body: str) -> None:
    with db.begin() as session:
        case = a_case(session)
        with pytest.raises(Invalid) as no:
            say(session, case, body=body)

        assert (no.value.code, no.value.field, count(session)) == ("body_invalid", "body", 0)


def test_strangers_neither_hear_nor_say_anything(databases: Settings) -> None:
    with db.begin() as session:
        reseller = new_id()
        case = a_case(session, reseller_id=reseller)
        say(session, case)
        for scope in (Scope.customer(new_id()), Scope.reseller(new_id()), Scope.customer(reseller)):
            change = {"case_id": case.id, "status": "resolved", "expected_version": None, "as_agent": False}
            for attempt in (
                lambda scope=scope: say(session, case, scope=scope),
                lambda scope=scope: queries.get(session, scope, case.id),
                lambda scope=scope: queries.list_replies(session, scope, case.id),
                lambda scope=scope: queries.links_of(session, scope, case.id),
                lambda scope=scope, change=change: commands.change_status(session, scope=scope, **change),
            ):
                with pytest.raises(NotFound) as no:
                    attempt()
                assert no.value.code == "case_not_found"
        say(session, case, scope=Scope.reseller(reseller))

        assert (count(session), case.version) == (2, 3)


def test_what_was_said_comes_in_pages_newest_first(databases: Settings) -> None:
    with db.begin() as session:
        case = a_case(session)
        for number in range(3):
            say(session, case, body=str(number))
        scope = Scope.customer(case.customer_id)
        first = queries.list_replies(session, scope, case.id, limit=2)
        rest = queries.list_replies(session, scope, case.id, limit=2, cursor=first.next_cursor)
        with pytest.raises(Invalid):  # a cursor does not open the notes
            queries.list_replies(session, scope, case.id, internal=True, cursor=first.next_cursor)

    assert [reply.body for reply in first.items + rest.items] == ["2", "1", "0"]
    assert rest.next_cursor is None


@pytest.mark.parametrize("status", STATUSES)
def test_staff_say_where_a_case_stands(databases: Settings, status: str) -> None:
    with db.begin() as session:
        case = a_case(session)
        case.status = "open" if status != "open" else "new"
        move(session, case, status, as_agent=True, version=1)

        assert (case.status, case.version) == (status, 2)
        assert case.is_open == (status not in ("resolved", "closed"))


@pytest.mark.parametrize("status", sorted({*STATUSES, "nonsense"} - {"open", "resolved"}))
def test_a_customer_only_solves_its_case_or_opens_it_again(databases: Settings, status: str) -> None:
    with db.begin() as session:
        case = a_case(session)
        with pytest.raises(Invalid, match="open, resolved") as no:
            move(session, case, status)
        assert (no.value.code, no.value.field, case.version) == ("status_invalid", "status", 1)

        assert move(session, case, "resolved").status == "resolved"
        assert move(session, case, "open").status == "open"


def test_who_has_seen_another_version_changes_nothing(databases: Settings) -> None:
    with db.begin() as session:
        case = a_case(session)
        say(session, case)
        with pytest.raises(Conflict) as no:
            move(session, case, "resolved", version=1)
        move(session, case, "resolved", version=2)

        assert (no.value.code, case.status, case.version) == ("version_conflict", "resolved", 3)


def test_the_same_status_again_changes_nothing(databases: Settings) -> None:
    with db.begin() as session:
        case = a_case(session)
        move(session, case, "resolved")
        move(session, case, "resolved")

        assert case.version == 2


def test_a_closed_case_stays_closed(databases: Settings) -> None:
    with db.begin() as session:
        case = a_case(session)
        move(session, case, "closed", as_agent=True)
        for attempt in (
            lambda: say(session, case),
            lambda: answer(session, case),
            lambda: answer(session, case, internal=True),
            lambda: move(session, case, "open"),
            lambda: move(session, case, "open", as_agent=True),
        ):
            with pytest.raises(Refused) as no:
                attempt()
            assert no.value.code == "case_closed"

        assert (case.status, case.version, count(session)) == ("closed", 2, 0)


def test_the_trail_of_a_customer_does_not_tell_of_notes_among_staff(databases: Settings) -> None:
    home_id = new_id()
    with acting(origin=Origin(home_id=home_id)), db.begin() as session:
        case = a_case(session)
        answer(session, case, internal=True)
        answer(session, case)

    entry = db.audit_entry
    with db.begin_read() as session:
        rows = session.execute(select(entry.c.customer_id, entry.c.action).where(entry.c.subject_id == case.id)).all()
    assert {row.action for row in rows if row.customer_id == case.customer_id} == {"support.open", "support.reply"}
    assert [row.customer_id for row in rows if row.action == "support.note"] == [home_id]
