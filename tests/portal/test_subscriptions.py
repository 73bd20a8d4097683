"""What a subscription's pages say: name, quantity, state, last day, what may be done now and what has been done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from domains.kernel.clock import frozen_at
from domains.kernel.database import new_id
from domains.services import db
from domains.services.lots import Lot
from domains.services.models import Subscription
from portal.termline import LEFT, RIGHT, termline
from tests.factories.services import begin, change_of

from .stall import BACKUP, Stall
from .visitor import Visitor, is_page, text_of

HOSTILE = "<svg/onload=alert(1)>"
NOON = datetime(2026, 7, 2, 12, tzinfo=UTC)
NOW = datetime.now(UTC)


@pytest.fixture
def buyer(stall: Stall) -> Visitor:
    return stall.visitor()


def under_change(stall: Stall, quantity: int = 30) -> UUID:
    """A subscription whose quantity is being changed."""
    held = stall.bought()
    with db.begin() as session:
        begin(session, change_of(session, session.get_one(Subscription, held), "change_quantity", quantity=quantity))
    return held


# ---- one subscription


def test_a_subscription_says_how_it_stands(stall: Stall, buyer: Visitor) -> None:
    held = stall.held(stall.bought())

    page = buyer.get(f"/subscriptions/{held.id}")

    said = text_of(page)
    for words in ("Analytics Pro", "20 seats", "Active", "EUR 630.00", "EUR 31.50 each", "12 months", "billed monthly",
                  "19 can still go back", "days left", held.number, "Head office"):  # fmt: skip
        assert words in said, words
    assert f"{held.valid_to.day} " in said
    assert is_page(page)


def test_a_subscription_lists_what_can_be_done_and_why_the_rest_cannot(stall: Stall, buyer: Visitor) -> None:
    held = stall.bought()

    fresh = buyer.get(f"/subscriptions/{held}").get_data(as_text=True)
    with frozen_at(NOW + timedelta(days=30)):
        later = buyer.get(f"/subscriptions/{held}")

    for act in ("quantity", "extend", "cancel"):
        assert f'href="/subscriptions/{held}/{act}' in fresh, act
    assert "Not possible: The window to cancel closed on" in text_of(later)
    assert "Opens again on" in text_of(later)
    assert f'href="/subscriptions/{held}/cancel"' not in later.get_data(as_text=True)


def test_what_holds_off_everything_is_said_once(stall: Stall, buyer: Visitor) -> None:
    said = text_of(buyer.get(f"/subscriptions/{under_change(stall)}"))

    assert said.count("Another change is under way") == 1
    assert "Nothing can be changed now" in said


def test_seats_stand_by_the_day_they_were_bought_with_what_comes_back(stall: Stall, buyer: Visitor) -> None:
    said = text_of(buyer.get(f"/subscriptions/{stall.bought()}"))

    assert "Seats, by the day you bought them" in said
    assert "The newest go back first" in said
    assert "6 d 23 h left" in said
    assert "Return" in said


def test_what_has_no_end_shows_no_term_and_no_renewal(stall: Stall, buyer: Visitor) -> None:
    endless = stall.bought(valid_to=date(9999, 12, 31), auto_renew=False, term="one_time", billing_cycle="one_time")

    said = text_of(buyer.get(f"/subscriptions/{endless}"))

    assert "Without end" in said
    assert "9999" not in said
    assert "What happens on" not in said


@pytest.mark.parametrize(
    ("state", "raw", "words"),
    [
        ("suspended", "suspended", "Suspended"), ("canceled", "canceled", "Cancelled"),
        ("expired", "expired", "Expired"),
        ("pending_cancellation", "canceling", "Being cancelled"), ("unknown", "under_review", "Under review"),
    ],
)  # fmt: skip
def test_every_state_has_its_word_and_a_new_one_of_the_providers_is_readable(
    stall: Stall, buyer: Visitor, state: str, raw: str, words: str
) -> None:
    held = stall.bought(state=state, raw_state=raw)

    for path in ("/subscriptions", f"/subscriptions/{held}"):
        said = text_of(buyer.get(path))
        assert words in said
        assert raw == words.lower() or raw not in said


def test_one_that_was_never_set_up_says_so_and_costs_nothing(stall: Stall, buyer: Visitor) -> None:
    detail = "The provider has no capacity left for this at the moment."
    held = stall.bought(state="failed", error_code="capacity_exceeded", error_detail=detail)

    row, page = text_of(buyer.get("/subscriptions")), text_of(buyer.get(f"/subscriptions/{held}"))

    assert "EUR 630.00" not in row
    assert "It was never set up. Nothing was charged." in page
    assert "EUR 630.00" not in page
    assert "no capacity left" in page


def test_a_change_under_way_stands_in_the_history_and_holds_off_others(stall: Stall, buyer: Visitor) -> None:
    held = under_change(stall)

    said = text_of(buyer.get(f"/subscriptions/{held}"))

    assert "A change is under way" in said
    assert "Quantity 20 to 30" in said
    assert "Ordered, 20" in said
    assert f'href="/subscriptions/{held}/cancel' not in buyer.get(f"/subscriptions/{held}").get_data(as_text=True)


def test_a_reader_looks_and_finds_no_buttons(stall: Stall) -> None:
    held, reader = stall.bought(), stall.visitor("reader")

    page = reader.get(f"/subscriptions/{held}")

    source = page.get_data(as_text=True)
    assert "Your role can look at this, not change it." in text_of(page)
    assert not [act for act in ("quantity", "extend", "cancel") if f"/subscriptions/{held}/{act}" in source]
    assert f"/subscriptions/{held}/quantity" not in reader.get("/subscriptions").get_data(as_text=True)


# ---- many


def test_subscriptions_are_counted_and_found_by_state_words_and_last_day(stall: Stall, buyer: Visitor) -> None:
    pro, backup = stall.bought(), stall.bought(5, BACKUP, state="suspended")
    last = stall.held(pro).valid_to

    listed = text_of(buyer.get("/subscriptions"))

    assert "1 active and 1 suspended" in listed
    assert rows(buyer.get("/subscriptions", state="suspended")) == {backup}
    assert rows(buyer.get("/subscriptions", q="analytics")) == {pro}
    assert rows(buyer.get("/subscriptions", q=stall.held(backup).number)) == {backup}
    assert rows(buyer.get("/subscriptions", ends_before=last)) == {backup}
    assert "No subscription matches" in text_of(buyer.get("/subscriptions", state="expired"))


def rows(page: Any) -> set[UUID]:
    """The subscriptions on a page."""
    marks = page.get_data(as_text=True).split('<th scope="row"><a href="/subscriptions/')[1:]
    return {UUID(mark[:36]) for mark in marks}


@pytest.mark.parametrize("query", ["ends_before=soon", "account=nonsense", "state=nonsense", "cursor=nonsense"])
def test_an_address_that_was_mistyped_breaks_nothing(stall: Stall, buyer: Visitor, query: str) -> None:
    assert buyer.get(f"/subscriptions?{query}").status_code in (200, 303, 404, 422)


def test_a_part_of_another_page_is_a_part_for_htmx_and_a_page_for_everybody_else(stall: Stall, buyer: Visitor) -> None:
    stall.bought(valid_to=NOW.date() + timedelta(days=20))

    for path in (f"/subscriptions/_of_account?account={stall.account_id}",):
        part, whole = buyer.part(path), buyer.get(path)

        assert is_page(whole)
        assert part.get_data(as_text=True).lstrip().startswith("<section")
        assert "Analytics Pro" in text_of(part)
        assert "Analytics Pro" in text_of(whole)


# ---- whose they are, and what they are called


def test_another_customers_subscription_is_not_there(stall: Stall) -> None:
    held, stranger = stall.bought(), stall.stranger()

    assert stranger.get(f"/subscriptions/{held}").status_code == 404
    assert "No subscriptions yet" in text_of(stranger.get("/subscriptions"))
    assert not rows(stranger.part(f"/subscriptions/_of_account?account={stall.account_id}"))
    assert stall.visitor().get(f"/subscriptions/{new_id()}").status_code == 404


def test_names_are_shown_as_text(stall: Stall, buyer: Visitor) -> None:
    held = stall.bought(name=HOSTILE, account_name=HOSTILE, state="unknown", raw_state=HOSTILE)

    for path in ("/subscriptions", f"/subscriptions/{held}", f"/subscriptions/_of_account?account={stall.account_id}"):
        source = buyer.get(path).get_data(as_text=True)
        assert "onload=alert" in source, path
        assert HOSTILE.lower() not in source.lower(), path


@pytest.mark.slow
@pytest.mark.parametrize(("language", "formats"), [("de", "de_DE"), ("ja", "ja_JP")])
def test_subscriptions_are_read_in_every_language(stall: Stall, language: str, formats: str) -> None:
    reader = stall.visitor(preferences={"language": language, "formats": formats, "zone": "Asia/Tokyo"})
    held = under_change(stall)
    stall.bought(valid_to=NOW.date() + timedelta(days=20))

    for path in ("/subscriptions", f"/subscriptions/{held}"):
        assert reader.get(path).status_code == 200, path


# ---- the line of a term


def a_term(*lots: tuple[int, int], valid_to: date = date(2026, 12, 31)) -> Any:
    """A year from New Year's Day with seats bought on these days of the year, each returnable for a week."""
    bought = [(quantity, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)) for day, quantity in lots]
    seats = tuple(Lot(quantity, at, at + timedelta(days=7)) for quantity, at in bought)
    return SimpleNamespace(valid_from=date(2026, 1, 1), valid_to=valid_to, lots=seats)


def test_a_term_is_drawn_from_its_first_day_to_its_last_with_today_between() -> None:
    line = termline(a_term((0, 25), (180, 10)), NOON)

    assert line is not None
    assert line.marks[0].x == LEFT
    assert abs(line.now - (LEFT + RIGHT) / 2) < 3
    assert (line.marks[0].until, line.marks[1].until is None) == (None, False)
    assert line.open_until is not None


def test_labels_on_the_line_do_not_run_into_each_other_or_into_today() -> None:
    line = termline(a_term((0, 25), (3, 5), (90, 2), (181, 10)), NOON)

    assert line is not None
    assert [mark.labelled for mark in line.marks] == [True, False, True, True]
    assert [mark.dated for mark in line.marks] == [True, False, True, False]


def test_what_never_ends_or_was_not_delivered_has_no_line() -> None:
    assert termline(a_term(), NOON) is None
    assert termline(SimpleNamespace(valid_from=date(2026, 1, 1), valid_to=None, lots=()), NOON) is None
