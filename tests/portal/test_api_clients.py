"""Programs at the portal: made, given secrets, shut out, and none of another tenant's."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries
from domains.users.commands import CLIENT_SCOPES, DESK_SCOPES
from domains.users.models import ApiClient
from portal.rights import WORDS
from tests.factories.users import an_organisation

from .visitor import Visitor, a_person, form_on, summary_of, text_of


@pytest.fixture
def customer_id(databases: object) -> UUID:
    return an_organisation()[0]


@pytest.fixture
def owner(app: Flask, customer_id: UUID) -> Visitor:
    return Visitor(app, a_person(customer_id))


def a_program(customer_id: UUID, client_id: str = "eu_erp", scopes: tuple[str, ...] = ("orders:read",)) -> ApiClient:
    with db.begin() as session:
        commands.create_api_client(
            session, client_id=client_id, customer_id=customer_id, reseller_id=None, name="ERP <b>",
            secret="css_abcdef", scopes=list(scopes),
        )  # fmt: skip
    return found(customer_id, client_id)


def found(customer_id: UUID, client_id: str = "eu_erp") -> ApiClient:
    with db.begin_read() as session:
        return queries.get_client(session, Scope.customer(customer_id), client_id)


def made(owner: Visitor, **typed: Any) -> TestResponse:
    wish = {"name": "ERP in Rotterdam", "scopes": ["orders:read", "orders:write"], "authentication": "secret"}
    return owner.send(owner.get("/api-clients/new"), "/api-clients", **wish | typed)


def test_a_secret_stands_on_one_page_and_never_again(owner: Visitor) -> None:
    told = made(owner)
    secret = re.search(r"css_[\w-]{40,}", told.get_data(as_text=True))
    listed = owner.get("/api-clients")
    shown = owner.get(re.search(r"/api-clients/eu_[\w-]+", listed.get_data(as_text=True))[0])  # type: ignore[index]

    assert secret
    assert "no-store" in told.headers["Cache-Control"]
    assert secret[0] not in listed.get_data(as_text=True) + shown.get_data(as_text=True)
    assert secret[0][:8] in text_of(shown)
    assert "Place orders, which cost money" in text_of(shown)
    assert "never used" in text_of(shown)


@pytest.mark.parametrize(
    ("typed", "words"),
    [({"name": ""}, "Give a name"), ({"scopes": []}, "Choose what"), ({"scopes": ["support:work"]}, "may not have"),
     ({"name": "x" * 121}, "at most"), ({"scopes": ["operate"]}, "may not have")],
)  # fmt: skip
def test_what_cannot_be_a_program_is_said_in_the_form(owner: Visitor, typed: dict[str, Any], words: str) -> None:
    answer = made(owner, **typed)

    assert answer.status_code == 422
    assert words in summary_of(answer)


def test_a_secret_is_replaced_step_by_step(owner: Visitor, customer_id: UUID) -> None:
    first = a_program(customer_id).live[0]

    owner.send(owner.get("/api-clients/eu_erp"), "/api-clients/eu_erp/secrets")
    both = found(customer_id).live
    gone = owner.open(
        "POST", "/api-clients/eu_erp/remove", data=form(owner) | {"kind": "secret", "credential": first.id}
    )
    again = owner.open(
        "POST", "/api-clients/eu_erp/remove", data=form(owner) | {"kind": "secret", "credential": first.id}
    )

    assert (len(both), gone.status_code, again.status_code) == (2, 303, 404)
    assert first.id not in {one.id for one in found(customer_id).live}


def form(owner: Visitor) -> dict[str, Any]:
    page = owner.get("/api-clients/eu_erp")
    fields = form_on(page, "/api-clients/eu_erp/status") or {}
    return {name: fields[name] for name in ("csrf_token", "version")}


def test_a_program_is_shut_out_let_in_and_deleted(owner: Visitor, customer_id: UUID) -> None:
    a_program(customer_id)

    owner.send(owner.get("/api-clients/eu_erp"), "/api-clients/eu_erp/status")
    off = found(customer_id).status
    owner.send(owner.get("/api-clients/eu_erp"), "/api-clients/eu_erp/status")
    on = found(customer_id).status
    gone = owner.send(owner.get("/api-clients/eu_erp/delete"), "/api-clients/eu_erp/delete")

    assert (off, on, gone.location) == ("disabled", "active", "/api-clients")
    assert "No programs yet" in text_of(owner.get("/api-clients"))


def test_a_key_that_is_none_is_said_at_its_field(owner: Visitor, customer_id: UUID) -> None:
    a_program(customer_id)

    answer = owner.open("POST", "/api-clients/eu_erp/keys", data=form(owner) | {"key": "BEGIN NOTHING"})

    assert (answer.status_code, 'id="key-error"' in answer.get_data(as_text=True)) == (422, True)


@pytest.mark.asvs("7.5.1")
def test_who_has_not_proved_lately_who_they_are_is_asked_first(app: Flask, customer_id: UUID) -> None:
    a_program(customer_id)
    stale = Visitor(app, a_person(customer_id, preferences={"proved_at": ""}))

    answer = stale.send(stale.get("/api-clients/eu_erp"), "/api-clients/eu_erp/secrets")

    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/confirm")
    assert len(found(customer_id).live) == 1


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("role", ["buyer", "billing", "reader"])
def test_only_owners_see_programs(app: Flask, customer_id: UUID, role: str) -> None:
    a_program(customer_id)
    person = Visitor(app, a_person(customer_id, role=role))

    pages = [person.get(path) for path in ("/api-clients", "/api-clients/new", "/api-clients/eu_erp")]

    assert {page.status_code for page in pages} == {403}


def test_another_tenants_program_is_not_there(app: Flask, owner: Visitor, customer_id: UUID) -> None:
    a_program(an_organisation()[0], "eu_other")
    a_program(customer_id)
    sent = form(owner)

    answers = [owner.get(f"/api-clients/eu_other{end}") for end in ("", "/edit", "/delete")]
    wish = {"kind": "secret", "credential": customer_id, "status": "disabled", "name": "x", "scopes": "orders:read"}
    acts = ("", "/secrets", "/remove", "/status", "/delete")
    answers += [owner.open("POST", f"/api-clients/eu_other{act}", data=sent | wish) for act in acts]

    assert {answer.status_code for answer in answers} == {404}


def test_a_program_with_more_rights_than_the_reader_can_only_be_looked_at(app: Flask, customer_id: UUID) -> None:
    a_program(customer_id, scopes=("orders:read", "accounts:write"))
    few = frozenset({"api-clients:read", "api-clients:write", "orders:read"})
    person = Visitor(app, a_person(customer_id, scopes=few))

    page = person.get("/api-clients/eu_erp")

    assert "You can only look" in text_of(page)
    assert "Shut out" not in text_of(page)
    assert "<b>ERP" not in page.get_data(as_text=True)
    assert "ERP &lt;b&gt;" in page.get_data(as_text=True)


@pytest.mark.asvs("7.5.1")
def test_a_program_is_shut_out_at_once_and_let_in_with_a_fresh_proof(app: Flask, customer_id: UUID) -> None:
    a_program(customer_id)
    late = Visitor(app, a_person(customer_id, preferences={"proved_at": ""}))
    typed = form_on(late.get("/api-clients/eu_erp"), "/api-clients/eu_erp/status") or {}

    out = late.open("POST", "/api-clients/eu_erp/status", data=typed | {"status": "disabled"})
    back = late.open("POST", "/api-clients/eu_erp/status", data=typed | {"status": "active", "version": "2"})

    assert (out.location, back.location) == ("/api-clients/eu_erp", "/confirm?next=/")
    assert found(customer_id).status == "disabled"


def test_all_that_a_program_may_be_given_can_be_chosen_and_nothing_else() -> None:
    assert set(WORDS) == CLIENT_SCOPES | DESK_SCOPES
