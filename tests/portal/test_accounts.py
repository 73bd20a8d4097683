"""Accounts at the portal: opened, changed and closed, over the real flows."""

from __future__ import annotations

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel import config
from domains.kernel.errors import Invalid
from domains.kernel.money import Money
from portal.accounts import budget
from tests.saga.flows.conftest import clock as clock
from tests.saga.flows.conftest import opened as opened
from tests.saga.flows.conftest import shop as shop
from tests.saga.flows.conftest import transport as transport
from tests.saga.flows.shop import Shop

from .conftest import made
from .visitor import Visitor, a_person, summary_of, text_of


@pytest.fixture
def app(shop: Shop, compiled: FileSystemBytecodeCache) -> Flask:
    return made(config.current(), compiled)


@pytest.fixture
def owner(app: Flask, shop: Shop) -> Visitor:
    return Visitor(app, a_person(shop.customer_id))


def test_an_account_is_opened_and_shows_its_user_at_the_provider(owner: Visitor, shop: Shop) -> None:
    sent = owner.send(owner.get("/accounts/new"), "/accounts", name="Laboratory", budget="500")
    shop.transport.run_until_quiet()
    done = owner.get(sent.location)
    found = text_of(owner.get("/accounts", q="labor"))

    assert "This is done" in text_of(done)
    assert "Laboratory" in found
    assert ".ccp.example" in found
    assert "EUR 500.00" in found.replace("\u00a0", " ")


@pytest.mark.asvs("2.2.2")
@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("name", "", "name"), ("name", "head OFFICE", "already"), ("name", "x" * 300, "characters"),
        ("budget", "a lot", "a number"), ("budget", "-5", "a number"), ("budget", "5,000", "a number"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_account_is_said_at_its_field(owner: Visitor, field: str, text: str, words: str) -> None:
    typed = {"name": "Laboratory", "budget": "500"} | {field: text}

    answer = owner.send(owner.get("/accounts/new"), "/accounts", **typed)

    assert answer.status_code == 422
    assert words in summary_of(answer)
    assert f'id="{field}-error"' in answer.get_data(as_text=True)


def test_a_budget_has_no_smaller_units_than_its_currency(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"budget": "5000,50"}):
        assert budget("EUR") == Money.of("5000.50", "EUR")
        with pytest.raises(Invalid, match="whole amount"):
            budget("JPY")


def test_an_account_is_changed_by_whoever_saw_its_newest_version(owner: Visitor, shop: Shop) -> None:
    at = f"/accounts/{shop.account_id}"
    form = owner.get(f"{at}/edit")

    changed = owner.send(form, at, name="Headquarters")
    late = owner.send(form, at, name="Main office")

    assert changed.status_code == 303
    assert late.status_code == 409
    assert "Headquarters" in text_of(owner.get(at))


def test_an_account_is_closed_after_a_page_that_says_what_it_means(owner: Visitor, shop: Shop) -> None:
    at = f"/accounts/{shop.account_id}"
    asked = owner.get(f"{at}/close")

    closing = owner.send(asked, f"{at}/close")
    again = owner.send(asked, f"{at}/close")
    shop.transport.run_until_quiet()

    assert "cannot be undone" in text_of(asked)
    assert closing.location == again.location
    assert "Closed" in text_of(owner.get(at))
    assert owner.send(owner.get(f"{at}/close"), f"{at}/close").status_code in (409, 422)


def test_tags_are_typed_with_commas_between_them(owner: Visitor, shop: Shop) -> None:
    at = f"/accounts/{shop.account_id}"

    owner.send(owner.get(f"{at}/edit"), at, tags="Oslo,  Team A ,oslo")

    assert "oslo, Team A" in text_of(owner.get(at))


def test_a_budget_page_shows_what_runs_and_takes_new_limits(owner: Visitor, shop: Shop) -> None:
    at = f"/accounts/{shop.account_id}/budget"
    shop.bought()

    seen = text_of(owner.get(at))
    sent = owner.send(owner.get(at), at, budget="10", beyond="warn", alerts="50, 100 %")
    wrong = owner.send(owner.get(at), at, budget="100", beyond="warn", alerts="many")

    assert "This month and the months to come" in seen and "Bound until the terms end" in seen
    assert (sent.status_code, wrong.status_code) == (303, 422)
    assert "over its budget" in text_of(owner.get(at))
