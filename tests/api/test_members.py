"""Colleagues through the API: the same rules as in the portal."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.users import tokens
from domains.users.policy import CLIENT_SCOPES
from tests.factories.users import an_organisation, has_password, invite, letters, members_of, signed_in

from .program import Program, a_caller

BEA = "bea@northwind.example"


@pytest.fixture
def northwind(databases: object) -> UUID:
    customer_id, user_id = an_organisation(owner_user_id=UUID(int=7))
    has_password(user_id)
    return customer_id


@pytest.fixture
def erp(app: Flask, northwind: UUID) -> Program:
    return Program(app, a_caller(northwind, scopes=CLIENT_SCOPES))


def test_an_invitation_is_made_once_listed_sent_again_and_withdrawn(erp: Program, northwind: UUID) -> None:
    wish, key = {"customer_id": str(northwind), "email": BEA, "name": "Bea", "role": "buyer"}, str(new_id())

    first, twin = (erp.post("/invitations", wish, Idempotency_Key=key) for _ in range(2))
    listed = erp.get("/invitations").json["items"]
    again = erp.post(f"/invitations/{first.json['id']}/resend", None)
    gone = erp.post(f"/invitations/{first.json['id']}/withdraw", None)

    assert (first.status_code, twin.json) == (201, first.json)
    assert (first.json["status"], first.json["role"], first.json["email"]) == ("invited", "buyer", BEA)
    assert [one["id"] for one in listed] == [first.json["id"]]
    assert (again.status_code, gone.status_code) == (200, 200)
    assert [letter.template for letter in letters()] == ["invitation", "invitation"]
    assert erp.get(f"/invitations/{first.json['id']}").status_code == 404


def test_a_member_gets_another_role_in_the_version_that_was_seen(erp: Program, northwind: UUID) -> None:
    invite(northwind, BEA, user_id=UUID(int=8))
    has_password(UUID(int=8))
    seen = erp.get(f"/users/{UUID(int=8)}")

    without = erp.patch(f"/users/{UUID(int=8)}", {"role": "reader"})
    done = erp.patch(f"/users/{UUID(int=8)}", {"role": "reader"}, If_Match=seen.headers["ETag"])
    stale = erp.patch(f"/users/{UUID(int=8)}", {"role": "owner"}, If_Match=seen.headers["ETag"])
    shut = erp.patch(f"/users/{UUID(int=8)}", {"status": "disabled"}, If_Match=done.headers["ETag"])

    assert (without.status_code, done.json["role"], stale.status_code) == (428, "reader", 412)
    assert (shut.status_code, shut.json["status"]) == (200, "disabled")


def test_the_last_owner_stays(erp: Program, northwind: UUID) -> None:
    answer = erp.patch(f"/users/{UUID(int=7)}", {"status": "disabled"}, If_Match="*")

    assert (answer.status_code, answer.json["code"]) == (422, "last_owner")


def test_a_program_gives_no_right_that_it_lacks(app: Flask, northwind: UUID) -> None:
    few = Program(app, a_caller(northwind, scopes=frozenset({"users:read", "users:write"})))

    answer = few.post("/invitations", {"customer_id": str(northwind), "email": BEA, "name": "B", "role": "owner"})

    assert (answer.status_code, answer.json["code"]) == (422, "role_above_own")


@pytest.mark.asvs("7.4.5")
def test_logins_are_listed_and_ended(erp: Program, northwind: UUID) -> None:
    (caller, first), (_, second) = signed_in(UUID(int=7)), signed_in(UUID(int=7))
    path = f"/users/{UUID(int=7)}/logins"

    listed = erp.get(path).json["items"]
    one = erp.post(f"{path}/{caller.login_id}/end", None)
    after = [tokens.caller_of_login(token) is None for token in (first, second)]
    rest = erp.post(f"{path}/end", None)

    assert {item["state"] for item in listed} == {"active"}
    assert (one.json["ids"], after, len(rest.json["ids"])) == ([caller.login_id], [True, False], 1)


def test_a_second_factor_is_required_of_all(erp: Program, northwind: UUID) -> None:
    wish = {"customer_id": str(northwind), "required": True}

    answer = erp.post("/users/require-second-factor", wish)

    assert answer.json == {"customer_id": str(northwind), "second_factor": "required"}


@pytest.mark.asvs("8.4.1")
def test_the_people_of_others_are_not_there(erp: Program, northwind: UUID) -> None:
    contoso, stranger = an_organisation(name="Contoso Partners")
    before = members_of(contoso)
    wish = {"customer_id": str(contoso), "email": BEA, "name": "Bea", "role": "buyer"}

    said = [
        erp.get(f"/users/{stranger}"), erp.patch(f"/users/{stranger}", {"role": "reader"}, If_Match="*"),
        erp.get(f"/users/{stranger}/logins"), erp.post(f"/users/{stranger}/logins/end", None),
        erp.get(f"/invitations/{before[0].id}"), erp.post(f"/invitations/{before[0].id}/resend", None),
        erp.post(f"/invitations/{before[0].id}/withdraw", None), erp.post("/invitations", wish),
        erp.post("/users/require-second-factor", {"customer_id": str(contoso), "required": True}),
    ]  # fmt: skip

    assert [answer.status_code for answer in said] == [404] * len(said)
    assert members_of(contoso) == before
