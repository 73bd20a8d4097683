"""Finding offers: by words, by facets, in an order, and page by page."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.dialects import mssql, postgresql, sqlite

from domains.kernel.config import Settings
from domains.kernel.errors import Invalid
from domains.services import db, queries
from domains.services.queries.search import offers_query
from tests.conftest import Clock
from tests.factories.services import EVERYBODY, a_catalogue, a_plan, an_account, an_offer, on

BACKUP = {"category": "Backup and recovery", "vendor": "Fabrikam"}


def a_shop(session: Any) -> None:
    a_catalogue(
        session,
        an_offer(),
        an_offer("fabrikam-server-backup", name="Server Backup 1 TB", description="Daily images of servers.",
                 plans=(a_plan("P1M", EUR="33.60"), a_plan("P1Y", EUR="30.80")), **BACKUP),
        an_offer("adatum-workplace-backup", name="Workplace Backup", description="Mailboxes, 100 % of chats_kept.",
                 vendor="Adatum", category="Backup and recovery", plans=(a_plan("P1Y", EUR="2.32"),)),
        an_offer("fabrikam-disaster", name="Disaster Recovery", description="A warm copy [ready].",
                 plans=(a_plan("P1Y", "annual", EUR="16.80"),), **BACKUP),
    )  # fmt: skip


def names(session: Any, **asked: Any) -> list[str]:
    return [card.name for card in queries.search_offers(session, EVERYBODY, currency="EUR", **asked).items]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("backup", ["Server Backup 1 TB", "Workplace Backup", "Disaster Recovery"]),
        ("BACKUP server", ["Server Backup 1 TB"]),
        ("Tailspin", ["Analytics Pro"]),
        ("mailboxes", ["Workplace Backup"]),
        ("fabrikam-disaster", ["Disaster Recovery"]),
        ("100 %", ["Workplace Backup"]),
        ("chats_kept", ["Workplace Backup"]),
        ("chatsXkept", []),
        ("[ready]", ["Disaster Recovery"]),
        ("%", ["Workplace Backup"]),
        ("a/b", []),
        ("nothing like it", []),
    ],
)
def test_words_are_found_wherever_they_stand(databases: Settings, q: str, found: list[str]) -> None:
    with db.begin() as session:
        a_shop(session)

        assert names(session, q=q) == found


def test_an_exact_id_finds_its_offer(databases: Settings) -> None:
    with db.begin() as session:
        a_shop(session)
        wanted = queries.search_offers(session, EVERYBODY, currency="EUR", q="analytics").items[0]

        assert names(session, q=str(wanted.id)) == ["Analytics Pro"]


def test_the_best_answer_comes_first(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(
            session,
            an_offer("a", name="Archive for Teams"),
            an_offer("b", name="Teams"),
            an_offer("c", name="Box", description="Works with teams."),
            an_offer("d", name="Teams Phone"),
        )

        assert names(session, q="teams") == ["Teams", "Teams Phone", "Archive for Teams", "Box"]


def test_offers_are_sorted_by_price_or_name(databases: Settings) -> None:
    with db.begin() as session:
        a_shop(session)

        by_price, by_name = names(session, sort="price"), names(session, sort="name")

    assert by_price == ["Workplace Backup", "Disaster Recovery", "Analytics Pro", "Server Backup 1 TB"]
    assert by_name == sorted(by_name)
    assert len(by_name) == 4


def test_facets_narrow_and_count_what_a_further_choice_would_show(databases: Settings) -> None:
    with db.begin() as session:
        a_shop(session)
        page = queries.search_offers(session, EVERYBODY, currency="EUR", category=["Backup and recovery"],
                                     vendor=["Fabrikam"])  # fmt: skip

    counts = {name: {value.value: value.count for value in values} for name, values in page.facets.items()}
    assert page.total == 2
    assert counts["vendor"] == {"Fabrikam": 2, "Adatum": 1}
    assert counts["category"] == {"Backup and recovery": 2}
    assert counts["term"] == {"P1Y": 2, "P1M": 1}
    assert counts["billing_cycle"] == {"monthly": 1, "annual": 1}
    assert [value.value for value in page.facets["vendor"] if value.chosen] == ["Fabrikam"]


def test_a_chosen_value_that_nothing_has_stays_to_be_taken_away(databases: Settings) -> None:
    with db.begin() as session:
        a_shop(session)
        page = queries.search_offers(session, EVERYBODY, currency="EUR", vendor=["Contoso"])

    assert page.total == 0
    assert [(value.value, value.count) for value in page.facets["vendor"] if value.chosen] == [("Contoso", 0)]


def test_pages_follow_one_another_without_gap_or_overlap(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, *(an_offer(f"offer-{n}", name=f"Offer {n:02}") for n in range(7)))
        seen: list[str] = []
        cursor = None
        while True:
            page = queries.search_offers(session, EVERYBODY, currency="EUR", sort="name", cursor=cursor, limit=3)
            seen += [card.name for card in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break

        first = queries.search_offers(session, EVERYBODY, currency="EUR", limit=3)
        with pytest.raises(Invalid) as refused:
            queries.search_offers(session, EVERYBODY, currency="EUR", q="offer", cursor=first.next_cursor, limit=3)

    assert seen == [f"Offer {n:02}" for n in range(7)]
    assert refused.value.field == "cursor"


def test_an_unknown_order_is_refused(databases: Settings) -> None:
    with db.begin_read() as session, pytest.raises(Invalid) as refused:
        queries.search_offers(session, EVERYBODY, currency="EUR", sort="colour")
    assert refused.value.field == "sort"


def test_what_is_announced_is_shown_with_its_day_and_what_has_ended_is_not(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(
            session,
            an_offer("soon", name="Soon", valid_from="2026-06-01"),
            an_offer("over", name="Over", valid_to="2026-03-09"),
            an_offer("last", name="Last day", valid_to="2026-03-10T23:59:59Z"),
        )
        cards = queries.search_offers(session, EVERYBODY, currency="EUR", sort="name").items

    assert [(card.name, card.available_from) for card in cards] == [("Last day", None), ("Soon", on("2026-06-01"))]


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect(), mssql.dialect()])
def test_the_statement_compiles_for_every_database(databases: Settings, dialect: Any) -> None:
    with db.begin() as session:
        account = an_account(session)
        market = queries.market_of(session, EVERYBODY, account_id=account.id)

    text = str(offers_query(market, "50 % [off]").compile(dialect=dialect))

    assert "LIKE" in text
    assert "ESCAPE '/'" in text
