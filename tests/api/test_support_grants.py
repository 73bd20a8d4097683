"""Support access for programs."""

from __future__ import annotations

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor
from domains.users import commands, db
from tests.factories.users import an_organisation

from .program import Program, a_caller


def test_a_program_lets_support_in_and_ends_it(app: Flask) -> None:
    customer_id, _ = an_organisation()
    program = Program(app, a_caller(customer_id))

    made = program.post("/support-grants", {"hours": 24, "areas": ["orders"], "reason": "To see the order"})
    listed = program.get("/support-grants").json["items"]
    ended = program.post(f"/support-grants/{made.json['id']}/end")

    assert (made.status_code, made.json["state"], made.json["areas"]) == (201, "granted", ["orders"])
    assert [one["id"] for one in listed] == [made.json["id"]]
    assert (ended.status_code, ended.json["state"]) == (200, "ended")


def test_a_program_answers_a_request(app: Flask) -> None:
    customer_id, _ = an_organisation()
    with db.begin() as session:
        facts = {"grant_id": new_id(), "hours": 168, "areas": ["orders"], "reason": "To help"}
        by = Actor("user", str(new_id()), "Ada")
        asked = commands.request_access(session, customer_id=customer_id, by=by, **facts)
    program = Program(app, a_caller(customer_id))

    said = program.post(f"/support-grants/{asked.id}/answer", {"allow": True, "hours": 1, "areas": []})
    again = program.post(f"/support-grants/{asked.id}/answer", {"allow": False})

    assert (said.json["state"], said.json["hours"], said.json["areas"]) == ("granted", 1, [])
    assert (again.status_code, again.json["code"]) == (409, "support_access_answered")


@pytest.mark.asvs("8.2.2", "8.4.1")
def test_another_customers_access_is_not_there(app: Flask) -> None:
    customer_id, _ = an_organisation()
    made = Program(app, a_caller(customer_id)).post("/support-grants", {"hours": 1, "reason": "To help"}).json
    stranger = Program(app, a_caller())

    assert stranger.get(f"/support-grants?customer_id={customer_id}").json["items"] == []
    assert stranger.post(f"/support-grants/{made['id']}/end").status_code == 404
    assert stranger.post(f"/support-grants/{made['id']}/answer", {"allow": True}).status_code == 404
    foreign = stranger.post("/support-grants", {"hours": 1, "reason": "x", "customer_id": str(customer_id)})
    assert foreign.status_code == 404
