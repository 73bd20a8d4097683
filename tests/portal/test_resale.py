"""The pages of a reseller's own prices, and what each reader finds of them on the pages of a subscription."""

from __future__ import annotations

from typing import Any

import pytest

from domains.kernel.database import new_id
from domains.services import commands, db, queries
from domains.services.models import AccountRef
from tests.factories.services import a_line, accepted, an_account, place, scope_of

from .stall import PRO, Stall
from .visitor import Visitor, a_person, summary_of, text_of


@pytest.fixture
def people(stall: Stall) -> dict[str, Any]:
    """A reseller's owner, its reader, the same owner acting for the end-customer, and the end-customer's owner."""
    reseller_id = new_id()
    with db.begin() as session:
        account = an_account(session, reseller_id=reseller_id)
        ids: dict[str, Any] = {"account": account.id, "customer": account.customer_id, "reseller": reseller_id}
    home = {"home_customer_id": str(reseller_id), "home_kind": "reseller", "home_customer_name": "Wingtip"}
    known = {"kind": "end_customer", "reseller_id": reseller_id}
    who = {
        "owner": a_person(reseller_id, "reseller"), "reader": a_person(reseller_id, "reseller", role="reader"),
        "acting": a_person(account.customer_id, preferences=home, **known),
        "end": a_person(account.customer_id, **known),
        "staff": a_person(account.customer_id, role="agent", **known,
                          preferences={"home_customer_id": str(new_id()), "home_kind": "operator"}),
    }  # fmt: skip
    return ids | {name: Visitor(stall.app, caller) for name, caller in who.items()}


def set_by(people: dict[str, Any], **typed: str) -> Any:
    at = f"/resale-prices/{people['reseller']}"
    return people["owner"].send(people["owner"].get(at), at, **typed)


def test_a_reseller_sets_a_percentage_and_what_differs(people: dict[str, Any]) -> None:
    owner, at = people["owner"], f"/resale-prices/{people['reseller']}"
    before = text_of(owner.get("/resale-prices"))
    saved = set_by(people, markup="+12,5 %", rules="vendor Litware price +22%\nall from 50 price +9%", rounding="99")
    after, form = text_of(owner.get("/resale-prices")), owner.get(at).get_data(as_text=True)

    assert "Your end-customers pay what you pay" in before
    assert (saved.status_code, saved.headers["Location"]) == (303, "/resale-prices")
    assert "12.5%" in after and "Your end-customers pay what you pay" not in after
    assert "vendor Litware price +22%" in form and "all from 50 price +9%" in form
    assert 'value="12.5"' in form


@pytest.mark.parametrize(
    ("typed", "said"),
    [({"markup": ""}, "Give the percentage"), ({"markup": "much"}, "Type a percentage"), ({"markup": "-100"}, "above"),
     ({"markup": "5", "rules": "all list -5%"}, "list price"), ({"markup": "5", "rules": "moon"}, "Line 1"),
     ({"markup": "5", "rounding": "down"}, "rounded"), ({"markup": "5", "version": "7"}, "changed since")],
)  # fmt: skip
def test_what_cannot_be_meant_comes_back_with_what_is_wrong(
    people: dict[str, Any], typed: dict[str, str], said: str
) -> None:
    answer = set_by(people, **typed)

    assert answer.status_code in (409, 422)
    assert said in summary_of(answer)
    assert "Nothing was set yet" in text_of(answer)


def test_who_may_not_change_prices_reads_them_and_strangers_find_nothing(people: dict[str, Any], stall: Stall) -> None:
    set_by(people, markup="12.5")
    at = f"/resale-prices/{people['reseller']}"
    assert "12.5%" in text_of(people["reader"].get(at)) and 'name="markup"' not in people["reader"].get(at).text
    stranger = Visitor(stall.app, a_person(new_id(), "reseller"))
    for who in (people["end"], people["acting"], people["staff"], stranger):
        assert who.get(at).status_code == 404
        assert who.get(f"/resale-prices/{people['customer']}").status_code == 404
    assert "/resale-prices" in people["owner"].get("/").text and "/resale-prices" not in people["end"].get("/").text


def test_the_reseller_reads_both_prices_also_while_it_acts_and_its_customer_one(
    people: dict[str, Any], stall: Stall
) -> None:
    set_by(people, markup="20")
    with db.begin() as session:
        account = session.get_one(AccountRef, people["account"])
        bought = a_subscription_by(session, account)
    why = f"/offers/{stall.offer_id(PRO)}/price?account={people['account']}"
    pages = {who: [text_of(people[who].get(at)) for at in (f"/subscriptions/{bought}", why)]
             for who in ("owner", "acting", "end", "staff")}  # fmt: skip

    for who in ("owner", "acting"):
        assert all("31.50" in page and "37.80" in page for page in pages[who]), who
        assert "What is left for you" in pages[who][1] and "16.7%" in pages[who][1]
    for who in ("end", "staff"):
        assert not any("31.50" in page or "25.20" in page or "16.7%" in page for page in pages[who]), who
        assert "Prices of your reseller" in pages[who][1]


def a_subscription_by(session: Any, account: AccountRef) -> Any:
    """A running subscription that the end-customer has ordered itself."""
    terms = queries.order_terms(session, scope_of(account), account_id=account.id, lines=[a_line(session)])
    place(session, terms)
    commands.activate_order(session, order_id=terms.order_id, accepted=accepted(session, terms), rejected=())
    return terms.lines[0].subscription_id
