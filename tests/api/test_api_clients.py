"""Programs that the owner makes, changes and shuts out: their rights, secrets and keys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from joserfc.jwk import ECKey

from domains.kernel.tenancy import Scope
from domains.users import db, queries
from domains.users.policy import CLIENT_SCOPES
from tests.factories.users import an_organisation

from .program import Program, a_caller

WISH = {"name": "ERP", "scopes": ["orders:read", "orders:write"]}


@pytest.fixture
def customer_id(databases: object) -> UUID:
    return an_organisation()[0]


@pytest.fixture
def owner(app: Flask, customer_id: UUID) -> Program:
    """A program that may do all that a customer's program may."""
    return Program(app, a_caller(customer_id, scopes=CLIENT_SCOPES))


def made(by: Program, **but: Any) -> dict[str, Any]:
    answer = by.post("/api-clients", WISH | but)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def tag(client: dict[str, Any]) -> str:
    return f'"{client["id"]}-{client["version"]}"'


def test_a_secret_is_told_once_and_only_its_beginning_afterwards(owner: Program) -> None:
    first = owner.post("/api-clients", WISH, Idempotency_Key="one")
    again = owner.post("/api-clients", WISH, Idempotency_Key="one")
    read = owner.get(f"/api-clients/{first.json['id']}")

    secret = first.json["secret"]
    assert secret.startswith("css_")
    assert (again.status_code, again.json["id"], again.json["secret"]) == (201, first.json["id"], None)
    assert [one["hint"] for one in read.json["secrets"]] == [secret[:8]]
    assert secret not in read.text + owner.get("/api-clients").text
    with db.begin_read() as session:
        assert secret not in str(session.execute(db.idempotency.select()).all())
        assert secret not in str(session.execute(db.audit_value.select()).all())


def test_a_second_secret_comes_before_the_first_one_goes(owner: Program) -> None:
    client = made(owner)
    old = client["secrets"][0]

    more = owner.post(f"/api-clients/{client['id']}/secrets", If_Match=tag(client))
    third = owner.post(f"/api-clients/{client['id']}/secrets")
    kept = owner.ask("DELETE", f"/api-clients/{client['id']}/secrets/{old['id']}")
    gone = owner.ask("DELETE", f"/api-clients/{client['id']}/secrets/{old['id']}", headers={"If-Match": "*"})
    twice = owner.ask("DELETE", f"/api-clients/{client['id']}/secrets/{old['id']}", headers={"If-Match": "*"})

    assert (more.status_code, len(more.json["secrets"])) == (201, 2)
    assert (third.status_code, third.json["code"]) == (422, "two_are_live")
    assert [kept.status_code, gone.status_code, twice.status_code] == [428, 204, 404]
    assert [one["hint"] for one in owner.get(f"/api-clients/{client['id']}").json["secrets"]] == [
        more.json["secret"][:8]
    ]


def test_a_program_is_changed_in_the_version_that_was_seen(owner: Program) -> None:
    client = made(owner)
    path = f"/api-clients/{client['id']}"

    changed = owner.patch(path, {"name": " Stock  desk ", "scopes": ["offers:read"]}, If_Match=tag(client))
    stale = owner.patch(path, {"name": "Other"}, If_Match=tag(client))
    off = owner.patch(path, {"status": "disabled"}, If_Match=tag(changed.json))
    deleted = owner.ask("DELETE", path, headers={"If-Match": tag(off.json)})

    assert (changed.json["name"], changed.json["scopes"]) == ("Stock desk", ["offers:read"])
    assert (stale.status_code, off.json["status"], deleted.status_code) == (412, "disabled", 204)
    assert owner.get(path).status_code == 404


@pytest.mark.asvs("10.4.11")
@pytest.mark.parametrize(
    ("scopes", "code"),
    [(["support:work"], "scope_invalid"), (["operate"], "scope_invalid"), (["runs:read"], "scope_invalid"),
     ([], "validation_failed"), (["orders:fly"], "scope_invalid")],
)  # fmt: skip
def test_no_program_gets_what_no_program_may(owner: Program, scopes: list[str], code: str) -> None:
    answer = owner.post("/api-clients", WISH | {"scopes": scopes})

    assert (answer.status_code, answer.json["code"]) == (422, code)


