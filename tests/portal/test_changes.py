"""Another quantity, a later end, an end: each chosen, checked as a promise, and only then started."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from domains.kernel.clock import frozen_at
from domains.services import commands, db
from domains.services.models import Change, Preview, Subscription
from saga import tables
from tests.factories.services import begin, change_of, outcome

from .stall import Stall, post
from .test_subscriptions import NOW
from .visitor import HTMX, Visitor, form_on, is_page, summary_of, text_of

ACTS: dict[str, dict[str, str]] = {"quantity": {"quantity": "30"}, "extend": {}, "cancel": {"mode": "now"}}


@pytest.fixture
def buyer(stall: Stall) -> Visitor:
    return stall.visitor()


@pytest.fixture
def at(stall: Stall) -> str:
    """The address of a running subscription of 20 seats."""
    return f"/subscriptions/{stall.bought()}"


def a_day(visitor: Visitor, at: str) -> str:
    """The first day that an extension offers."""
    return visitor.get(f"{at}/extend").get_data(as_text=True).split('name="valid_to" value="')[1][:10]


def checked(visitor: Visitor, at: str, act: str, **typed: str) -> TestResponse:
    """The form of an act, filled in and sent to be checked."""
    answers = {"valid_to": a_day(visitor, at)} if act == "extend" else ACTS[act]
    return visitor.send(visitor.get(f"{at}/{act}"), f"{at}/{act}/check", **{**answers, **typed})


def written() -> tuple[int, int, int]:
    """How many promises, changes and runs there are."""
    with db.begin_read() as session, tables.db.begin_read() as runs:
        counts = [session.scalar(select(func.count()).select_from(one)) for one in (Preview, Change)]
        return counts[0] or 0, counts[1] or 0, runs.scalar(select(func.count()).select_from(tables.run)) or 0


def changed_meanwhile(at: str, quantity: int = 22) -> None:
    """Somebody else changes the quantity, and the provider has done it."""
    with db.begin() as session:
        held = session.get_one(Subscription, UUID(at[-36:]))
        terms = change_of(session, held, "change_quantity", quantity=quantity)
        begin(session, terms)
        commands.apply_change(session, change_id=terms.change_id, outcome=outcome(session, held, quantity=quantity))


# ---- choosing


def test_more_and_fewer_are_priced_while_they_are_typed(buyer: Visitor, at: str) -> None:
    same, more, fewer, none = (buyer.part(f"{at}/quantity", quantity=n) for n in ("20", "25", "15", "0"))

    assert "Change the number to see what it costs" in text_of(same)
    assert all(words in text_of(more) for words in ("5 seats more, from today", "VAT 21%, estimate", "With tax, about"))
    assert all(words in text_of(fewer) for words in ("5 seats less, from today", "The newest go back first"))
    assert "Choose a quantity" in text_of(none)
    assert not any(is_page(part) for part in (same, more, fewer, none))


@pytest.mark.parametrize(
    ("act", "typed", "field", "words"),
    [
        ("quantity", {"quantity": "many"}, "quantity", "Type a whole number, such as 25."),
        ("quantity", {"quantity": "0" * 12 + "9" * 5000}, "quantity", "Type a whole number, such as 25."),
        ("quantity", {"quantity": "301"}, "quantity", "Choose a quantity of"),
        ("quantity", {"quantity": "20"}, "quantity", "20"),
        ("extend", {"valid_to": "soon"}, "valid_to", "Choose the new last day."),
        ("extend", {"valid_to": "2099-01-01"}, "valid_to", ""),
        ("cancel", {"mode": ""}, "mode", "Choose when it shall end."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_once_above_and_once_at_the_field(
    buyer: Visitor, at: str, act: str, typed: dict[str, str], field: str, words: str
) -> None:
    answer = checked(buyer, at, act, **typed)

    source = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "<title>Error: " in source
    assert words in summary_of(answer)
    assert f'href="#{field}"' in source
    assert source.count(summary_of(answer).removeprefix("There is a problem").strip()) <= 2
    assert written() == (0, 0, 0)


def test_a_day_to_extend_to_stands_with_what_it_adds(buyer: Visitor, at: str) -> None:
    page = buyer.get(f"{at}/extend")

    assert "Net of VAT, in EUR" in text_of(page)
    assert "charged as the months come" in text_of(page)
    assert a_day(buyer, at) > NOW.date().isoformat()


def test_to_end_it_now_stands_with_what_comes_back_until_its_window_has_closed(buyer: Visitor, at: str) -> None:
    open_, later = buyer.get(f"{at}/cancel"), None
    with frozen_at(NOW + timedelta(days=30)):
        later = buyer.get(f"{at}/cancel")

    assert "comes back, net" in text_of(open_)
    assert 'value="now"' in open_.get_data(as_text=True)
    assert 'value="now"' not in later.get_data(as_text=True)
    assert 'value="end_of_term" checked' in later.get_data(as_text=True)  # the only way that is left
    assert "Not possible: The window to cancel closed on" in text_of(later)


def test_an_act_that_there_is_not_has_no_address(buyer: Visitor, at: str) -> None:
    assert buyer.get(f"{at}/pause").status_code == 404


# ---- the promise


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("quantity", ("20 seats → 30 seats", "Charged now, net", "Then every month, net", "Undo until")),
        ("extend", ("Check the new end before you confirm", "instead of")),
        ("cancel", ("This cannot be undone", "Today, at once", "End it now", "Comes back now, net")),
    ],
)
def test_each_change_is_promised_before_it_is_sent(buyer: Visitor, at: str, act: str, words: tuple[str, ...]) -> None:
    check = checked(buyer, at, act)

    said = text_of(check)
    assert check.status_code == 200
    assert all(one in said for one in (*words, "Our promise to you", "Holds until", "Signed")), said
    assert written() == (1, 0, 0)


def test_to_let_it_end_costs_nothing_and_shows_no_row_of_noughts(buyer: Visitor, at: str) -> None:
    said = text_of(checked(buyer, at, "cancel", mode="end_of_term"))

    assert "and does not renew" in said
    assert "EUR 0.00" in said
    assert "With tax, about" not in said
    assert "On the invoice of" not in said


# ---- sending it


@pytest.mark.parametrize("act", ACTS)
def test_sent_twice_it_is_one_change_on_one_page(buyer: Visitor, at: str, act: str) -> None:
    check = checked(buyer, at, act)

    first, again = buyer.send(check, f"{at}/{act}"), buyer.send(check, f"{at}/{act}")
    by_script = buyer.open("POST", f"{at}/{act}", data=form_on(check, f"{at}/{act}"), headers=HTMX)

    assert first.status_code == 303
    assert first.location == again.location == by_script.headers["HX-Redirect"]
    assert written()[2] == 1


def test_a_change_of_something_else_than_was_promised_is_not_made(buyer: Visitor, at: str) -> None:
    check = checked(buyer, at, "quantity")

    other = buyer.send(check, f"{at}/quantity", quantity="31")
    missing = buyer.send(check, f"{at}/quantity", preview_id="")

    assert (other.status_code, missing.status_code) == (422, 422)
    assert "new promise" in summary_of(other)
    assert written()[2] == 0


def test_an_outdated_page_is_answered_with_how_it_stands_now(buyer: Visitor, at: str) -> None:
    check = checked(buyer, at, "quantity")
    changed_meanwhile(at)

    late = buyer.send(check, f"{at}/quantity")

    assert late.status_code in (409, 422)
    assert "22 seats → 30 seats" in text_of(late)
    assert written()[2] == 0


def test_a_version_that_was_tampered_with_is_no_version(buyer: Visitor, at: str) -> None:
    check = checked(buyer, at, "quantity")

    late, odd = (buyer.send(check, f"{at}/quantity", version=wrong) for wrong in ("77", "x"))

    assert (late.status_code, odd.status_code) == (409, 422)
    assert "has changed since you looked" in summary_of(late)
    assert written()[2] == 0


# ---- who may


@pytest.mark.parametrize("act", ACTS)
def test_a_reader_may_not(stall: Stall, buyer: Visitor, at: str, act: str) -> None:
    fields, reader = form_on(checked(buyer, at, act), f"{at}/{act}"), stall.visitor("reader")

    answers = [
        reader.get(f"{at}/{act}"),
        post(reader, f"{at}/{act}/check", fields),
        post(reader, f"{at}/{act}", fields),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert written() == (1, 0, 0)


@pytest.mark.parametrize("act", ACTS)
def test_another_customers_subscription_is_not_there_to_be_changed(
    stall: Stall, buyer: Visitor, at: str, act: str
) -> None:
    fields, stranger = form_on(checked(buyer, at, act), f"{at}/{act}"), stall.stranger()
    before = stall.held(UUID(at[-36:])).version

    answers = [
        stranger.get(f"{at}/{act}"), stranger.part(f"{at}/{act}"), post(stranger, f"{at}/{act}/check", fields),
        post(stranger, f"{at}/{act}", fields),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 4
    assert written() == (1, 0, 0)
    assert stall.held(UUID(at[-36:])).version == before


@pytest.mark.slow
@pytest.mark.parametrize(("language", "formats"), [("de", "de_DE"), ("ja", "ja_JP")])
def test_changes_are_read_in_every_language(stall: Stall, at: str, language: str, formats: str) -> None:
    reader = stall.visitor(preferences={"language": language, "formats": formats, "zone": "Asia/Tokyo"})

    answers: list[Any] = [checked(reader, at, act) for act in ACTS]
    answers += [checked(reader, at, "quantity", quantity=""), checked(reader, at, "cancel", mode="")]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 422, 422]
