"""An organisation at the portal: its people, customers and cases, over the real flows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel import config
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from domains.users import commands as users
from domains.users import db as users_db
from domains.users import tokens
from domains.users.models import User
from tests.saga.flows.conftest import clock as clock
from tests.saga.flows.conftest import opened as opened
from tests.saga.flows.conftest import shop as shop
from tests.saga.flows.conftest import transport as transport
from tests.saga.flows.shop import Shop, newcomer

from .conftest import made
from .visitor import Visitor, a_person, form_on, summary_of, text_of


@pytest.fixture
def app(shop: Shop, compiled: FileSystemBytecodeCache) -> Flask:
    return made(config.current(), compiled)


@pytest.fixture
def owner(app: Flask, shop: Shop) -> Visitor:
    return Visitor(app, a_person(shop.customer_id))


def staff(app: Flask) -> Visitor:
    """A support agent of the operator."""
    return Visitor(app, replace(a_person(kind="operator", role="agent", scope=Scope.operator()), customer_id=None))


# ---- cases


@pytest.mark.asvs("1.2.1")
def test_a_case_is_opened_once_answered_and_closed(app: Flask, owner: Visitor, shop: Shop) -> None:
    form = owner.get("/cases/new", account=shop.account_id)
    fields = form_on(form, "/cases")
    assert fields is not None
    typed = fields | {"subject": "<b>Help</b>", "description": "It does\r\nnot work.", "impact": "high"}

    first, again = (owner.open("POST", "/cases", data=typed) for _ in range(2))
    at, agent = first.location, staff(app)
    agent.send(agent.get(at), f"{at}/replies", body="We look at it.")
    agent.send(agent.get(at), f"{at}/notes", note="The provider is slow today.")

    seen, inside = owner.get(at), text_of(agent.get(at))
    assert first.location == again.location
    assert "&lt;b&gt;Help" in seen.get_data(as_text=True)
    assert ("We look at it." in text_of(seen), "slow today" in text_of(seen)) == (True, False)
    assert "slow today" in inside
    assert owner.open("POST", f"{at}/notes", data={"body": "x"}).status_code in (400, 403)
    owner.send(owner.get(at), f"{at}/status", status="resolved")
    assert "Help" not in text_of(owner.get("/cases"))


@pytest.mark.parametrize(
    ("field", "text"), [("subject", ""), ("description", " "), ("description", "x" * 20_001), ("impact", "enormous")]
)
def test_what_cannot_be_a_case_is_said_and_nothing_typed_is_lost(owner: Visitor, field: str, text: str) -> None:
    typed = {"subject": "Help", "description": "It does not work.", "impact": "high"} | {field: text}

    answer = owner.send(owner.get("/cases/new"), "/cases", **typed)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)
    assert field == "subject" or 'value="Help"' in answer.get_data(as_text=True)


@pytest.mark.asvs("8.2.2")
def test_another_tenants_case_is_not_there(app: Flask, owner: Visitor) -> None:
    typed = {"subject": "Help", "description": "It does not work.", "impact": "high"}
    at = owner.send(owner.get("/cases/new"), "/cases", **typed).location
    stranger = Visitor(app, a_person(new_id()))

    assert stranger.get(at).status_code == 404
    assert "Help" not in text_of(stranger.get("/cases"))


# ---- people and customers


def signed_in(app: Flask, customer_id: UUID, user_id: UUID, **but: Any) -> Visitor:
    """Somebody with a login of their own."""
    with users_db.begin() as session:
        users.set_password(session, user_id=user_id, password="seven grey geese over water")
        email = session.get(User, user_id).email
    made = tokens.sign_in(email=email, password="seven grey geese over water", ip="127.0.0.1", user_agent="test")
    caller = tokens.caller_of_login(made.token)
    assert caller is not None
    return Visitor(app, caller)


def test_an_owner_finds_what_invoices_say_by_the_profile(app: Flask, shop: Shop) -> None:
    owner = signed_in(app, shop.customer_id, UUID(shop.caller.actor.id))
    own = f"/customers/{shop.customer_id}"

    assert f'href="{own}"' in owner.get("/profile").get_data(as_text=True)
    assert f'href="{own}/edit"' in owner.get(own).get_data(as_text=True)


def test_settings_take_effect_on_the_next_page(app: Flask, shop: Shop) -> None:
    owner = signed_in(app, shop.customer_id, UUID(shop.caller.actor.id))

    saved = owner.send(
        owner.get("/profile"), "/profile", formats="de_DE", time_zone="Asia/Tokyo", theme="dark", name="Olivia Öwen"
    )
    odd = owner.send(owner.get("/profile"), "/profile", time_zone="Mars/Olympus")

    assert saved.status_code == 303
    assert odd.status_code == 422
    with users_db.begin_read() as session:
        user = session.get(User, UUID(shop.caller.actor.id))
        assert (user.formats, user.time_zone, user.theme, user.name) == ("de_DE", "Asia/Tokyo", "dark", "Olivia Öwen")


def test_colleagues_are_listed_and_strangers_are_not(owner: Visitor, app: Flask) -> None:
    stranger = Visitor(app, a_person(new_id()))

    assert "Olivia Owen" in text_of(owner.get("/users"))
    assert "Olivia Owen" not in text_of(stranger.get("/users"))


def a_reseller(app: Flask, shop: Shop) -> tuple[Visitor, UUID]:
    reseller = newcomer(kind="reseller", name="Contoso Partners", owner_email="owner@contoso.example", tax_id=None)
    shop.onboard(reseller)
    return Visitor(app, a_person(reseller.customer_id, "reseller")), reseller.customer_id


WISH = {
    "name": "Wingtip Toys", "legal_name": "Wingtip Toys GmbH", "country": "DE", "currency": "EUR", "language": "de",
    "time_zone": "Europe/Berlin", "email": "office@wingtip.example", "owner_name": "Wanda Wing",
    "owner_email": "wanda@wingtip.example", "street": "Spielzeugweg 3", "postcode": "20999", "city": "Hamburg",
}  # fmt: skip


def test_a_reseller_onboards_an_end_customer(app: Flask, shop: Shop) -> None:
    reseller, _id = a_reseller(app, shop)

    sent = reseller.send(reseller.get("/customers/new"), "/customers", **WISH)
    shop.transport.run_until_quiet()

    assert "This is done" in text_of(reseller.get(sent.location))
    assert "Wingtip Toys GmbH" in text_of(reseller.get("/customers"))


@pytest.mark.asvs("2.2.2")
@pytest.mark.parametrize(
    ("field", "text"),
    [("name", ""), ("country", "XX"), ("currency", "USD"), ("time_zone", "Mars"), ("email", "nobody"),
     ("owner_email", ""), ("owner_name", ""), ("tax_id", "12"), ("street", ""), ("city", " ")],
)  # fmt: skip
def test_what_cannot_be_a_customer_is_said_at_its_field(app: Flask, shop: Shop, field: str, text: str) -> None:
    reseller, _id = a_reseller(app, shop)

    answer = reseller.send(reseller.get("/customers/new"), "/customers", **WISH | {field: text})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True), summary_of(answer)


def test_what_invoices_say_is_changed_by_whoever_saw_its_newest_version(owner: Visitor, shop: Shop, app: Flask) -> None:
    at = f"/customers/{shop.customer_id}"
    typed = {"legal_name": "Northwind Traders N.V.", "street": "Gracht 12", "postcode": "1017 AB", "city": "Amsterdam"}
    form = owner.get(f"{at}/edit")

    saved, late = owner.send(form, at, **typed), owner.send(form, at, **typed | {"city": "Utrecht"})
    bad = owner.send(owner.get(f"{at}/edit"), at, **typed | {"tax_id": "NL1"})
    shop.transport.run_until_quiet()

    assert (saved.status_code, late.status_code, bad.status_code) == (303, 409, 422)
    assert "is not a tax number" in summary_of(bad)
    assert "Gracht 12, 1017 AB, Amsterdam" in text_of(owner.get(at))
    assert Visitor(app, a_person(shop.customer_id, role="reader")).get(f"{at}/edit").status_code == 403
    assert Visitor(app, a_person(new_id())).get(f"{at}/edit").status_code == 404


def test_only_who_manages_others_sees_and_onboards_them(owner: Visitor, shop: Shop, app: Flask) -> None:
    _reseller, reseller_id = a_reseller(app, shop)

    assert owner.get("/customers/new").status_code == 403
    assert owner.get(f"/customers/{reseller_id}").status_code == 404
    assert "Contoso" not in text_of(owner.get("/customers"))


# ---- finding, costs, home


def test_a_search_finds_what_is_ones_own_and_nothing_else(owner: Visitor, app: Flask, shop: Shop) -> None:
    shop.bought()
    stranger = Visitor(app, a_person(new_id()))

    found, foreign = text_of(owner.get("/search", q="analytics")), text_of(stranger.get("/search", q="SUB-"))
    odd = owner.get("/search", q='"><script>alert(1)</script>')

    assert "SUB-" in found
    assert "Head office" not in foreign
    assert "<script>alert" not in odd.get_data(as_text=True)


def test_costs_are_drawn_and_can_be_read_as_a_table(owner: Visitor, shop: Shop) -> None:
    shop.bought()

    page = owner.get("/costs")

    assert "<svg" in page.get_data(as_text=True)
    assert "Analytics Pro" in text_of(page)
    assert "Activation" in text_of(page)


def test_home_names_what_runs_and_what_it_costs(owner: Visitor, app: Flask, shop: Shop) -> None:
    shop.bought()
    text = owner.get("/").get_data(as_text=True)

    for part in ("/decisions/_open", "/costs/_chart", "/operations/_running", "/cases/_open"):
        assert f'hx-get="{part}"' in text
        assert owner.part(part).status_code == 200
    assert staff(app).get("/").status_code == 200


@pytest.mark.asvs("15.2.3")
def test_the_mailbox_is_open_for_demos_and_absent_in_production(owner: Visitor, shop: Shop) -> None:
    assert owner.get("/dev/mailbox").status_code == 200
