"""Single sign-on against a real provider: who comes in, who must show that an account is theirs, who is turned away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.tenancy import Scope
from domains.users import commands, db, oidc, tokens
from domains.users.models import Identity, Login, Membership, SignOn, User
from tests.api.test_oauth_attacks import trail
from tests.factories.users import PASSWORD, an_organisation, has_password, invite, membership_of
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, Provider, query_of, running_provider

from .browser import Browser
from .conftest import made
from .visitor import Visitor, summary_of, text_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("oidc")]
CALLBACK = "http://localhost:8000/login/sso/callback"
OLGA = "olga@northwind.example"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider(CALLBACK) as provider:
        yield provider


@pytest.fixture
def provider(running: Provider, databases: Settings) -> Provider:
    bind(replace(databases, outbound_allow=running.issuer.removeprefix("http://")))
    tokens.forget_noted()
    return running


@pytest.fixture
def app(provider: Provider, databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(replace(databases, outbound_allow=provider.issuer.removeprefix("http://")), compiled)


def a_customer(provider: Provider, owner_email: str = OLGA, **options: Any) -> UUID:
    """A customer with the provider set up, whose domain is proved: that of its owner."""
    domain = owner_email.partition("@")[2]
    customer_id, _ = an_organisation(owner_email=owner_email)
    known: dict[str, Any] = {"scope": Scope.customer(customer_id), "customer_id": customer_id}
    with db.begin() as session:
        commands.set_sign_on(
            session, **known, expected_version=None, issuer=provider.issuer, client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET, provider=oidc.discovered(provider.issuer), **{"joins": True} | options,
        )  # fmt: skip
        made = commands.add_domain(session, **known, name=domain)
        commands.verify_domain(session, **known, domain_id=made.id, published=True)
    return customer_id


class Comer(Visitor):
    """Somebody at the door, with the cookies of a browser."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app, None)

    def go_out(self, email: str) -> str:
        """Type an address, and be sent to its provider."""
        out = self.send(self.get("/login/sso"), "/login/sso", email=email)
        assert out.status_code == 200, text_of(out)
        return out.headers["Refresh"].partition("url=")[2]

    def back(self, address: str) -> TestResponse:
        return self.get(address.removeprefix("http://localhost:8000"))

    def come(self, provider: Provider, sub: str, email: str = "x@northwind.example") -> TestResponse:
        return self.back(provider.sign_in(self.go_out(email), sub))


def login_in(answer: TestResponse) -> str:
    """The login's token that an answer gives the browser."""
    cookies = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("cloudsales_login=")]
    assert cookies, text_of(answer)
    return cookies[0].partition("=")[2].partition(";")[0]


def rows(model: Any) -> list[Any]:
    with db.begin_read() as session:
        return list(session.query(model).all())


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


@pytest.mark.asvs("10.4.1", "10.4.2", "7.2.3")
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

    visitor.send(visitor.get("/organisations"), "/organisations/accept")
    wish = {"membership": membership_of(user_id, other)}
    moved = visitor.open("POST", "/organisations/work", data=csrf(visitor, "/organisations") | wish)
    caller = tokens.caller_of_login(token)

    assert moved.status_code == 422
    assert caller is not None
    assert caller.customer_id != other
    with db.begin() as session:  # even if a row said so
        session.execute(Login.__table__.update().values(customer_id=other, epoch=Login.epoch + 1))
    assert tokens.caller_of_login(token) is None


def csrf(visitor: Visitor, path: str) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get(path).get_data(as_text=True))
    assert found is not None
    return {"csrf_token": unescape(found[1])}


@pytest.mark.asvs("7.6.2")
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


def changed(address: str, **but: str | None) -> str:
    """An answer of the provider's with other words in it."""
    path, known = address.partition("?")[0], query_of(address) | but
    return f"{path}?{urlencode({name: value for name, value in known.items() if value is not None})}"


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


def force(provider: Provider, customer_id: UUID) -> None:
    with db.begin() as session:
        commands.set_sign_on(
            session, scope=Scope.customer(customer_id), customer_id=customer_id, expected_version=None, forced=True,
            issuer=provider.issuer, client_id=CLIENT_ID, client_secret=None, joins=True,
            provider=oidc.discovered(provider.issuer),
        )  # fmt: skip


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
