"""Answers at the door of single sign-on that are not what they seem: none lets anybody in."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from domains.users import db, tokens
from domains.users.models import Identity, Login, Organisation, Totp, User
from tests.api.test_oauth_attacks import trail
from tests.factories.users import accept, an_organisation, invite, membership_of
from tests.oidc.provider import Provider, query_of

from .comer import OLGA, Comer, a_customer, changed, csrf, login_in, rows
from .comer import app as app
from .comer import provider as provider
from .comer import running as running
from .visitor import Visitor, text_of

pytestmark = pytest.mark.slow


@pytest.mark.asvs("10.3.3", "8.4.1")
def test_the_same_person_at_the_same_provider_is_somebody_else_for_another_customer(
    app: Flask, provider: Provider
) -> None:
    a_customer(provider)
    Comer(app).come(provider, "nils")
    a_customer(provider, owner_email="x@contoso.example")

    answer = Comer(app).come(provider, "nils", "x@contoso.example")

    assert answer.status_code == 403
    assert len(rows(Identity)) == 1


@pytest.mark.asvs("8.4.1")
def test_a_login_that_a_provider_made_is_good_at_its_own_customer_only(app: Flask, provider: Provider) -> None:
    a_customer(provider)
    token = login_in(Comer(app).come(provider, "nils"))
    user_id = next(user.id for user in rows(User) if user.email.startswith("nils"))
    other, _ = an_organisation(name="Contoso Partners")
    invite(other, "nils@northwind.example")
    visitor = Visitor(app, tokens.caller_of_login(token))

    page = visitor.get("/organisations")
    wish = csrf(visitor, "/security") | {"membership": membership_of(user_id, other)}
    taken = visitor.open("POST", "/organisations/accept", data=wish)
    accept(user_id, other)  # in another browser, by their own means
    moved = visitor.open("POST", "/organisations/work", data=wish)
    caller = tokens.caller_of_login(token)

    assert "Contoso" not in text_of(page)
    assert (taken.status_code, moved.status_code) == (422, 422)
    assert caller is not None
    assert caller.customer_id != other
    with db.begin() as session:  # even if a row said so
        session.execute(Login.__table__.update().values(customer_id=other, epoch=Login.epoch + 1))
    tokens.forget_epoch("login", caller.login_id)
    assert tokens.caller_of_login(token) is None


@pytest.mark.asvs("7.6.2", "10.4.2")
@pytest.mark.parametrize("lost", ["another browser", "no state", "used before"])
def test_an_answer_that_this_browser_did_not_ask_for_is_turned_away(app: Flask, provider: Provider, lost: str) -> None:
    a_customer(provider)
    an_organisation(kind="operator", name="Cloud Sales")
    comer = Comer(app)
    address = provider.sign_in(comer.go_out(OLGA), "nils")
    if lost == "used before":
        comer.back(address)
    victim = Comer(app) if lost == "another browser" else comer
    if lost == "no state":
        address = re.sub(r"state=[^&]+", "state=", address)

    answer = victim.back(address)

    assert answer.status_code == 400
    assert "not begun in this browser" in text_of(answer)
    assert "cloudsales_login" not in str(answer.headers)
    assert [told["why"] for _, _, told in trail("users.refuse_sign_on")] == ["state"]


@pytest.mark.parametrize(
    ("but", "why"),
    [({"iss": "https://evil.example"}, "mixed_up"), ({"iss": None}, "mixed_up"), ({"code": "made-up"}, "code_refused"),
     ({"code": None}, "no_code"), ({"code": None, "error": "access_denied"}, "said_no")],
)  # fmt: skip
def test_an_answer_that_is_not_the_providers_is_not_believed(
    app: Flask, provider: Provider, but: dict[str, str | None], why: str
) -> None:
    customer_id = a_customer(provider)
    comer = Comer(app)

    answer = comer.back(changed(provider.sign_in(comer.go_out(OLGA), "nils"), **but))

    assert answer.status_code == 400
    assert [(of, told["why"]) for of, _, told in trail("users.refuse_sign_on")] == [(customer_id, why)]
    assert rows(Identity) == []


@pytest.mark.asvs("10.4.2")
def test_a_code_is_good_for_one_browser_only(app: Flask, provider: Provider) -> None:
    a_customer(provider)
    thief, victim = Comer(app), Comer(app)
    own = thief.go_out(OLGA)
    code = query_of(provider.sign_in(victim.go_out(OLGA), "nils"))["code"]

    answer = thief.back(changed(provider.sign_in(own, "eve"), code=code))

    assert answer.status_code == 400
    assert [told["why"] for _, _, told in trail("users.refuse_sign_on")] == ["code_refused"]


def test_an_id_token_with_another_nonce_is_not_believed(app: Flask, provider: Provider) -> None:
    a_customer(provider)
    comer = Comer(app)
    asked = comer.go_out(OLGA)

    answer = comer.back(provider.sign_in(changed(asked, nonce="of somebody else"), "nils"))

    assert answer.status_code == 400
    assert [told["why"] for _, _, told in trail("users.refuse_sign_on")] == ["not_proven"]


@pytest.mark.asvs("6.3.4", "8.4.1")
@pytest.mark.parametrize(
    "path", ["passkeys/options", "passkeys", "app", "app/remove", "recovery-codes", "password", "logins/end"]
)
def test_who_came_by_a_provider_gets_no_key_to_the_account_itself(app: Flask, provider: Provider, path: str) -> None:
    a_customer(provider)
    visitor = Visitor(app, tokens.caller_of_login(login_in(Comer(app).come(provider, "nils"))))

    answer = visitor.open("POST", f"/security/{path}", data=csrf(visitor, "/security"))

    assert (answer.status_code, answer.location) == (303, "/security")
    assert "Sign in with your own password" in text_of(visitor.get("/security"))
    assert visitor.get("/security/app").status_code == 303


def test_a_half_login_by_a_provider_enrols_nothing(app: Flask, provider: Provider) -> None:
    a_customer(provider)
    with db.begin() as session:
        session.execute(Organisation.__table__.update().values(second_factor="required"))
    half = Comer(app).come(provider, "nils")
    comer = Comer(app)
    comer.client.set_cookie("cloudsales_login", login_in(half))

    page = comer.get("/login/enrol")
    known = {"code": "123456"} | csrf(comer, "/login/forgotten")
    answers = [comer.open("POST", path, data=known) for path in ("/login/enrol", "/login/enrol/options")]

    assert half.location.startswith("/login/enrol")
    assert [answer.status_code for answer in (page, *answers)] == [403] * 3
    assert "have your organisation’s provider ask" in text_of(page)
    assert rows(Totp) == []  # and nobody has seen a seed
    assert [one.state for one in rows(Login)] == ["enrol"]