def test_a_program_neither_makes_nor_touches_one_that_may_do_more(
    app: Flask, owner: Program, customer_id: UUID
) -> None:
    mighty = made(owner)
    few = frozenset({"api-clients:write", "api-clients:read", "orders:read"})
    small = Program(app, a_caller(customer_id, scopes=few))
    path = f"/api-clients/{mighty['id']}"

    tries = [
        small.post("/api-clients", WISH),
        small.post(f"{path}/secrets"),
        small.patch(path, {"scopes": ["orders:read"]}, If_Match=tag(mighty)),
        small.post(f"{path}/keys", {"key": ECKey.generate_key("P-256").as_pem(private=False).decode()}),
    ]

    assert {(one.status_code, one.json["code"]) for one in tries} == {(422, "beyond_own_rights")}
    assert owner.get(path).json == {name: value for name, value in mighty.items() if name != "secret"}
    assert made(small, scopes=["orders:read"])["scopes"] == ["orders:read"]


@pytest.mark.asvs("8.4.1", "8.2.2")
def test_another_tenants_program_is_not_there_and_stays_as_it_is(app: Flask, owner: Program) -> None:
    client = made(owner)
    path, other = f"/api-clients/{client['id']}", Program(app, a_caller(an_organisation()[0], scopes=CLIENT_SCOPES))
    secret_id = client["secrets"][0]["id"]

    tries = [
        other.get(path), other.patch(path, {"name": "Mine"}, If_Match=tag(client)), other.post(f"{path}/secrets"),
        other.post(f"{path}/keys", {"key": ECKey.generate_key("P-256").as_pem(private=False).decode()}),
        other.ask("DELETE", path, headers={"If-Match": "*"}),
        other.ask("DELETE", f"{path}/secrets/{secret_id}", headers={"If-Match": "*"}),
        other.post("/api-clients", WISH | {"customer_id": client["customer_id"]}),
        other.get(f"/api-clients/{'x' * 80}"), other.get("/api-clients/%00"),
    ]  # fmt: skip

    assert {one.status_code for one in tries} == {404}
    assert other.get(f"/api-clients?customer_id={client['customer_id']}").json["items"] == []
    assert owner.get(path).json["version"] == 1


def test_a_reseller_makes_programs_for_its_end_customers_and_for_no_others(app: Flask, owner: Program) -> None:
    reseller_id, _ = an_organisation(kind="reseller")
    theirs, _ = an_organisation(kind="end_customer", reseller_id=reseller_id)
    other_reseller, _ = an_organisation(kind="reseller")
    foreign, _ = an_organisation(kind="end_customer", reseller_id=other_reseller)
    reseller = Program(app, a_caller(reseller_id, "reseller", scopes=CLIENT_SCOPES))

    client = made(reseller, customer_id=str(theirs))

    assert client["customer_id"] == str(theirs)
    assert reseller.post("/api-clients", WISH | {"customer_id": str(foreign)}).status_code == 404
    assert [one["id"] for one in reseller.get("/api-clients").json["items"]] == [client["id"]]
    with db.begin_read() as session:
        assert queries.get_client(session, Scope.customer(theirs), client["id"]).reseller_id == reseller_id


def test_programs_are_listed_page_by_page(owner: Program) -> None:
    ids = sorted(made(owner)["id"] for _ in range(5))

    first = owner.get("/api-clients?limit=3").json
    rest = owner.get(f"/api-clients?limit=3&cursor={first['next_cursor']}").json

    assert [one["id"] for one in first["items"] + rest["items"]] == ids
    assert (first["has_more"], rest["has_more"]) == (True, False)


@pytest.mark.parametrize(
    ("key", "code"),
    [("hello", "key_invalid"), ('{"kty":"oct","k":"c2VjcmV0"}', "key_private"), ('{"kty":"EC"}', "key_invalid"),
     (ECKey.generate_key("P-384").as_pem(private=False).decode(), "key_weak"),
     (ECKey.generate_key("P-256").as_pem(private=True).decode(), "key_private")],
)  # fmt: skip
def test_a_key_that_cannot_be_one_is_refused(owner: Program, key: str, code: str) -> None:
    client = made(owner, authentication="key")

    answer = owner.post(f"/api-clients/{client['id']}/keys", {"key": key})

    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert (client["secret"], client["secrets"]) == (None, [])


def test_a_program_has_two_keys_at_most_and_none_twice(owner: Program) -> None:
    client = made(owner)
    keys = [ECKey.generate_key("P-256").as_pem(private=False).decode() for _ in range(3)]
    path = f"/api-clients/{client['id']}/keys"

    first, again, second, third = (owner.post(path, {"key": key}) for key in (keys[0], keys[0], keys[1], keys[2]))
    gone = owner.ask("DELETE", f"{path}/{first.json['keys'][0]['id']}", headers={"If-Match": tag(second.json)})

    assert [first.status_code, again.status_code, second.status_code, third.status_code] == [201, 409, 201, 422]
    assert gone.status_code == 204
    assert [one["kind"] for one in owner.get(f"/api-clients/{client['id']}").json["keys"]] == ["EC"]
