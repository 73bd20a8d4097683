"""The catalogue: found by words and narrowed by facets, and what an offer's page says before anybody orders."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from domains.services import db
from tests.factories.services import a_catalogue, a_plan, an_account, an_offer

from .stall import BACKUP, CONNECTOR, PRO, Stall, catalogue
from .visitor import Visitor, a_person, is_page, text_of

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def buyer(stall: Stall) -> Visitor:
    return stall.visitor()


def names(page: object) -> list[str]:
    """The offers on a page, in its order."""
    return re.findall(r'<h2><a href="/offers/[^"]+">([^<]+)</a>', page.get_data(as_text=True))  # type: ignore[attr-defined]


def test_an_offer_stands_with_its_price_its_terms_and_what_it_takes_to_leave(buyer: Visitor) -> None:
    page = buyer.get("/offers", q="analytics")

    said = text_of(page)
    assert is_page(page)
    assert names(page) == ["Analytics Pro", "Data Connector"]
    assert all(words in said for words in ("EUR 31.50", "per seat and month", "12 months, billed monthly"))
    assert all(words in said for words in ("1 to 300 seats", "Return within 7 days", "12 or 36 months"))


def test_words_and_facets_narrow_what_is_found_and_can_be_taken_out_again(buyer: Visitor) -> None:
    found = buyer.get("/offers", vendor="Fabrikam")

    assert names(found) == ["Server Backup"]
    assert 'value="Fabrikam" checked' in found.get_data(as_text=True)
    assert '<a class="chip" href="/offers">' in found.get_data(as_text=True)
    assert sorted(names(buyer.get("/offers"))) == ["Analytics Pro", "Data Connector", "Server Backup"]


def test_a_search_swaps_in_the_same_page_that_stands_at_its_address(buyer: Visitor) -> None:
    whole, part = buyer.get("/offers", q="backup"), buyer.part("/offers", q="backup")

    assert names(whole) == names(part) == ["Server Backup"]
    for place in ('id="found"', 'id="facets"', 'id="found-said"'):
        assert place in part.get_data(as_text=True), place


def test_a_search_without_hits_says_how_to_go_on(buyer: Visitor) -> None:
    page = buyer.get("/offers", q="zeppelin")

    assert "Nothing in the catalogue matches" in text_of(page)
    assert 'href="/offers">Show everything' in page.get_data(as_text=True)


def test_the_list_goes_on_where_the_page_ends(stall: Stall, buyer: Visitor) -> None:
    with db.begin() as session:
        a_catalogue(session, *catalogue(), *(an_offer(f"x-{n}", name=f"Tool {n:02}") for n in range(25)))

    first = buyer.get("/offers", sort="name")
    more = re.search(r'href="(/offers\?[^"]*cursor=[^"]+)"', first.get_data(as_text=True))

    assert more is not None
    second = buyer.get(more[1].replace("&amp;", "&"))
    assert (len(names(first)), len(names(second))) == (20, 8)
    assert not set(names(first)) & set(names(second))


def test_prices_are_those_of_the_account_one_orders_for(stall: Stall, buyer: Visitor) -> None:
    with db.begin() as session:
        tokyo = an_account(session, customer_id=stall.customer_id, name="東京", currency="JPY", country="JP").id
        a_catalogue(session, an_offer(plans=(a_plan(EUR="25.20", JPY="3900"),)))

    page = buyer.get("/offers", q="analytics", account=tokyo)

    assert "JPY 4,875" in text_of(page)
    assert "Prices are for 東京 in JPY" in text_of(page)


def test_offers_stand_side_by_side_three_at_most(stall: Stall, buyer: Visitor) -> None:
    ids = [stall.offer_id(one) for one in (PRO, CONNECTOR, BACKUP)]

    page = text_of(buyer.get(f"/offers?compare={ids[0]}&compare={ids[1]}"))
    crowded = text_of(buyer.get("/offers?" + "&".join(f"compare={one}" for one in [*ids, ids[0]])))

    assert "2 offers side by side" in page
    assert "3 offers side by side" in crowded
    assert buyer.get("/offers?compare=nonsense").status_code == 404
    assert buyer.get(f"/offers?compare={new_id()}").status_code == 404


def test_an_offers_page_shows_each_way_to_buy_it_and_what_goes_with_it(stall: Stall, buyer: Visitor) -> None:
    offer = stall.offer_id()

    page = buyer.get(f"/offers/{offer}")

    said, source = text_of(page), page.get_data(as_text=True)
    assert all(words in said for words in ("EUR 31.50", "EUR 337.50", "billed yearly", "per seat and year"))
    assert f"/orders/new?offer={offer}&amp;plan=P3Y.annual" in source
    assert f'href="/offers/{stall.offer_id(CONNECTOR)}' in source
    assert "It adds to one of these" in text_of(buyer.get(f"/offers/{stall.offer_id(CONNECTOR)}"))


def test_what_cannot_be_left_early_says_so_before_it_is_bought(stall: Stall, buyer: Visitor) -> None:
    said = text_of(buyer.get(f"/offers/{stall.offer_id(BACKUP)}"))

    assert "Not possible" in said
    assert "At renewal" in said
    assert "From 5" in said or "5 to" in said


def test_who_may_not_order_reads_prices_and_finds_no_way_to_order(stall: Stall) -> None:
    reader = stall.visitor("reader")

    for path in ("/offers", f"/offers/{stall.offer_id()}"):
        page = reader.get(path)
        assert "EUR 31.50" in text_of(page)
        assert "/orders/new" not in page.get_data(as_text=True), path


def test_an_offer_that_is_not_sold_any_more_is_shown_and_cannot_be_ordered(stall: Stall, buyer: Visitor) -> None:
    offer = stall.offer_id(BACKUP)
    with db.begin() as session:
        a_catalogue(session, *catalogue()[:2])

    page = buyer.get(f"/offers/{offer}")

    assert "This cannot be ordered" in text_of(page)
    assert "/orders/new" not in page.get_data(as_text=True)
    assert "Server Backup" not in names(buyer.get("/offers"))


def test_who_acts_for_nobody_reads_prices_and_is_told_to_act_for_a_customer(stall: Stall) -> None:
    caller = a_person(kind="operator", role="agent")
    agent = Visitor(stall.app, replace(caller, customer_id=None, scope=Scope.operator()))

    listed, form = agent.get("/offers"), agent.get("/orders/new", offer=stall.offer_id())

    assert "Act for a customer to see its own" in text_of(listed)
    assert form.status_code in (200, 403)


def test_the_account_of_somebody_else_has_no_prices_here(stall: Stall) -> None:
    answer = stall.stranger().get("/offers", account=stall.account_id)

    assert answer.status_code == 404


def test_names_from_the_provider_are_shown_as_text(stall: Stall, buyer: Visitor) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(name=HOSTILE, vendor=HOSTILE, category=HOSTILE, description=HOSTILE))
    offer = stall.offer_id()

    for path in ("/offers", f"/offers/{offer}", f"/offers?compare={offer}", f"/orders/new?offer={offer}"):
        source = buyer.get(path).get_data(as_text=True)
        assert HOSTILE not in source, path
        assert "&lt;img" in source, path


@pytest.mark.slow
@pytest.mark.parametrize(("language", "formats"), [("de", "de_DE"), ("ja", "ja_JP"), ("en", "de_CH")])
def test_the_catalogue_is_read_in_every_language(stall: Stall, language: str, formats: str) -> None:
    buyer = stall.visitor(preferences={"language": language, "formats": formats})

    for path in ("/offers?q=backup&term=P1M", f"/offers/{stall.offer_id()}", f"/offers?compare={stall.offer_id()}"):
        page = buyer.get(path)
        assert is_page(page) or language != "en"
        assert f'<html lang="{language}"' in page.get_data(as_text=True)
