"""A pause, another plan, another next term: each chosen, checked with what it deletes, and then started."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domains.kernel.clock import frozen_at
from domains.services import db, queries
from domains.services.models import AccountRef, Subscription
from tests.factories.plans import PLUS, a_flexible, made, offer_id
from tests.factories.services import EVERYBODY, a_line, a_subscription, change_of

from .stall import Stall, post
from .test_changes import written
from .test_subscriptions import NOW
from .visitor import Visitor, form_on, summary_of, text_of

ACTS = ("suspend", "plan", "schedule")


@pytest.fixture
def buyer(stall: Stall) -> Visitor:
    return stall.visitor()


@pytest.fixture
def at(stall: Stall) -> str:
    """The address of a running subscription of 20 seats that may do everything."""
    return f"/subscriptions/{flexible(stall)}"


def flexible(stall: Stall, **but: Any) -> UUID:
    with db.begin() as session:
        held = a_flexible(session, **but)
        account = session.get_one(AccountRef, stall.account_id)
        held.account_id, held.customer_id, held.account_name = account.id, account.customer_id, account.name
        return held.id


def changed(at: str, action: str, **wish: Any) -> None:
    """A whole change, made meanwhile."""
    with db.begin() as session:
        held = session.get_one(Subscription, UUID(at[-36:]))
        made(session, held, change_of(session, held, action, **wish))


def key() -> str:
    with db.begin_read() as session:
        return f"{offer_id(session, PLUS)}.P1Y.monthly"


def checked(visitor: Visitor, at: str, act: str, **typed: str) -> Any:
    """The form of an act, filled in and sent to be checked."""
    answers = {"suspend": {}, "resume": {}, "plan": {"plan": key()}, "schedule": {"quantity": "12"}}[act] | typed
    return visitor.send(visitor.get(f"{at}/{act}"), f"{at}/{act}/check", **answers)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("suspend", ("Nobody can use it", "It is billed on", "EUR 630.00 a month, net, as before", "It ends on")),
        ("plan", ("Analytics Pro Plus, 12 months, billed monthly", "Net of VAT, in EUR", "as before", "a new term")),
        ("schedule", ("It begins on", "At the renewal there may be fewer, too", "Analytics Pro Plus, 12 months")),
    ],
)  # fmt: skip
def test_each_form_says_what_it_means(buyer: Visitor, at: str, act: str, words: tuple[str, ...]) -> None:
    said = text_of(buyer.get(f"{at}/{act}"))

    assert all(one in said for one in words), said


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("suspend", ("Suspend it", "It is billed on while it is suspended", "EUR 0.00")),
        ("plan", ("Analytics Pro Plus, 12 months, billed monthly", "instead of Analytics Pro", "Charged now, net")),
        ("schedule", ("12 seats", "Plan it so", "A billing cycle then, net, today")),
    ],
)  # fmt: skip
def test_each_is_promised_before_it_is_sent_and_sent_once(
    buyer: Visitor, at: str, act: str, words: tuple[str, ...]
) -> None:
    check = checked(buyer, at, act)
    first, again = buyer.send(check, f"{at}/{act}"), buyer.send(check, f"{at}/{act}")

    said = text_of(check)
    assert all(one in said for one in (*words, "Our promise to you", "Signed")), said
    assert (first.status_code, first.location) == (303, again.location)
    assert written() == (1, 0, 1)


def test_what_a_change_would_delete_is_said_before_in_words(stall: Stall, buyer: Visitor, at: str) -> None:
    changed(at, "schedule_change", quantity=12)

    page, pause, more = buyer.get(at), buyer.get(f"{at}/suspend"), buyer.get(f"{at}/quantity", quantity="25")
    check = buyer.send(buyer.get(f"{at}/quantity"), f"{at}/quantity/check", quantity="25")
    listed = buyer.get("/subscriptions")

    assert "Planned: 12 seats." in text_of(page) and "Planned: 12 seats." in text_of(listed)
    assert "What is planned is deleted" in text_of(pause)
    assert "This would delete what is planned: 12 seats" in text_of(more)
    assert "This deletes what is planned" in text_of(check) and "12 seats" in text_of(check)


def test_what_is_planned_is_taken_back_by_a_form_of_its_own(buyer: Visitor, at: str) -> None:
    changed(at, "schedule_change", quantity=12)
    form = buyer.get(f"{at}/schedule")

    check = buyer.send(form, f"{at}/schedule/check", mode="remove", quantity="")
    sent = buyer.send(check, f"{at}/schedule")

    assert "Take it back" in text_of(check) and "DELETE /api/v1" in text_of(check)
    assert sent.status_code == 303


def test_a_suspended_one_says_so_and_offers_to_resume_it(buyer: Visitor, at: str) -> None:
    changed(at, "suspend")

    page, form, other = buyer.get(at), buyer.get(f"{at}/resume"), buyer.get(f"{at}/plan")

    said = text_of(page)
    assert "It is suspended, and billed on" in said and f'href="{at}/resume"' in page.get_data(as_text=True)
    assert f'href="{at}/quantity"' not in page.get_data(as_text=True)
    assert "Everybody can use it again" in text_of(form)
    assert "It is suspended. Resume it first." in text_of(other)
    assert checked(buyer, at, "resume").status_code == 200


@pytest.mark.parametrize(
    ("act", "typed", "words"),
    [
        ("plan", {"plan": ""}, "Choose a plan."), ("plan", {"plan": "x.y"}, "Choose a plan."),
        ("plan", {"quantity": "x"}, "Type a whole number"), ("plan", {"quantity": "301"}, "Choose a quantity of"),
        ("schedule", {"quantity": "20"}, "Say what shall be another thing"),
        ("schedule", {"quantity": "12", "plan": "x"}, "Choose a plan."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_above_and_at_the_field(
    buyer: Visitor, at: str, act: str, typed: dict[str, str], words: str
) -> None:
    answer = checked(buyer, at, act, **typed)

    assert answer.status_code == 422
    assert words in summary_of(answer)
    assert written() == (0, 0, 0)


def test_where_the_provider_offers_none_of_it_the_pages_say_why(stall: Stall, buyer: Visitor) -> None:
    at = f"/subscriptions/{flexible(stall, can_suspend=False, transitions=(), can_schedule=False)}"

    said = [text_of(buyer.get(f"{at}/{act}")) for act in ACTS]

    assert "The provider does not let this be suspended." in said[0]
    assert "The provider offers no other plan to change to during the term." in said[1]
    assert "The provider lets nothing be planned for its next term." in said[2]


def test_add_ons_stand_on_the_page_of_what_they_add_to(stall: Stall, buyer: Visitor, at: str) -> None:
    with db.begin() as session:
        account = session.get_one(AccountRef, stall.account_id)
        addon = a_subscription(session, account, a_line(session, 3, term="P1Y", billing_cycle="monthly"))
        addon.parent_subscription_id = UUID(at[-36:])
        addon_id = addon.id

    page = buyer.get(at)

    assert f'href="/subscriptions/{addon_id}"' in page.get_data(as_text=True)
    assert "Before this can be cancelled now, they must be." in text_of(page)
    assert "Something that adds to it still runs" in text_of(page)


def test_what_closes_in_less_than_a_fortnight_shows_days_and_hours_and_the_date(buyer: Visitor, at: str) -> None:
    early = text_of(buyer.get(at))
    with frozen_at(NOW + timedelta(days=2, hours=3)):
        later = text_of(buyer.get(at))

    assert re.search(r"Possible until [^(]*2026[^(]*\([67]\sd\s\d+\sh left\)", early), early
    assert re.search(r"\(4\sd\s2[01]\sh left\)", later), later


@pytest.mark.parametrize("act", ACTS)
def test_a_reader_may_not_and_to_a_stranger_it_is_not_there(stall: Stall, buyer: Visitor, at: str, act: str) -> None:
    fields = form_on(checked(buyer, at, act), f"{at}/{act}")
    reader, stranger = stall.visitor("reader"), stall.stranger()

    refused = [
        reader.get(f"{at}/{act}"),
        post(reader, f"{at}/{act}/check", fields),
        post(reader, f"{at}/{act}", fields),
    ]
    missing = [stranger.get(f"{at}/{act}"), post(stranger, f"{at}/{act}/check", fields),
               post(stranger, f"{at}/{act}", fields)]  # fmt: skip

    assert [one.status_code for one in refused] == [403] * 3
    assert [one.status_code for one in missing] == [404] * 3
    assert written() == (1, 0, 0)


def test_a_plan_of_the_history_stands_by_its_name(buyer: Visitor, at: str) -> None:
    with db.begin_read() as session:
        plus = offer_id(session)
    changed(at, "change_plan", offer_id=plus)
    changed(at, "suspend")
    with db.begin_read() as session:
        name = queries.get_subscription(session, EVERYBODY, UUID(at[-36:])).name

    said = text_of(buyer.get(at))
    assert (name, "Changed to Analytics Pro Plus" in said, "Suspended" in said) == ("Analytics Pro Plus", True, True)
