"""What concerns a person everywhere is done by their own means only, and by all of them."""

from __future__ import annotations

import re
from uuid import UUID

import msgspec
import pytest
from flask import Flask

from domains.kernel import clock
from domains.kernel.config import Settings
from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries, tokens
from domains.users.models import Identity
from tests.factories.authenticator import Authenticator
from tests.factories.sign_on import enter, has_sign_on, link, who
from tests.factories.users import PASSWORD, an_organisation, has_app, has_password, invite, letters, signed_in

from .browser import Browser
from .visitor import Visitor, form_on, text_of

OLGA = "olga@northwind.example"


@pytest.fixture
def place(databases: Settings) -> UUID:
    """A customer with a provider, whose owner has a password."""
    customer_id, olga = an_organisation(owner_email=OLGA)
    has_password(olga)
    has_sign_on(customer_id)
    return customer_id


@pytest.fixture
def olga(place: UUID) -> UUID:
    """The owner."""
    with db.begin_read() as session:
        return queries.list_users(session, Scope.customer(place)).items[0].id


@pytest.fixture
def by_provider(app: Flask, place: UUID) -> Visitor:
    """The owner, as the provider says."""
    made = link(place, who(OLGA), password=PASSWORD)
    return Visitor(app, tokens.caller_of_login(made.token))


def csrf(visitor: Visitor) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/profile").get_data(as_text=True))
    assert found is not None
    return {"csrf_token": found[1]}


@pytest.mark.asvs("6.3.4", "8.4.1")
@pytest.mark.parametrize("path", ["/privacy/export", "/privacy/erase"])
def test_who_came_by_a_provider_neither_fetches_nor_erases_a_person(by_provider: Visitor, path: str) -> None:
    answer = by_provider.open("POST", path, data=csrf(by_provider) | {"email": OLGA})

    assert (answer.status_code, answer.location) == (303, "/privacy")
    assert "Sign in with your own password" in text_of(by_provider.get("/privacy"))


@pytest.mark.asvs("8.4.1")
def test_who_came_by_a_provider_sees_nothing_of_the_person_elsewhere(
    app: Flask, by_provider: Visitor, olga: UUID
) -> None:
    invite(an_organisation(name="Contoso")[0], OLGA)
    own = Visitor(app, signed_in(olga)[0])
    seen = [
        (
            "Contoso" in text_of(one.get("/organisations")),
            one.get("/security").get_data(as_text=True).count("203.0.113"),
        )
        for one in (own, by_provider)
    ]

    assert seen == [(True, 1), (False, 1)]
    assert "127.0.0.1" not in text_of(by_provider.get("/security"))


@pytest.mark.asvs("6.4.3")
def test_who_waits_to_enrol_is_asked_for_the_factor_set_up_elsewhere(app: Flask, place: UUID, olga: UUID) -> None:
    with db.begin() as session:
        commands.require_second_factor(session, scope=Scope.customer(place), customer_id=place, wanted=True)
    visitor = Visitor(app, None)
    visitor.send(visitor.get("/login"), "/login", email=OLGA, password=PASSWORD)
    assert visitor.get("/login/enrol").status_code == 200
    has_app(olga)

    seen = [visitor.get(path) for path in ("/login/enrol", "/login", "/login/second-factor")]

    assert [(one.status_code, one.location) for one in seen] == [
        (303, "/login"), (303, "/login/second-factor"), (200, None)
    ]  # fmt: skip


def test_who_enrols_a_first_factor_at_the_door_is_told(app: Flask, place: UUID) -> None:
    with db.begin() as session:
        commands.require_second_factor(session, scope=Scope.customer(place), customer_id=place, wanted=True)
    visitor, key = Visitor(app, None), Authenticator()
    visitor.send(visitor.get("/login"), "/login", email=OLGA, password=PASSWORD)
    page = visitor.get("/login/enrol").get_data(as_text=True)
    fields = {"csrf_token": re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]}
    options = visitor.open("POST", "/login/enrol/options", data=fields).get_data(as_text=True)

    done = visitor.open("POST", "/login/enrol", data=fields | {"credential": key.make(options), "name": "K"})

    assert done.status_code == 200
    assert [one.template for one in letters()] == ["factors_changed"]


def test_who_renews_their_recovery_codes_is_told(app: Flask, olga: UUID) -> None:
    has_app(olga)
    browser = Browser(app, olga)
    browser.send(browser.get("/security"), "/security/recovery-codes")

    assert [one.template for one in letters()] == ["factors_changed"]


@pytest.mark.asvs("6.3.4")
def test_a_login_by_the_password_alone_takes_no_factor_away_that_was_set_up_since(app: Flask, olga: UUID) -> None:
    thief, owner = Browser(app, olga), signed_in(olga)[0]  # the first by a stolen password, some minutes ago
    fields = csrf(thief)
    key = Authenticator()
    with db.begin() as session:
        made = key.make(commands.offer_passkey(session, user_id=olga))
    tokens.enrol(commands.enrol_passkey, login_id=UUID(owner.login_id), credential=made, name="Mine")
    with db.begin_read() as session:
        mine = queries.own_factors(session, olga).passkeys[0].id

    thief.open("POST", f"/security/passkeys/{mine}/remove", data=fields)

    with db.begin_read() as session:
        assert [one.id for one in queries.own_factors(session, olga).passkeys] == [mine]


@pytest.mark.asvs("6.8.4")
def test_a_cookie_that_waits_to_be_tied_is_worth_nothing_afterwards(app: Flask, place: UUID) -> None:
    visitor = Visitor(app, None)
    asked = enter(place, who(OLGA))
    pending = {"of": str(place), "who": msgspec.to_builtins(who(OLGA)), "how": asked.how, "code": asked.code}
    with visitor.client.session_transaction() as kept:
        kept["sso_link"] = pending | {"user": str(asked.user_id), "back": "/", "at": int(clock.wall().timestamp())}
    fields = form_on(visitor.get("/login/sso/link"), "/login/sso/link") or {}
    old = visitor.client.get_cookie("cloudsales")
    assert old is not None
    first = visitor.open("POST", "/login/sso/link", data=fields | {"password": PASSWORD})
    visitor.client.set_cookie("cloudsales", old.value)

    again = visitor.open("POST", "/login/sso/link", data=fields)

    assert (first.status_code, again.status_code) == (303, 403)
    assert "cloudsales_login" not in str(again.headers)
    with db.begin_read() as session:
        assert session.query(Identity).count() == 1
