"""Decisions about the ends of terms: open with the term, moved with its last day, settled with it, each its own."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from msgspec import to_builtins
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.config import Settings
from domains.kernel.errors import Invalid, NotFound, Refused
from domains.kernel.money import UnitPrice
from domains.kernel.tenancy import Actor
from domains.services import commands, db, queries
from domains.services.commands.decisions import follow_term
from domains.services.commands.subscriptions import take_over
from domains.services.models import Decision, EndRules, HistoryLine, Policy, Subscription
from domains.services.models.decisions import first_of, over_at
from domains.services.pricing import NextTerm
from domains.services.queries.decisions import bridge_price
from tests.conftest import Clock
from tests.factories.services import (
    EVERYBODY,
    a_catalogue,
    a_line,
    a_plan,
    a_running,
    a_subscription,
    an_account,
    an_offer,
    at,
    begin,
    change_of,
    outcome,
    scope_of,
    somebody_else,
)

OLIVIA = Actor("user", "0190a1b2-0000-7000-8000-000000000001", "Olivia Owen")
BRIDGE = EndRules(("renew", "cancel", "bridge"), "renew", "renew", Decimal(3))


@pytest.fixture
def session(databases: Settings, clock: Clock) -> object:
    with db.begin() as opened:
        yield opened


def decisions(session: Session, held: Subscription) -> list[Decision]:
    query = select(Decision).where(Decision.subscription_id == held.id)
    return list(session.scalars(query.order_by(Decision.term_end)))


@pytest.mark.parametrize(
    ("bought", "term", "last"),
    [
        ("2026-01-31T09:00:00+00:00", "P1M", date(2026, 2, 27)),
        ("2024-02-29T09:00:00+00:00", "P1Y", date(2025, 2, 27)),
        ("2026-03-10T23:30:00+00:00", "P3Y", date(2029, 3, 9)),
        ("2026-12-31T09:00:00+00:00", "P1M", date(2027, 1, 30)),
    ],
)
def test_a_decision_has_its_term_and_its_deadline(
    databases: Settings, clock: Clock, bought: str, term: str, last: date
) -> None:
    clock.move_to(at(bought))
    with db.begin() as session:
        a_catalogue(session, an_offer(plans=(a_plan(term, EUR="25.20"),)))
        held = a_subscription(session, an_account(session), a_line(session))
        [kept] = decisions(session, held)

        assert (kept.term_first, kept.term_end) == (held.valid_from, last)
        assert kept.deadline == over_at(last)  # this provider names no lock
        assert first_of(held) >= held.valid_from


def test_the_providers_lock_is_the_deadline(session: Session) -> None:
    lock = at("2027-03-08T12:00:00+00:00")
    held = a_running(session, policy=Policy(end_of_term=EndRules(locked_from=lock)))

    assert decisions(session, held)[0].deadline == lock


def test_within_the_lock_no_button_asks_for_what_the_provider_refuses(session: Session, clock: Clock) -> None:
    lock = at("2027-03-08T12:00:00+00:00")
    held = a_running(session, policy=Policy(end_of_term=EndRules(locked_from=lock)))

    def action() -> object:
        found = queries.get_subscription(session, EVERYBODY, held.id).allowed_actions
        one = next(one for one in found if one.action == "cancel_at_end_of_term")
        return (one.enabled, one.available_until, one.reason_code)

    assert action() == (True, lock, None)
    clock.move_to(lock)
    assert action() == (False, None, "locked_before_renewal")


def test_a_later_last_day_moves_the_decision_and_its_reminders(session: Session) -> None:
    held = a_running(session)
    before = decisions(session, held)[0].next_reminder_at
    terms = change_of(session, held, "extend", valid_to=held.valid_to + timedelta(days=60))
    begin(session, terms)
    later = outcome(session, held, valid_to=terms.valid_to_wish)
    commands.apply_change(session, change_id=terms.change_id, outcome=later)

    [kept] = decisions(session, held)
    assert (kept.term_end, kept.settled_at) == (held.valid_to, None)
    assert before is not None
    assert kept.next_reminder_at is not None
    assert kept.next_reminder_at - before >= timedelta(days=59)


def test_a_renewal_settles_one_decision_and_opens_the_next(session: Session, clock: Clock) -> None:
    held = a_running(session)
    last = held.valid_to
    clock.advance(days=366)
    look = outcome(session, held, valid_to=last + timedelta(days=365))
    for _twice in range(2):
        commands.apply_look(session, subscription_id=held.id, look=look)

    over, runs = decisions(session, held)
    assert (over.outcome, over.term_end) == ("renewed", last)
    assert (runs.term_first, runs.term_end, runs.settled_at) == (last + timedelta(days=1), held.valid_to, None)


def test_a_term_that_was_planned_otherwise_begins_with_its_offer_and_price(session: Session, clock: Clock) -> None:
    held = a_running(session)
    other = an_offer("pro-plus", name="Analytics Pro Plus", plans=(a_plan("P1M", EUR="40.00"),))
    a_catalogue(session, an_offer(), other)
    clock.advance(days=366)
    look = outcome(session, held, quantity=12, valid_to=held.valid_to + timedelta(days=31), term="P1M",
                   billing_cycle="monthly", provider_offer_id="pro-plus")  # fmt: skip
    held.next_term = to_builtins(NextTerm(12, "pro-plus", "P1M", "monthly"))
    became = commands.apply_renewal(session, subscription_id=held.id, look=look).renewal
    again = commands.apply_renewal(session, subscription_id=held.id, look=look)

    assert became is not None
    assert (held.name, held.term, held.quantity, str(held.unit_price)) == ("Analytics Pro Plus", "P1M", 12, "EUR 50")
    assert (became.unit_price, became.quantity, became.outcome) == (held.unit_price, 12, "renewed")
    assert again.renewal is None


def test_a_cancelled_subscription_asks_for_nothing_any_more(session: Session) -> None:
    held = a_running(session)
    take_over(session, held, outcome(session, held, state="canceled"), source=None)

    [kept] = decisions(session, held)
    assert (kept.outcome, kept.next_reminder_at) == ("withdrawn", None)
    assert kept.finished_at is not None


def test_to_cancel_at_the_end_of_the_term_is_a_decision(session: Session) -> None:
    held = a_running(session)
    terms = change_of(session, held, "cancel", mode="end_of_term")
    begin(session, terms)
    after = outcome(session, held, auto_renew=False)
    commands.apply_change(session, change_id=terms.change_id, outcome=after)

    it = queries.get_end_of_term(session, EVERYBODY, held.id)
    assert (it.mode, it.decided_by, it.if_nothing, it.state) == ("cancel", "Bea Buyer", "cancel", "decided")


def test_what_came_before_there_were_decisions_gets_one(session: Session) -> None:
    held = a_running(session)
    for row in decisions(session, held):
        session.delete(row)
    session.flush()

    assert (commands.open_missing(session), commands.open_missing(session)) == (1, 0)
    assert decisions(session, held)[0].term_end == held.valid_to


def test_each_way_says_what_it_costs(session: Session) -> None:
    held = a_running(session, policy=Policy(end_of_term=BRIDGE))
    it = queries.get_end_of_term(session, EVERYBODY, held.id)
    ways = {way.mode: way for way in it.ways}

    assert ways["renew"].cost == held.unit_price.times(20) * 12 == it.nothing_costs
    assert (ways["renew"].first, ways["renew"].until) == (date(2027, 3, 10), date(2028, 3, 9))
    assert ways["cancel"].cost.minor == 0
    assert str(ways["bridge"].cost) == "EUR 649.00"  # 20 × 32.45: 31.50 and 3 %
    assert ways["bridge"].more == ways["bridge"].cost - held.unit_price.times(20)


@pytest.mark.parametrize(
    ("amount", "currency", "cycle", "month"),
    [
        ("31.50", "EUR", "monthly", "32.45"), ("4875", "JPY", "monthly", "5021"), ("292.00", "EUR", "annual", "25.06"),
        ("0", "EUR", "monthly", "0"),
    ],
)  # fmt: skip
def test_a_bridge_costs_the_month_and_the_surcharge(amount: str, currency: str, cycle: str, month: str) -> None:
    found = bridge_price(UnitPrice(Decimal(amount), currency), cycle, Decimal(3))

    assert found == UnitPrice(Decimal(month), currency)


def test_decisions_are_listed_by_urgency_state_owner_and_page(session: Session, clock: Clock) -> None:
    first = a_running(session)
    mine = scope_of(first)  # type: ignore[arg-type]
    account = session.get_one(type(an_account(session)), first.account_id)
    second = a_subscription(session, account)
    session.get_one(Subscription, second.id).valid_to = date(2026, 6, 1)
    follow_term(session, second)

    page = queries.list_decisions(session, mine, limit=1)
    rest = queries.list_decisions(session, mine, limit=1, cursor=page.next_cursor)
    soon = queries.list_decisions(session, mine, due_before=at("2026-07-01T00:00:00+00:00"))
    clock.move_to(at("2026-06-03T09:00:00+00:00"))

    assert [one.id for one in page.items + rest.items] == [second.id, first.id]
    assert rest.next_cursor is None
    assert [one.id for one in soon.items] == [second.id]
    assert [one.id for one in queries.list_decisions(session, mine, state="locked").items] == [second.id]
    assert [one.id for one in queries.list_decisions(session, mine, state="open").items] == [first.id]
    assert queries.list_decisions(session, mine, owner_id=first.id).items == []
    assert queries.list_decisions(session, somebody_else()).items == []
    with pytest.raises(Invalid, match="There is no state"):
        queries.list_decisions(session, mine, state="asleep")


def test_another_customers_decision_is_not_there(session: Session) -> None:
    held = a_running(session)
    stranger = somebody_else()

    for ask in (queries.get_end_of_term, queries.history_of):
        with pytest.raises(NotFound):
            ask(session, stranger, held.id)
    with pytest.raises(NotFound):
        commands.decide_here(session, scope=stranger, subscription_id=held.id, mode="renew", standing=False, by=OLIVIA)
    assert decisions(session, held)[0].mode is None


def test_what_is_not_offered_or_too_late_is_refused_with_the_reason(session: Session, clock: Clock) -> None:
    held = a_running(session)
    wish = {"scope": EVERYBODY, "subscription_id": held.id, "standing": False, "by": OLIVIA}

    with pytest.raises(Refused, match="does not offer “bridge”"):
        commands.decide_here(session, mode="bridge", **wish)
    with pytest.raises(Invalid, match="renew, cancel or bridge"):
        commands.decide_here(session, mode="sleep", **wish)
    clock.move_to(over_at(held.valid_to))
    with pytest.raises(Refused, match="was to be decided until"):
        commands.decide_here(session, mode="renew", **wish)


def test_what_somebody_does_at_the_provider_stands_in_the_history(session: Session) -> None:
    held = a_running(session)
    take_over(session, held, outcome(session, held, quantity=27), source=None)  # as its adoption does

    [line] = session.scalars(select(HistoryLine)).all()
    past = queries.history_of(session, EVERYBODY, held.id, limit=1)
    rest = queries.history_of(session, EVERYBODY, held.id, limit=1, cursor=past.next_cursor)
    assert (line.kind, line.facts["before"]["quantity"], line.facts["after"]["quantity"]) == ("provider", 20, 27)
    assert [one.kind for one in past.items + rest.items] == ["provider", "order"]
