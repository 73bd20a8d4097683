"""The catalogue through the API."""

from __future__ import annotations

from flask import Flask

from domains.kernel.database import new_id
from domains.services import db
from tests.factories.services import a_catalogue, a_plan, an_account, an_offer

from .program import Program, a_caller


def test_a_customer_searches_the_catalogue_at_its_prices(app: Flask) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(), an_offer("backup", name="Backup", vendor="Adatum", plans=(a_plan("P1M"),)))
        account = an_account(session)
    program = Program(app, a_caller(account.customer_id))

    found = program.get(f"/offers?vendor=Adatum&account_id={account.id}").json
    everything = program.get("/offers?limit=1&sort=name").json
    rest = program.get(f"/offers?limit=1&sort=name&cursor={everything['next_cursor']}").json

    assert [offer["name"] for offer in found["items"]] == ["Backup"]
    assert found["items"][0]["unit_price"] == {"amount": "31.50", "currency": "EUR"}
    assert found["facets"]["vendor"] == [
        {"value": "Adatum", "count": 1, "chosen": True}, {"value": "Tailspin Software", "count": 1, "chosen": False},
    ]  # fmt: skip
    assert (everything["total"], everything["has_more"], rest["has_more"]) == (2, True, False)
    assert [offer["name"] for offer in everything["items"] + rest["items"]] == ["Analytics Pro", "Backup"]
    assert "purchase" not in str(found)


def test_an_offer_is_read_with_its_plans_and_not_sent_twice(app: Flask) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(plans=(a_plan(), a_plan("P1Y", "annual", EUR="290.00"))))
    program = Program(app, a_caller())
    offer_id = program.get("/offers").json["items"][0]["id"]

    answer = program.get(f"/offers/{offer_id}")
    again = program.get(f"/offers/{offer_id}", If_None_Match=answer.headers["ETag"])
    dearer = program.get(f"/offers/{offer_id}?currency=JPY", If_None_Match=answer.headers["ETag"])

    assert [plan["unit_price"]["amount"] for plan in answer.json["plans"]] == ["31.50", "362.50"]
    assert answer.json["policy"]["cancel_window_hours"] == 168
    assert again.status_code == 304
    assert dearer.json["plans"][0]["unit_price"] == {"amount": "4875", "currency": "JPY"}


def test_what_is_not_there_is_not_found(app: Flask) -> None:
    program = Program(app, a_caller())

    for path in (f"/offers/{new_id()}", f"/offers?account_id={new_id()}"):
        assert program.get(path).status_code == 404


def test_a_wrong_search_is_told_so(app: Flask) -> None:
    program = Program(app, a_caller())

    for query in ("sort=cheapest", "currency=euro", "account_id=1", "cursor=x", "price_book=Wingtip"):
        assert program.get(f"/offers?{query}").status_code == 400, query
