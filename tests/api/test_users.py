"""People and programs through the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Caller, Scope
from tests.factories.users import an_organisation, has_password, invite

from .program import Program, a_caller


def a_person(customer_id: UUID, user_id: UUID, **but: Any) -> Caller:
    """A member of a customer who calls the API."""
    actor, home = Actor("user", str(user_id), "Olga Owner"), {"home_customer_id": str(customer_id)}
    return a_caller(customer_id, actor=actor, preferences=home, **but)


@pytest.fixture
def organisation(databases: object) -> tuple[UUID, UUID]:
    return an_organisation()


@pytest.fixture
def person(app: Flask, organisation: tuple[UUID, UUID]) -> Program:
    return Program(app, a_person(*organisation))


def test_a_program_learns_who_it_is(app: Flask) -> None:
    caller = a_caller(scopes=frozenset({"users:read", "orders:read"}))

    answer = Program(app, caller).get("/me").json

    assert (answer["kind"], answer["id"], answer["name"]) == ("client", f"eu-{caller.customer_id}", "ERP")
    assert (answer["scopes"], answer["preferences"]) == (["orders:read", "users:read"], None)


def test_a_person_changes_preferences_in_the_version_that_was_seen(person: Program) -> None:
    seen = person.get("/me")

    changed = person.patch("/me", {"language": "de", "theme": "dark"}, If_Match=seen.headers["ETag"])
    stale = person.patch("/me", {"language": "ja"}, If_Match=seen.headers["ETag"])
    wrong = person.patch("/me", {"language": "tlh"}, If_Match=changed.headers["ETag"])
    role = person.patch("/me", {"role": "owner"}, If_Match=changed.headers["ETag"])

    assert seen.json["preferences"] == {
        "language": "en", "formats": "en_GB", "time_zone": "Europe/Amsterdam", "theme": "auto", "drift_mail": "daily",
    }  # fmt: skip
    assert (changed.status_code, changed.json["preferences"]["language"]) == (200, "de")
    assert [stale.status_code, wrong.status_code, role.status_code] == [412, 422, 422]
    assert person.get("/me").json == changed.json


def test_a_person_who_acts_for_another_customer_is_still_the_same_person(
    app: Flask, organisation: tuple[UUID, UUID]
) -> None:
    other = new_id()
    acting = a_person(*organisation, scope=Scope.customer(other))

    answer = Program(app, acting).get("/me").json

    assert (answer["kind"], answer["preferences"]["formats"]) == ("user", "en_GB")


def test_a_program_has_no_preferences_to_change(app: Flask) -> None:
    program = Program(app, a_caller())

    answer = program.patch("/me", {"language": "de"}, If_Match=program.get("/me").headers["ETag"])

    assert (answer.status_code, answer.json["code"]) == (422, "not_a_person")


def test_people_are_listed_with_their_roles(person: Program, organisation: tuple[UUID, UUID]) -> None:
    customer_id, _ = organisation
    invite(customer_id, "bea@northwind.example", name="Bea Buyer")

    people = person.get("/users").json["items"]

    assert [(one["name"], one["role"], one["status"]) for one in people] == [
        ("Bea Buyer", "buyer", "invited"), ("Olga Owner", "owner", "invited"),
    ]  # fmt: skip
    assert "password" not in str(people)


def test_a_reseller_sees_its_end_customers_people_and_strangers_see_none(
    app: Flask, organisation: tuple[UUID, UUID]
) -> None:
    reseller_id, _ = an_organisation(kind="reseller")
    theirs, _ = an_organisation(kind="end_customer", reseller_id=reseller_id)
    reseller = Program(app, a_caller(reseller_id, "reseller"))

    assert len(reseller.get("/users").json["items"]) == 2
    assert [one["customer_id"] for one in reseller.get(f"/users?customer_id={theirs}").json["items"]] == [str(theirs)]
    assert reseller.get(f"/users?customer_id={organisation[0]}").json["items"] == []
    assert Program(app, a_caller()).get("/users").json["items"] == []


def test_who_is_invited_is_listed_as_typed_and_not_as_known_elsewhere(app: Flask, databases: object) -> None:
    _, user_id = an_organisation(owner_email="olga@northwind.example")
    has_password(user_id)
    other, newcomer = an_organisation(owner_email="olga@northwind.example", owner_name="Whoever")
    owner = Program(app, a_person(other, newcomer))

    answer = owner.get("/users")

    assert [(one["name"], one["status"]) for one in answer.json["items"]] == [("Whoever", "invited")]
    assert "Olga" not in answer.text
    assert str(user_id) not in answer.text
