"""For whom one may act: staff for everybody, a reseller for its own, and nobody else for anybody."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.users import tokens
from tests.factories.users import an_organisation, has_password, invite, let_in

from .browser import Browser
from .conftest import made
from .visitor import form_on, text_of


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.fixture
def operator(app: Flask) -> tuple[UUID, UUID]:
    """The operator and its administrator, beside a customer called Northwind Traders."""
    an_organisation()
    customer_id, user_id = an_organisation(kind="operator", name="The Operator")
    has_password(user_id)
    return customer_id, user_id


def test_staff_act_for_a_customer_that_lets_them_in(app: Flask, operator: tuple[UUID, UUID]) -> None:
    browser = Browser(app, operator[1])
    let_in("Northwind Traders")

    listed = browser.get("/switch")
    browser.send(listed, "/switch")

    assert "Northwind Traders" in text_of(listed)
    assert "sees Northwind Traders by its support access" in text_of(browser.get("/profile"))


def test_who_is_no_staff_at_the_operator_acts_for_nobody(app: Flask, operator: tuple[UUID, UUID]) -> None:
    invite(operator[0], "rita@operator.example", "reader", user_id=(user_id := new_id()))
    has_password(user_id)
    northwind, _ = an_organisation()
    browser = Browser(app, user_id)

    listed = browser.get("/switch")
    fields = form_on(browser.get("/profile"), "/profile") or {}
    refused = browser.open("POST", "/switch", data=fields | {"customer": str(northwind)})

    assert "Northwind Traders" not in text_of(listed)
    assert 'href="/switch"' not in listed.get_data(as_text=True)
    assert refused.status_code == 404
    seen = tokens.caller_of_login(browser.token)
    assert seen
    assert seen.scope.customer_id == operator[0]
