"""A program of an owner has people told what is known of them, and erased."""

from __future__ import annotations

import pytest
from flask import Flask

from domains.kernel.database import new_id
from saga.transports import inline
from tests.factories.users import an_organisation, has_password, invite

from .program import Program, a_caller


def test_a_person_is_told_and_erased(app: Flask, transport: inline.Transport) -> None:
    customer_id, _ = an_organisation()
    invite(customer_id, "bea@northwind.example", user_id=(user_id := new_id()))
    has_password(user_id)
    program = Program(app, a_caller(customer_id))

    told = program.post("/personal-data/exports", {"user_id": str(user_id)})
    transport.run_until_quiet()
    (export,) = program.get("/personal-exports").json["items"]
    erased = program.post("/erasures", {"user_id": str(user_id)})
    transport.run_until_quiet()

    assert (told.status_code, erased.status_code) == (202, 202)
    assert program.get(f"/personal-exports/{export['id']}").status_code == 404  # it went with the person
    (proof,) = program.get("/erasures").json["items"]
    assert proof["person_id"] == str(user_id)


@pytest.mark.asvs("8.2.2", "8.4.1")
def test_another_customers_people_are_not_there(app: Flask, transport: inline.Transport) -> None:
    customer_id, owner_id = an_organisation()
    has_password(owner_id)
    stranger = Program(app, a_caller())
    Program(app, a_caller(customer_id)).post("/personal-data/exports", {"user_id": str(owner_id)})
    transport.run_until_quiet()
    (export,) = Program(app, a_caller(customer_id)).get("/personal-exports").json["items"]
    file = Program(app, a_caller(customer_id)).get(f"/personal-exports/{export['id']}")

    assert file.json["users"]["user_"][0]["name"] == "Olga Owner"
    assert stranger.get(f"/personal-exports/{export['id']}").status_code == 404
    for path in ("/personal-data/exports", "/erasures"):
        assert stranger.post(path, {"user_id": str(owner_id)}).status_code == 404
