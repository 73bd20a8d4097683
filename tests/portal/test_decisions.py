"""The renewal calendar and the page on which a decision is taken: what it says, and that each click counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from domains.services import db, queries
from domains.services.commands.decisions import add_line, follow_term
from domains.services.models import Decision, Subscription
from domains.services.queries import EndOfTerm
from tests.factories.services import EVERYBODY

from .stall import Stall
from .visitor import Visitor, is_page, summary_of, text_of

NOW = datetime.now(UTC)
HOSTILE = "<svg/onload=alert(1)>"
RULES = {"modes": ["renew", "cancel", "bridge"], "default": "renew", "set_to": "renew", "surcharge_percent": "3"}


@pytest.fixture
def buyer(stall: Stall) -> Visitor:
    return stall.visitor()


def ending(stall: Stall, days: int = 20, rules: dict[str, object] | None = None, **but: object) -> UUID:
    """A subscription whose term ends in so many days, as the provider would say it."""
    held_id = stall.bought(valid_to=NOW.date() + timedelta(days=days), **but)
    with db.begin() as session:
        held = session.get_one(Subscription, held_id)
        held.policy = held.policy | {"end_of_term": RULES | (rules or {})}
        follow_term(session, held)
    return held_id


def end_of(held: UUID) -> EndOfTerm:
    with db.begin_read() as session:
        return queries.get_end_of_term(session, EVERYBODY, held)


def at(held: UUID) -> str:
    return f"/subscriptions/{held}/end-of-term"


def test_the_calendar_shows_what_is_open_decided_and_closed_by_month(stall: Stall, buyer: Visitor) -> None:
    ending(stall, 40)
    ending(stall, 5, {"locked_from": (NOW - timedelta(hours=1)).isoformat()})

    said = text_of(buyer.get("/decisions"))

    assert said.index("Closed") < said.rindex("To decide")
    assert "EUR 7,560.00" in said
    assert "if nobody decides" in said
    assert "No decision fits these filters" in text_of(buyer.get("/decisions?state=decided"))
    assert "No decision fits these filters" in text_of(buyer.get("/decisions?mine=yes"))
    assert "No term ends" in text_of(stall.stranger().get("/decisions"))


def test_home_shows_what_is_open_and_what_doing_nothing_costs(stall: Stall, buyer: Visitor) -> None:
    ending(stall, 20)
    ending(stall, 30, {"set_to": "bridge"})
    ending(stall, 40, {"set_to": "cancel"})

    part, whole = buyer.part("/decisions/_open"), buyer.get("/decisions/_open")

    said = text_of(part)
    assert "it renews for 12 months and commits you to EUR 7,560.00, net" in said
    assert "it goes on month by month at EUR 649.00, net" in said
    assert "access stops after" in said
    assert part.get_data(as_text=True).lstrip().startswith("<section")
    assert is_page(whole)
    assert "Nothing is to be decided" in text_of(stall.stranger().part("/decisions/_open"))


def test_the_page_says_what_each_way_costs(stall: Stall, buyer: Visitor) -> None:
    page = buyer.get(at(ending(stall)))

    said = text_of(page)
    assert "EUR 7,560.00 for the term, net" in said
    assert "EUR 649.00 a month, net" in said
    assert "at the monthly price and 3 % more" in said
    assert "Renew (if nobody decides)" in said


def test_a_click_decides_once_and_the_same_click_again_changes_nothing(stall: Stall, buyer: Visitor) -> None:
    held = ending(stall)
    form = buyer.get(at(held))

    first, again = (buyer.send(form, at(held), mode="renew", note="We stay") for _twice in range(2))

    it = end_of(held)
    assert (first.status_code, again.status_code) == (303, 303)
    assert (it.mode, it.note, it.decided_by, it.state) == ("renew", "We stay", "Olivia Winter", "decided")
    assert "Nobody is reminded" in text_of(buyer.get(at(held)))


def test_what_the_provider_has_to_hear_of_is_watched_on_its_page(stall: Stall, buyer: Visitor) -> None:
    held = ending(stall)
    form = buyer.get(at(held))

    first, again = (buyer.send(form, at(held), mode="cancel") for _twice in range(2))

    assert first.location == again.location
    assert first.location.startswith("/operations/")
    assert len(stall.transport.commands) == 1


def test_who_decides_after_somebody_else_is_told(stall: Stall, buyer: Visitor) -> None:
    held = ending(stall)
    form = buyer.get(at(held))
    buyer.send(form, at(held), mode="renew")

    late = buyer.send(form, at(held), mode="renew", note="Me, too", form_token="another")

    assert late.status_code == 409
    assert "Somebody has decided since you looked" in summary_of(late)


@pytest.mark.parametrize(
    ("typed", "said"),
    [({"mode": ""}, "Choose what shall happen"), ({"mode": "sleep"}, "Choose what shall happen"),
     ({"mode": "renew", "note": "x" * 501}, "500 characters")],
)  # fmt: skip
def test_what_cannot_be_read_is_said_beside_the_form(
    stall: Stall, buyer: Visitor, typed: dict[str, str], said: str
) -> None:
    held = ending(stall)

    answer = buyer.send(buyer.get(at(held)), at(held), **typed)

    assert answer.status_code == 422
    assert said in summary_of(answer)
    assert end_of(held).mode is None


def test_a_decision_is_given_away_on_the_page(stall: Stall, buyer: Visitor) -> None:
    held = ending(stall)
    page = buyer.get(at(held))

    answer = buyer.send(page, f"{at(held)}/owner", owner="colleague@northwind.example")

    assert answer.location.startswith("/operations/")
    [envelope] = stall.transport.commands
    assert envelope["body"]["email"] == "colleague@northwind.example"


def test_who_may_only_read_sees_the_ways_and_no_form(stall: Stall) -> None:
    held, reader = ending(stall), stall.visitor("reader")

    page = reader.get(at(held))

    assert "An owner or buyer can" in text_of(page)
    assert f'action="{at(held)}' not in page.get_data(as_text=True)


def test_when_it_is_too_late_the_page_says_so(stall: Stall, buyer: Visitor) -> None:
    held = ending(stall, 5, {"locked_from": (NOW - timedelta(hours=1)).isoformat()})

    assert "It is too late to decide" in text_of(buyer.get(at(held)))


def test_another_customers_decision_is_not_there(stall: Stall, buyer: Visitor) -> None:
    held, stranger = ending(stall), stall.stranger()

    for path in (at(held), f"/subscriptions/{held}/history"):
        assert stranger.get(path).status_code == 404
    with db.begin_read() as session:
        assert session.scalars(select(Decision.mode)).all() == [None]


def test_the_history_page_tells_all_of_it(stall: Stall, buyer: Visitor) -> None:
    held = ending(stall)
    buyer.send(buyer.get(at(held)), at(held), mode="renew", standing="yes")

    said = text_of(buyer.get(f"/subscriptions/{held}/history"))

    assert "Decided for" in said
    assert "also for the terms after it" in said
    assert "Ordered, 20" in said


def test_names_are_shown_as_text(stall: Stall, buyer: Visitor) -> None:
    held = ending(stall, name=HOSTILE, account_name=HOSTILE)

    for path in ("/decisions", "/decisions/_open", at(held), f"/subscriptions/{held}/history"):
        source = buyer.get(path).get_data(as_text=True)
        assert HOSTILE.lower() not in source.lower(), path


def test_a_renewal_stands_in_the_history_with_both_prices(stall: Stall, buyer: Visitor) -> None:
    held = ending(stall)
    facts = {"outcome": "renewed", "unit_price": "EUR 31.5", "old_price": "EUR 30", "amount": "EUR 630.00"}
    with db.begin() as session:
        row = session.get_one(Subscription, held)
        add_line(session, (held, row.customer_id, None), "renewal", facts)
        add_line(session, (held, row.customer_id, None), "asleep", {})

    said = text_of(buyer.get(f"/subscriptions/{held}/history"))

    assert "Renewed a unit costs EUR 31.50, before EUR 30.00" in said
    assert "EUR 630.00" in said
    assert "Asleep" in said


@pytest.mark.slow
@pytest.mark.parametrize(("language", "formats"), [("de", "de_DE"), ("ja", "ja_JP")])
def test_decisions_are_read_in_every_language(stall: Stall, language: str, formats: str) -> None:
    reader = stall.visitor(preferences={"language": language, "formats": formats, "zone": "Asia/Tokyo"})
    held = ending(stall)

    for path in ("/decisions", "/decisions/_open", at(held), f"/subscriptions/{held}/history"):
        assert reader.get(path).status_code == 200, path


def test_a_price_that_will_change_is_said_before(stall: Stall, buyer: Visitor) -> None:
    held = ending(stall)
    with db.begin() as session:
        session.get_one(Subscription, held).unit_rate = Decimal("20")

    assert "now EUR 20.00" in text_of(buyer.get(at(held)))
