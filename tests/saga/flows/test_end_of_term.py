"""What shall happen at the end of a term is decided in time, by whose decision it is, and told to the provider."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from domains import services
from domains.kernel.errors import Conflict, Refused
from domains.services import commands
from domains.services.commands.subscriptions import take_over
from domains.services.exchanges import look_at_subscription
from domains.services.models import Subscription
from saga.ends import begin_reminders
from saga.flows.give_decision import give_decision
from saga.flows.set_end_of_term import set_end_of_term
from saga.payloads.end_of_term import GiveDecision, SetEndOfTerm
from tests.factories.services import ask

from .ends import at_work as at_work
from .ends import decide, end_of, end_term, held_at_provider, letters_to, move_to
from .seen import run_of, subscription_of, words_of
from .shop import Shop

pytestmark = pytest.mark.slow  # `make check` plays orders, onboarding and accounts


def test_a_decision_is_open_as_soon_as_a_term_runs(shop: Shop) -> None:
    it = end_of(shop, shop.bought())

    assert (it.state, it.mode, it.if_nothing, it.owner) == ("open", None, "renew", "Olivia Owen")
    over = datetime.combine(it.term_end + timedelta(days=1), time(), UTC)
    assert it.deadline == over - timedelta(hours=24)
    assert [(way.mode, way.allowed) for way in it.ways] == [("renew", True), ("cancel", True), ("bridge", True)]
    assert it.nothing_costs == it.unit_price.times(it.quantity) * 12


def test_to_let_it_end_is_told_to_the_provider(shop: Shop) -> None:
    subscription_id = shop.bought()

    run = decide(shop, subscription_id, "cancel", remark="Nobody uses it")

    it = end_of(shop, subscription_id)
    assert words_of(run.id) == ["done"] * 4
    assert (it.state, it.mode, it.if_nothing, it.note) == ("decided", "cancel", "cancel", "Nobody uses it")
    assert (it.decided_by, it.open_change_id) == ("Olivia Owen", None)
    assert held_at_provider(shop, subscription_id)["auto_renew"] is False
    assert letters_to(shop) == [("owner@northwind.example", "end_of_term_cancel")]


def test_a_decision_saves_a_renewal(shop: Shop) -> None:
    subscription_id = shop.bought()
    decide(shop, subscription_id, "cancel")
    decide(shop, subscription_id, "renew")

    last = end_term(shop, subscription_id)

    it = end_of(shop, subscription_id)
    assert subscription_of(subscription_id).state == "active"
    assert (it.state, it.mode, it.term_first) == ("open", None, last + timedelta(days=1))


def test_a_decision_in_the_last_minute_is_heard_and_one_after_it_is_not(shop: Shop) -> None:
    subscription_id = shop.bought()
    last = end_of(shop, subscription_id).term_end
    move_to(shop, last - timedelta(days=1), time(23, 58))

    decide(shop, subscription_id, "cancel")
    move_to(shop, last, time(0, 0))

    it = end_of(shop, subscription_id)
    assert (it.mode, it.state) == ("cancel", "locked")
    run = decide(shop, subscription_id, "renew")
    error = run_of(run.id).error
    assert error is not None
    assert error["code"] == "locked_before_renewal"
    assert end_of(shop, subscription_id).mode == "cancel"


def test_the_provider_may_lock_earlier_than_it_said(shop: Shop) -> None:
    subscription_id = shop.bought()
    shop.sandbox.fault("change", "reject", code="locked_before_renewal", count=1)

    run = decide(shop, subscription_id, "cancel")

    it = end_of(shop, subscription_id)
    assert (run_of(run.id).status, it.mode, it.open_change_id) == ("compensated", None, None)
    assert subscription_of(subscription_id).open_change_id is None


def test_of_two_who_decide_at_once_the_second_is_told(shop: Shop) -> None:
    subscription_id = shop.bought()
    seen = end_of(shop, subscription_id)
    first = SetEndOfTerm.of(seen, shop.caller, mode="cancel")
    second = SetEndOfTerm.of(seen, shop.caller, mode="bridge")

    shop.run(set_end_of_term, first)
    run = shop.run(set_end_of_term, second)

    error = run_of(run.id).error
    assert error is not None
    assert error["code"] == "version_conflict"
    assert end_of(shop, subscription_id).mode == "cancel"


def test_what_the_provider_does_already_is_only_written_down(shop: Shop) -> None:
    subscription_id = shop.bought()
    with services.db.begin() as session:
        wish = {"scope": shop.scope, "subscription_id": subscription_id, "by": shop.caller.actor}
        commands.decide_here(session, mode="renew", standing=True, **wish)
        with pytest.raises(Refused, match="hear of this first"):
            commands.decide_here(session, mode="cancel", standing=False, **wish)
        with pytest.raises(Conflict):
            commands.decide_here(session, mode="renew", standing=False, expected_version=1, **wish)

    end_term(shop, subscription_id)

    it = end_of(shop, subscription_id)
    assert (it.state, it.mode, it.standing, it.decided_by) == ("decided", "renew", True, "Olivia Owen")


def test_who_decides_otherwise_at_the_provider_opens_it_again(shop: Shop) -> None:
    subscription_id = shop.bought()
    decide(shop, subscription_id, "cancel")
    held = held_at_provider(shop, subscription_id)
    shop.sandbox.control("POST", "direct", subscription_id=held["id"], kind="end_of_term", mode="renew")

    looked = ask(look_at_subscription, subscription_id=subscription_id)
    with services.db.begin() as session:
        row = session.get_one(Subscription, subscription_id)
        take_over(session, row, looked.look, source=None)  # as its adoption does

    it = end_of(shop, subscription_id)
    assert (it.state, it.mode, it.if_nothing) == ("open", None, "renew")


def test_the_owner_is_reminded_on_six_mornings_and_others_at_the_end(shop: Shop) -> None:
    subscription_id = shop.bought()
    deadline = end_of(shop, subscription_id).deadline.date()
    sent = {}
    for days in (91, 90, 89, 60, 30, 14, 7, 3, 2, 1):
        before = len(letters_to(shop))
        move_to(shop, deadline - timedelta(days=days), time(12))
        for again in range(2):
            begin_reminders(f"test/{days}/{again}")
            shop.transport.run_until_quiet()
        sent[days] = len(letters_to(shop)) - before

    assert sent == {91: 0, 90: 1, 89: 0, 60: 1, 30: 1, 14: 1, 7: 1, 3: 0, 2: 1, 1: 0}
    assert {template for _to, template in letters_to(shop)} == {"decision_open_renew"}


def test_nobody_is_reminded_of_what_was_decided(shop: Shop) -> None:
    subscription_id = shop.bought()
    decide(shop, subscription_id, "cancel")
    move_to(shop, end_of(shop, subscription_id).deadline.date() - timedelta(days=2), time(12))

    begin_reminders("test/decided")
    shop.transport.run_until_quiet()

    assert [template for _to, template in letters_to(shop)] == ["end_of_term_cancel"]


def test_a_decision_is_given_to_somebody_who_works_there_and_to_nobody_else(shop: Shop) -> None:
    subscription_id = shop.bought()

    shop.run(give_decision, GiveDecision.of(end_of(shop, subscription_id), shop.caller))
    nobodys = end_of(shop, subscription_id)
    stranger = shop.run(give_decision, GiveDecision.of(nobodys, shop.caller, email="stranger@elsewhere.example"))
    shop.run(give_decision, GiveDecision.of(nobodys, shop.caller, email="OWNER@northwind.example"))
    late = shop.run(give_decision, GiveDecision.of(nobodys, shop.caller))

    assert (run_of(late.id).error or {})["code"] == "version_conflict"
    error = run_of(stranger.id).error
    assert (nobodys.owner, end_of(shop, subscription_id).owner) == (None, "Olivia Owen")
    assert error is not None
    assert error["code"] == "user_not_found"
