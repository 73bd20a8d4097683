"""Single sign-on through the API: what a program may set up, and for whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.users.policy import CLIENT_SCOPES
from tests.factories.users import an_organisation
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, Names, Provider, running_names, running_provider

from .program import Program, a_caller

pytestmark = pytest.mark.slow
NAME = "_cloudsales-challenge.northwind.example"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider("http://localhost:8000/login/sso/callback") as provider:
        yield provider


@pytest.fixture(scope="module")
def names() -> Iterator[tuple[str, Names]]:
    with running_names() as found:
        yield found


@pytest.fixture
def owner(running: Provider, names: tuple[str, Names], databases: Settings, app: Flask) -> Program:
    bind(replace(databases, outbound_allow=running.issuer.removeprefix("http://"), resolver=names[0]))
    names[1].records.clear()
    return Program(app, a_caller(an_organisation()[0], scopes=CLIENT_SCOPES))


def wish(running: Provider) -> dict[str, str]:
    return {"issuer": running.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


def test_a_provider_is_set_up_changed_and_taken_away(owner: Program, running: Provider) -> None:
    none = owner.get("/sign-on")
    first = owner.post("/sign-on", wish(running))
    second = owner.post("/sign-on", wish(running))
    stale = owner.patch("/sign-on", {"joins": True}, If_Match=f'"{first.json["id"]}-9"')
    changed = owner.patch("/sign-on", {"joins": True, "role": "buyer"}, If_Match=first.headers["ETag"])
    checked = owner.post("/sign-on/check")
    forced = owner.patch("/sign-on", {"forced": True}, If_Match=changed.headers["ETag"])
    unseen = owner.ask("DELETE", "/sign-on")
    gone = owner.ask("DELETE", "/sign-on", headers={"If-Match": changed.headers["ETag"]})

    assert [none.status_code, first.status_code, second.status_code, stale.status_code] == [404, 201, 409, 412]
    assert (changed.json["joins"], changed.json["role"], changed.json["forced"]) == (True, "buyer", False)
    assert CLIENT_SECRET not in first.text + changed.text
    assert (checked.json, forced.json["code"]) == ({"unchanged": True}, "sign_on_untried")
    assert [unseen.status_code, gone.status_code, owner.get("/sign-on").status_code] == [428, 204, 404]


def test_a_domain_is_proved(owner: Program, names: tuple[str, Names]) -> None:
    added = owner.post("/sign-on/domains", {"name": "Northwind.example"})
    path = f"/sign-on/domains/{added.json['id']}"
    early = owner.post(f"{path}/verify")
    names[1].records[NAME] = [added.json["record_value"]]
    proved = owner.post(f"{path}/verify")
    stale = owner.ask("DELETE", path, headers={"If-Match": added.headers["ETag"]})
    gone = owner.ask("DELETE", path, headers={"If-Match": proved.headers["ETag"]})

    assert (added.json["record_name"], added.json["verified_at"]) == (NAME, None)
    assert (early.status_code, early.json["code"]) == (422, "domain_not_proven")
    assert proved.json["verified_at"] is not None
    assert [stale.status_code, gone.status_code] == [412, 204]
    assert owner.get("/sign-on/domains").json == {"items": []}


@pytest.mark.asvs("8.4.1", "8.2.2")
def test_another_tenants_sign_on_is_not_there(app: Flask, owner: Program, running: Provider) -> None:
    made = owner.post("/sign-on", wish(running))
    domain = owner.post("/sign-on/domains", {"name": "northwind.example"}).json["id"]
    other = Program(app, a_caller(an_organisation()[0], scopes=CLIENT_SCOPES))
    whose, any_version = f"?customer_id={made.json['customer_id']}", {"If-Match": "*"}

    tries = [
        other.get(f"/sign-on{whose}"), other.post(f"/sign-on{whose}", wish(running)),
        other.ask("PATCH", f"/sign-on{whose}", {"joins": True}, headers=any_version),
        other.ask("DELETE", f"/sign-on{whose}", headers=any_version), other.post(f"/sign-on/check{whose}"),
        other.get(f"/sign-on/domains{whose}"), other.post(f"/sign-on/domains{whose}", {"name": "a.example"}),
        other.post(f"/sign-on/domains/{domain}/verify"), other.post(f"/sign-on/domains/{domain}/verify{whose}"),
        other.ask("DELETE", f"/sign-on/domains/{domain}", headers=any_version),
        other.ask("DELETE", f"/sign-on/domains/{domain}{whose}", headers=any_version),
    ]  # fmt: skip

    assert {one.status_code for one in tries} == {404}
    assert owner.get("/sign-on").json == made.json


def test_a_reseller_looks_after_its_end_customers_sign_on(app: Flask, owner: Program, running: Provider) -> None:
    reseller_id, _ = an_organisation(kind="reseller")
    theirs, _ = an_organisation(kind="end_customer", reseller_id=reseller_id)
    reseller = Program(app, a_caller(reseller_id, "reseller", scopes=CLIENT_SCOPES))

    made = reseller.post(f"/sign-on?customer_id={theirs}", wish(running))

    assert UUID(made.json["customer_id"]) == theirs
    assert reseller.get("/sign-on").status_code == 404
