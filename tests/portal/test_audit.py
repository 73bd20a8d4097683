"""The audit log as an owner reads it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.notifications.commands.trail import EXPORTS_AN_HOUR
from portal import deeds
from tests.factories.trails import an_entry, an_organisation_known

from .conftest import made
from .visitor import Visitor, a_person, summary_of, text_of


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(replace(databases, domains="notifications"), compiled)


@pytest.fixture
def customer_id() -> UUID:
    return new_id()


@pytest.fixture
def owner(app: Flask, customer_id: UUID) -> Visitor:
    return Visitor(app, a_person(customer_id))


def test_the_log_says_in_plain_words_who_did_what(owner: Visitor, customer_id: UUID) -> None:
    id = an_entry(customer_id)
    an_entry(customer_id, actor_kind="system", action="of.another_release", place="", program="")

    page = text_of(owner.get("/audit"))
    one = text_of(owner.get(f"/audit/{id}"))

    assert "Olivia Owen Changed an account an account 192.0.2.7 Firefox 128, Windows" in page
    assert "The system itself of.another_release" in page
    assert "name Head office Head office, Utrecht" in one


def test_what_staff_do_for_the_customer_is_marked(owner: Visitor, customer_id: UUID) -> None:
    an_entry(customer_id, home_id=new_id(), on_behalf_id=customer_id, grant_id=new_id(), actor_name="Ada Agent")

    assert "Ada Agent of the operator, for you Changed an account Support access" in text_of(owner.get("/audit"))


def test_it_is_narrowed_by_word_area_day_and_person(owner: Visitor, customer_id: UUID) -> None:
    an_entry(customer_id)
    an_entry(customer_id, action="users.sign_in", actor_id="u-2", actor_name="Bea Buyer", after={"x": "zebra"})

    for query in ({"q": "zebra"}, {"action": "users."}, {"person": "u-2"}):
        page = text_of(owner.get("/audit", **query))
        assert "Signed in" in page
        assert "Changed an account" not in page
    assert "No entry fits" in text_of(owner.get("/audit", since="2026-03-11"))
    assert "Changed an account" in text_of(owner.get("/audit", since="2026-03-10", until="2026-03-10"))
    assert owner.get("/audit", since="yesterday").status_code == 422


def test_a_long_log_has_pages(owner: Visitor, customer_id: UUID) -> None:
    for number in range(30):
        an_entry(customer_id, seq=number)

    page = owner.get("/audit")

    assert "25 shown, more follow" in text_of(page)


def test_the_export_takes_what_the_filters_show(owner: Visitor, customer_id: UUID) -> None:
    an_entry(customer_id)
    an_entry(customer_id, actor_id="u-2", actor_name="Bea Buyer")

    table = owner.get("/audit/export", format="csv", person="u-2")
    wrong = owner.get("/audit/export", format="exe")

    assert table.get_data(as_text=True).startswith("\ufeffid,at,")
    assert table.get_data(as_text=True).count("\r\n") == 2
    assert (wrong.status_code, "Choose a format." in summary_of(wrong)) == (422, True)


@pytest.mark.asvs("2.4.1")
def test_who_exports_too_often_is_told_so_and_a_wrong_day_counts_for_nothing(owner: Visitor) -> None:
    wrong = {owner.get("/audit/export", format="csv", since="yesterday").status_code for _ in range(EXPORTS_AN_HOUR)}
    taken = {owner.get("/audit/export", format="csv").status_code for _ in range(EXPORTS_AN_HOUR)}

    late = owner.get("/audit/export", format="csv")

    assert (wrong, taken, late.status_code) == ({422}, {200}, 429)
    assert "Try again in" in summary_of(late)
    assert 0 < int(late.headers["Retry-After"]) <= 3600


@pytest.mark.asvs("8.2.1", "8.2.2")
def test_nobody_reads_anothers_log_or_without_the_right(app: Flask, customer_id: UUID) -> None:
    id = an_entry(customer_id)
    reseller_id = new_id()
    an_organisation_known(customer_id, reseller_id=reseller_id)

    assert Visitor(app, a_person()).get(f"/audit/{id}").status_code == 404
    assert Visitor(app, a_person(customer_id, role="buyer")).get("/audit").status_code == 403
    assert "Northwind Traders" in text_of(Visitor(app, a_person(reseller_id, kind="reseller")).get("/audit"))


def test_differences_are_told_name_by_name() -> None:
    told = deeds.differences({"a": 1, "b": {"c": 2}}, {"a": 1, "d": [3]})

    assert told == [("a", 1, 1), ("b.c", 2, None), ("d", None, [3])]
    assert deeds.differences(None, "text") == [("value", None, "text")]
