"""Single sign-on against a real provider: who comes in, and who must show that an account is theirs."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.config import Settings
from domains.kernel.tenancy import Scope
from domains.users import commands, db, tokens
from domains.users.models import Identity, Membership, SignOn, User
from tests.api.test_oauth_attacks import trail
from tests.factories.users import PASSWORD, has_password, invite
from tests.oidc.provider import Provider, query_of

from .browser import Browser
from .comer import CALLBACK, OLGA, Comer, a_customer, csrf, force, login_in, rows
from .comer import app as app
from .comer import provider as provider
from .comer import running as running
from .visitor import Visitor, summary_of, text_of

pytestmark = pytest.mark.slow


def test_who_is_new_joins_by_a_verified_address_of_a_proved_domain(app: Flask, provider: Provider) -> None:
    customer_id = a_customer(provider, role="billing")

    answer = Comer(app).come(provider, "nils")
    caller = tokens.caller_of_login(login_in(answer))
    again = tokens.caller_of_login(login_in(Comer(app).come(provider, "nils")))

    assert caller is not None
    assert again is not None
    assert (answer.status_code, answer.location) == (303, "/")
    assert (caller.customer_id, caller.roles, caller.actor.name) == (customer_id, ("billing",), "Nils Newcomer")
    assert caller.preferences["amr"].split()[0] == "oidc"
    assert again.actor == caller.actor
    assert [(one.issuer, one.subject) for one in rows(Identity)] == [(provider.issuer, "nils")]


@pytest.mark.asvs("10.4.1", "7.2.3")
def test_the_provider_is_asked_for_a_code_bound_to_this_browser(app: Flask, provider: Provider) -> None:
    a_customer(provider)

    asked = query_of(Comer(app).go_out(OLGA))

    assert (asked["response_type"], asked["redirect_uri"], asked["code_challenge_method"]) == ("code", CALLBACK, "S256")
    assert all(len(asked[name]) >= 43 for name in ("state", "nonce", "code_challenge"))


@pytest.mark.parametrize("sub", ["una", "eve"])
def test_nobody_joins_by_an_address_that_is_not_verified_or_of_another_domain(
    app: Flask, provider: Provider, sub: str
) -> None:
    a_customer(provider)

    answer = Comer(app).come(provider, sub)

    assert (answer.status_code, "nobody here has invited you" in text_of(answer)) == (403, True)
    assert [told["why"] for _, _, told in trail("users.refuse_sign_on")] == ["not_invited"]
    assert rows(Identity) == []


def test_nobody_joins_where_joining_is_off(app: Flask, provider: Provider) -> None:
    a_customer(provider, joins=False)

    assert Comer(app).come(provider, "nils").status_code == 403
    assert rows(Identity) == []


@pytest.mark.asvs("6.8.1", "10.5.2")
def test_an_account_with_the_same_address_is_not_taken_but_asked_for_its_password(
    app: Flask, provider: Provider
) -> None:
    customer_id = a_customer(provider)
    user_id = next(user.id for user in rows(User) if user.email == OLGA)
    has_password(user_id)
    comer = Comer(app)

    asked = comer.come(provider, "olga")
    page = comer.get(asked.location)
    wrong = comer.send(page, "/login/sso/link", password="not this one")
    before = rows(Identity)
    right = comer.send(page, "/login/sso/link", password=PASSWORD)
    caller = tokens.caller_of_login(login_in(right))
    later = tokens.caller_of_login(login_in(Comer(app).come(provider, "olga")))

    assert (asked.status_code, asked.location) == (303, "/login/sso/link")
    assert "cloudsales_login" not in str(asked.headers)
    assert (wrong.status_code, before) == (422, [])
    assert "not right" in summary_of(wrong)
    assert caller is not None
    assert later is not None
    assert (caller.actor.id, later.actor.id, caller.customer_id) == (str(user_id), str(user_id), customer_id)


def test_who_is_signed_in_to_the_account_only_says_yes(app: Flask, provider: Provider) -> None:
    a_customer(provider)
    user_id = next(user.id for user in rows(User) if user.email == OLGA)
    has_password(user_id)
    comer = Comer(app)
    asked = comer.come(provider, "olga")
    comer.caller = Browser(app, user_id).caller

    page = comer.get(asked.location)
    done = comer.send(page, "/login/sso/link")

    assert 'type="password"' not in page.get_data(as_text=True)
    assert login_in(done)
    assert len(rows(Identity)) == 1


def test_who_was_invited_and_never_came_accepts(app: Flask, provider: Provider) -> None:
    customer_id = a_customer(provider, joins=False)
    invite(customer_id, "nils@northwind.example", role="buyer")
    comer = Comer(app)

    asked = comer.come(provider, "nils")
    done = comer.send(comer.get(asked.location), "/login/sso/link")
    caller = tokens.caller_of_login(login_in(done))

    assert caller is not None
    assert (caller.customer_id, caller.roles) == (customer_id, ("buyer",))


@pytest.mark.asvs("6.3.4")
def test_forced_sign_on_shuts_passwords_of_members_and_leaves_owners_a_way_in(app: Flask, provider: Provider) -> None:
    customer_id = a_customer(provider)
    owner_id = next(user.id for user in rows(User) if user.email == OLGA)
    has_password(owner_id)
    invite(customer_id, "bea@northwind.example", user_id=UUID(int=7))
    has_password(UUID(int=7))
    before = Browser(app, UUID(int=7))
    Comer(app).come(provider, "nils")

    force(provider, customer_id)

    stranger = Visitor(app, None)
    tries = {
        name: stranger.send(stranger.get("/login"), "/login", email=f"{name}@northwind.example", password=typed)
        for name, typed in (("bea", PASSWORD), ("bea", "wrong"), ("nobody", PASSWORD), ("olga", PASSWORD))
    }
    assert tokens.caller_of_login(before.token) is None
    assert {name: answer.status_code for name, answer in tries.items()} == {"bea": 422, "nobody": 422, "olga": 303}
    assert summary_of(tries["bea"]) == summary_of(tries["nobody"])
    assert "single sign-on" in summary_of(tries["bea"])
    assert tokens.caller_of_login(login_in(Comer(app).come(provider, "nils"))) is not None


def test_who_is_shut_out_here_stays_out_whatever_the_provider_says(app: Flask, provider: Provider) -> None:
    customer_id = a_customer(provider)
    token = login_in(Comer(app).come(provider, "nils"))
    user_id = next(user.id for user in rows(User) if user.email.startswith("nils"))

    with db.begin() as session:
        commands.disable_user(session, scope=Scope.customer(customer_id), user_id=user_id)

    assert tokens.caller_of_login(token) is None
    assert "may not come in any more" in text_of(Comer(app).come(provider, "nils"))
    assert [one.state for one in rows(Membership) if one.user_id == user_id] == ["disabled"]


def test_taking_the_provider_away_ends_what_it_let_in(app: Flask, provider: Provider) -> None:
    customer_id = a_customer(provider)
    token = login_in(Comer(app).come(provider, "nils"))

    with db.begin() as session:
        commands.remove_sign_on(
            session, scope=Scope.customer(customer_id), customer_id=customer_id, expected_version=None
        )

    assert tokens.caller_of_login(token) is None
    assert (rows(Identity), rows(SignOn)) == ([], [])
    assert tokens.provider_of_address(OLGA) is None


@pytest.mark.asvs("6.8.4", "7.5.1")
def test_a_proof_anew_is_asked_of_the_provider_and_of_the_same_person(app: Flask, provider: Provider) -> None:
    a_customer(provider)
    comer = Comer(app)
    token = login_in(comer.come(provider, "nils"))
    comer.caller = tokens.caller_of_login(token)

    out = comer.open("POST", "/login/sso/again?next=/profile", data=csrf(comer, "/profile"))
    asked = out.headers["Refresh"].partition("url=")[2]
    done = comer.back(provider.sign_in(asked, "nils"))
    fresh = login_in(done)
    comer.caller = tokens.caller_of_login(fresh)
    other = comer.open("POST", "/login/sso/again", data=csrf(comer, "/profile"))
    refused = comer.back(provider.sign_in(other.headers["Refresh"].partition("url=")[2], "eve"))

    assert (query_of(asked)["prompt"], query_of(asked)["max_age"]) == ("login", "0")
    assert (done.status_code, done.location) == (303, "/profile")
    assert tokens.caller_of_login(token) is None  # its token is another one now
    assert (refused.status_code, "somebody else" in text_of(refused)) == (403, True)


def test_a_trusted_provider_stands_for_the_second_factor(app: Flask, provider: Provider, databases: Settings) -> None:
    customer_id = a_customer(provider, trusted=True)
    caller = tokens.caller_of_login(login_in(Comer(app).come(provider, "nils")))

    assert caller is not None
    assert caller.customer_id == customer_id
    assert caller.preferences["amr"].split()[0] == "sso"


def test_an_address_without_a_sign_on_is_told_so_whoever_has_it(app: Flask, provider: Provider) -> None:
    a_customer(provider)
    comer = Comer(app)

    answers = [comer.send(comer.get("/login/sso"), "/login/sso", email=one) for one in ("x@elsewhere.example", "", "x")]

    assert {answer.status_code for answer in answers} == {422}
