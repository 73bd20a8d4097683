"""The owner's page for single sign-on: set up and refused, domains proved, taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from domains.kernel import envelope
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries
from domains.users.models import Identity, SignOn, SignOnDomain
from tests.factories.users import an_organisation
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, Names, Provider, running_names, running_provider

from .conftest import made
from .visitor import Visitor, a_person, form_on, summary_of, text_of

pytestmark = pytest.mark.slow
CALLBACK = "http://localhost:8000/login/sso/callback"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider(CALLBACK) as provider:
        yield provider


@pytest.fixture(scope="module")
def resolver() -> Iterator[tuple[str, Names]]:
    with running_names() as found:
        yield found


@pytest.fixture
def app(
    running: Provider, resolver: tuple[str, Names], databases: Settings, compiled: FileSystemBytecodeCache
) -> Flask:
    settings = replace(databases, outbound_allow=running.issuer.removeprefix("http://"), resolver=resolver[0])
    bind(settings)
    resolver[1].records.clear()
    return made(settings, compiled)


@pytest.fixture
def customer_id(databases: object) -> UUID:
    return an_organisation()[0]


@pytest.fixture
def owner(app: Flask, customer_id: UUID) -> Visitor:
    return Visitor(app, a_person(customer_id))


def save(owner: Visitor, running: Provider, **typed: Any) -> TestResponse:
    wish = {"issuer": running.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "role": "reader"}
    return owner.send(owner.get("/sign-on"), "/sign-on", **wish | typed)


def kept(customer_id: UUID) -> SignOn | None:
    with db.begin_read() as session:
        return queries.sign_on(session, Scope.customer(customer_id), customer_id)


def domains(customer_id: UUID) -> list[SignOnDomain]:
    with db.begin_read() as session:
        return queries.domains(session, Scope.customer(customer_id), customer_id)


@pytest.mark.asvs("13.3.1")
def test_a_provider_is_asked_what_it_is_and_its_secret_is_sealed(
    owner: Visitor, running: Provider, customer_id: UUID
) -> None:
    answer = save(owner, running, joins="yes")
    found, page = kept(customer_id), owner.get("/sign-on")

    assert answer.status_code == 303
    assert found is not None
    assert (found.joins, found.forced, found.trusted, found.provider["names_itself"]) == (True, False, False, True)
    assert CLIENT_SECRET not in found.client_secret
    assert envelope.opened(found.client_secret, purpose=commands.SIGN_ON_PURPOSE, owner=customer_id) == CLIENT_SECRET
    assert CLIENT_SECRET not in page.get_data(as_text=True)
    with db.begin_read() as session:
        assert CLIENT_SECRET not in str(session.execute(db.audit_value.select()).all())


def test_the_secret_stays_when_none_is_typed_and_is_asked_for_at_another_provider(
    owner: Visitor, running: Provider, customer_id: UUID
) -> None:
    save(owner, running)

    same = save(owner, running, client_secret="", trusted="yes")
    other = save(owner, running, client_secret="", client_id="another")

    found = kept(customer_id)
    assert found is not None
    assert (same.status_code, found.trusted, found.version) == (303, True, 2)
    assert other.status_code == 422
    assert "Type the client secret" in summary_of(other)


@pytest.mark.asvs("1.3.6")
@pytest.mark.parametrize(
    ("issuer", "words"),
    [("https://169.254.169.254/latest", "not on the public"), ("https://localhost", "not on the public internet"),
     ("http://10.0.0.1", "https://"), ("http://127.0.0.1:1", "https://"), ("file:///etc/passwd", "Type the provider"),
     ("gopher://x", "Type the provider"), ("", "Type the provider"), ("https://a:b@idp.example", "neither name nor"),
     ("https://login.microsoftonline.com/common/v2.0", "your own directory"),
     ("https://login.microsoftonline.com/organizations/v2.0", "your own directory")],
)  # fmt: skip
def test_an_issuer_that_cannot_be_one_is_refused_and_nothing_kept(
    owner: Visitor, running: Provider, customer_id: UUID, issuer: str, words: str
) -> None:
    answer = save(owner, running, issuer=issuer)

    assert answer.status_code == 422
    assert words in summary_of(answer)
    assert kept(customer_id) is None


def test_an_issuer_is_what_it_calls_itself_to_the_letter(owner: Visitor, running: Provider) -> None:
    answer = save(owner, running, issuer=running.issuer + "/")

    assert "calls itself" in summary_of(answer)


def test_nobody_is_forced_through_a_provider_that_nobody_has_tried(
    owner: Visitor, running: Provider, customer_id: UUID
) -> None:
    save(owner, running)

    untried = save(owner, running, forced="yes")
    with db.begin() as session:
        found = session.get_one(SignOn, customer_id)
        session.add(Identity(id=customer_id, customer_id=customer_id, user_id=customer_id, key="k",
                             issuer=found.issuer, subject="s", created_at=found.created_at,
                             last_used_at=found.created_at))  # fmt: skip
    tried = save(owner, running, forced="yes")

    assert (untried.status_code, tried.status_code) == (422, 303)
    assert "once yourself" in summary_of(untried)


def test_who_joins_by_themselves_is_never_an_owner(owner: Visitor, running: Provider, customer_id: UUID) -> None:
    assert save(owner, running, role="owner").status_code == 422
    assert kept(customer_id) is None


def act(owner: Visitor, path: str, **fields: Any) -> TestResponse:
    page = owner.get("/sign-on")
    token = (form_on(page, "/sign-on") or {})["csrf_token"]
    return owner.open("POST", path, data={"csrf_token": token} | fields)


def test_a_domain_is_proved_by_its_record_and_belongs_to_one_customer(
    app: Flask, owner: Visitor, customer_id: UUID, resolver: tuple[str, Names]
) -> None:
    added = act(owner, "/sign-on/domains", domain=" @Northwind.Example. ")
    [domain] = domains(customer_id)
    early = act(owner, "/sign-on/domains/verify", id=domain.id)
    resolver[1].records["_cloudsales-challenge.northwind.example"] = ["v=spf1 -all", domain.challenge]
    proved = act(owner, "/sign-on/domains/verify", id=domain.id)
    other_id, _ = an_organisation()
    other = Visitor(app, a_person(other_id))
    act(other, "/sign-on/domains", domain="northwind.example")
    [copy] = domains(other_id)
    resolver[1].records["_cloudsales-challenge.northwind.example"].append(copy.challenge)
    taken = act(other, "/sign-on/domains/verify", id=copy.id)
    foreign = act(other, "/sign-on/domains/remove", id=domain.id)
    gone = act(owner, "/sign-on/domains/remove", id=domain.id)

    assert (domain.name, added.status_code, early.status_code, proved.status_code) == (
        "northwind.example",
        303,
        422,
        303,
    )
    assert "not there yet" in summary_of(early)
    assert (taken.status_code, "Another organisation" in summary_of(taken)) == (422, True)
    assert (foreign.status_code, gone.status_code, domains(customer_id)) == (404, 303, [])


@pytest.mark.parametrize("domain", ["", "localhost", "-x.example", "a b.example", "x" * 70 + ".example", "1.2.3.4"])
def test_what_is_no_domain_is_refused(owner: Visitor, customer_id: UUID, domain: str) -> None:
    assert act(owner, "/sign-on/domains", domain=domain).status_code == 422
    assert domains(customer_id) == []


def test_a_provider_is_looked_at_again_and_taken_away(owner: Visitor, running: Provider, customer_id: UUID) -> None:
    save(owner, running)

    looked = act(owner, "/sign-on/check")
    page = owner.get("/sign-on/remove")
    gone = owner.send(page, "/sign-on/remove")

    assert (looked.status_code, gone.status_code, kept(customer_id)) == (303, 303, None)
    assert "signed out within a second" in text_of(page)


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("role", ["buyer", "billing", "reader"])
def test_only_owners_see_it(app: Flask, customer_id: UUID, role: str) -> None:
    assert Visitor(app, a_person(customer_id, role=role)).get("/sign-on").status_code == 403


def test_who_has_not_proved_lately_who_they_are_is_asked_first(
    app: Flask, customer_id: UUID, running: Provider
) -> None:
    stale = Visitor(app, a_person(customer_id, preferences={"proved_at": ""}))

    answer = save(stale, running)

    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/confirm")
    assert kept(customer_id) is None
