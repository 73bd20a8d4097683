"""Opening cases: with a number, about one's own things, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid, NotFound
from domains.kernel.tenancy import Scope
from domains.support import db, queries
from domains.support.commands import LONGEST, LinkWish
from domains.support.models import Case, Link
from tests.conftest import Clock
from tests.factories.support import BEA, a_case, a_thing, told


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Case)) or 0


def links(session: Session, case: Case) -> set[tuple[str, Any, str]]:
    found = queries.links_of(session, Scope.customer(case.customer_id), case.id)
    return {(link.kind, link.target_id, link.label) for link in found}


def test_a_new_case_has_a_number_and_says_who_opened_it(databases: Settings, clock: Clock) -> None:
    customer, reseller = new_id(), new_id()
    with db.begin() as session:
        case = a_case(session, customer, reseller_id=reseller, subject="  Seats are missing ", impact="critical")
        event, body = told(session)[0]

        assert (case.number, case.status, case.version, case.is_open) == ("CS-2026-000001", "new", 1, True)
        assert (case.subject, case.impact, case.reseller_id) == ("Seats are missing", "critical", reseller)
        assert (case.opened_by, case.opened_by_id, case.created_at) == (BEA.name, BEA.id, clock.now)
        assert (event, body["number"], body["customer_id"], body["version"]) == (
            "CaseOpened", "CS-2026-000001", str(customer), 1,
        )  # fmt: skip


def test_numbers_begin_anew_each_year(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        numbers = [a_case(session).number for _ in range(2)]
        clock.move_to(datetime.fromisoformat("2027-01-01T00:00:00+00:00"))
        numbers.append(a_case(session).number)

    assert numbers == ["CS-2026-000001", "CS-2026-000002", "CS-2027-000001"]


def test_a_case_is_about_ones_own_things(databases: Settings) -> None:
    customer, operation = new_id(), new_id()
    with db.begin() as session:
        things = {kind: a_thing(session, kind, customer) for kind in ("account", "order", "subscription")}
        wished = [LinkWish(kind, id) for kind, id in things.items() if kind != "account"]
        wished += [wished[0], LinkWish("account", things["account"]), LinkWish("operation", operation, "20 × Mail")]
        case = a_case(session, customer, account_id=things["account"], links=wished)

        assert links(session, case) == {
            *((kind, id, f"The {kind}") for kind, id in things.items()), ("operation", operation, "20 × Mail"),
        }  # fmt: skip
        assert case.account_id == things["account"]


@pytest.mark.parametrize("kind", ["account", "order", "subscription", "operation", "nonsense"])
def test_what_is_not_known_cannot_be_linked(databases: Settings, kind: str) -> None:
    with db.begin() as session:
        with pytest.raises(NotFound) as no:
            a_case(session, links=[LinkWish(kind, new_id())])

        assert (no.value.code, no.value.field, count(session)) == ("link_not_found", "links", 0)


def test_what_is_anothers_cannot_be_linked(databases: Settings) -> None:
    mine, reseller = new_id(), new_id()
    with db.begin() as session:
        theirs = a_thing(session, "account", new_id(), reseller_id=reseller)
        for wish in ({"links": [LinkWish("account", theirs)]}, {"account_id": theirs}):
            with pytest.raises(NotFound):
                a_case(session, mine, **wish)
        with pytest.raises(NotFound):  # nor as what it is not
            a_case(session, mine, scope=Scope.operator(), links=[LinkWish("order", theirs)])

        assert (count(session), session.scalars(select(Link)).all()) == (0, [])


def test_a_case_is_about_one_customers_things(databases: Settings) -> None:
    reseller, one, other = new_id(), new_id(), new_id()
    with db.begin() as session:
        thing = a_thing(session, "order", other, reseller_id=reseller)
        with pytest.raises(Invalid) as no:
            a_case(session, one, scope=Scope.reseller(reseller), reseller_id=reseller, links=[LinkWish("order", thing)])
        a_case(session, other, scope=Scope.reseller(reseller), reseller_id=reseller, links=[LinkWish("order", thing)])

        assert (no.value.code, count(session)) == ("link_of_another_customer", 1)


def test_nobody_opens_a_case_for_a_stranger(databases: Settings) -> None:
    with db.begin() as session:
        for scope in (Scope.customer(new_id()), Scope.reseller(new_id())):
            with pytest.raises(NotFound) as no:
                a_case(session, scope=scope)
            assert no.value.code == "customer_not_found"

        assert (count(session), told(session)) == (0, [])


def test_opening_twice_is_opening_once(databases: Settings) -> None:
    customer, case_id = new_id(), new_id()
    with db.begin() as session:
        first = a_case(session, customer, case_id=case_id)
        again = a_case(session, customer, case_id=case_id, subject="Another subject")

        assert (again.number, again.subject, count(session)) == (first.number, "Seats are missing", 1)
        assert [event for event, _ in told(session)] == ["CaseOpened"]


def test_the_id_of_anothers_case_shows_nothing_of_it(databases: Settings) -> None:
    with db.begin() as session:
        theirs = a_case(session, subject="A secret")
        with pytest.raises(NotFound) as no:
            a_case(session, case_id=theirs.id)

        assert (no.value.code, theirs.subject, count(session)) == ("case_not_found", "A secret", 1)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"subject": " \n"}, "subject_invalid"),
        ({"subject": "x" * 201}, "subject_invalid"),
        ({"description": ""}, "description_invalid"),
        ({"description": "\x00\x07 \x1f"}, "description_invalid"),
        ({"description": "x" * (LONGEST + 1)}, "description_invalid"),
        ({"impact": "terrible"}, "impact_invalid"),
    ],
)
def test_what_is_written_has_its_limits(databases: Settings, wrong: dict[str, str], code: str) -> None:
    with db.begin() as session:
        with pytest.raises(Invalid) as no:
            a_case(session, **wrong)

        assert (no.value.code, no.value.field, count(session)) == (code, next(iter(wrong)), 0)


def test_as_much_as_is_allowed_is_kept(databases: Settings) -> None:
    with db.begin() as session:
        case = a_case(session, subject="日" * 200, description="日" * LONGEST)
        session.expire_all()

        assert (case.subject, len(case.description)) == ("日" * 200, LONGEST)


def test_characters_that_nobody_sees_are_left_out(databases: Settings) -> None:
    with db.begin() as session:
        case = a_case(session, subject="Seats\x00 are\x1b gone", description="One\n\ttwo\x00\x0c")
        session.expire_all()

        assert (case.subject, case.description) == ("Seats are gone", "One\n\ttwo")
