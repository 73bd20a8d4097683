"""Finding offers: by words, by facets, in an order, and page by page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kernel.config import Settings
from domains.kernel.errors import Invalid
from domains.services import commands, db, queries
from domains.services.pricing import Rule
from domains.services.queries.shelf import bits, places
from tests.conftest import Clock
from tests.factories.services import EVERYBODY, a_catalogue, a_plan, an_account, an_offer, on, scope_of

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


def test_offers_are_narrowed_by_kind_trials_and_what_they_cost(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(
            session, an_offer(), an_offer("cheap", name="Cheap", kind="addon", plans=(a_plan(EUR="4.00"),)),
            an_offer("trial", name="Trial", kind="trial", plans=(a_plan(EUR="0"),)),
            an_offer("round", name="Round", plans=(a_plan(EUR="8.00"),)),
        )  # fmt: skip

        page = queries.search_offers(session, EVERYBODY, currency="EUR", price=["10-50"])
        facets = {name: [(one.value, one.count) for one in values] for name, values in page.facets.items()}

        assert facets["price"] == [("0", 1), ("0-10", 1), ("10-50", 2)]
        assert facets["kind"] == [("seat", 2)]
        assert [card.name for card in page.items] == ["Analytics Pro", "Round"]  # ten is in the band from ten
        assert names(session, trial=["yes"]) == ["Trial"]
        assert names(session, kind=["addon", "trial"], trial=["no"]) == ["Cheap"]
        assert names(session, price=["nonsense"]) == []


def test_a_search_sees_each_change_of_the_catalogue_and_of_prices(databases: Settings) -> None:
    def found() -> list[tuple[str, str]]:
        with db.begin_read() as session:
            page = queries.search_offers(session, EVERYBODY, currency="EUR", sort="price")
        return [(card.name, str(card.unit_price)) for card in page.items]

    with db.begin() as session:
        a_catalogue(session, an_offer())
    first = found()
    with db.begin() as session:
        commands.store_catalogue(session, provider="sandbox", full=False, offers=[an_offer("new", name="New")])
    second = found()
    with db.begin() as session:
        dearer = [Rule("all", markup_percent=Decimal(100)), Rule("offer", "new", markup_percent=Decimal(0))]
        commands.set_price_book(session, name="Standard 2026", rules=dearer)

    assert (first, found()) == ([("Analytics Pro", "EUR 31.5")], [("New", "EUR 25.2"), ("Analytics Pro", "EUR 50.4")])
    assert second == [("Analytics Pro", "EUR 31.5"), ("New", "EUR 31.5")]


def test_two_markets_that_search_in_turns_see_their_own_prices(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer())
        commands.set_price_book(session, name="Partners", rules=[Rule("all", markup_percent=Decimal(0))])
        accounts = [an_account(session), an_account(session, price_book="Partners")]
    prices = []
    for account in accounts * 2:
        with db.begin_read() as session:
            page = queries.search_offers(
                session, scope_of(account), account_id=account.id, price=["10-50"], sort="price"
            )
        prices.append(str(page.items[0].unit_price))

    assert prices == ["EUR 31.5", "EUR 25.2"] * 2


@given(st.sets(st.integers(0, 300)))
def test_bits_are_the_places_they_were_made_of(some: set[int]) -> None:
    assert places(bits(some, 301)) == sorted(some)
