"""Changing what runs: what is allowed, what it costs or gives back, and one change at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domains.kernel import clock as kernel_clock
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, DomainError, Invalid, NotFound, Refused
from domains.kernel.money import Money
from domains.services import commands, db, queries
from domains.services.commands import ChangeOutcome
from domains.services.lots import Lot
from domains.services.models import Policy, Subscription
from domains.services.pricing import ChangeTerms
from tests.conftest import Clock
from tests.factories.services import (
    EVERYBODY,
    a_catalogue,
    a_line,
    a_plan,
    a_subscription,
    an_account,
    an_offer,
    at,
    begin,
    change_of,
    on,
    somebody_else,
)


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def outcome(session: Any, held: Subscription, **but: Any) -> ChangeOutcome:
    """How the provider would answer: as it was, but for what the change has changed."""
    now = kernel_clock.business_now(session)
    policy = held.allowed
    facts: dict[str, Any] = {
        "quantity": held.quantity, "valid_to": held.valid_to, "state": "active", "raw_state": "active",
        "auto_renew": held.auto_renew, "valid_from": held.valid_from, "policy": policy, "provider_version": 2,
        "lots": (Lot(held.quantity, now - timedelta(days=1), now + timedelta(days=6)),),
    }  # fmt: skip
    return ChangeOutcome(**(facts | but))


def a_running(session: Any, *lines: Any, **but: Any) -> Subscription:
    a_catalogue(session, an_offer(plans=(a_plan(EUR="25.20"), a_plan("P1Y", "annual", EUR="292.00"))))
    return a_subscription(session, an_account(session), *lines, **but)


def test_more_seats_are_charged_for_the_rest_of_the_month(databases: Settings, clock: Clock) -> None:
    clock.move_to(at("2026-11-20T10:00:00+00:00"))
    with db.begin() as session:
        held = a_running(session)
        clock.advance(days=4)
        terms = change_of(session, held, "change_quantity", quantity=25)

    assert (terms.charge_now, terms.every_month, terms.reserve) == (eur("36.75"), eur("157.50"), eur("157.50"))
    assert (terms.from_quantity, terms.to_quantity, terms.effective_on) == (20, 25, on("2026-11-24"))
    assert terms.undo_until == at("2026-12-01T10:00:00+00:00")
    assert terms.refund == eur("0")
    assert terms.commitment == eur("36.75") + eur("1732.50") + eur("99.75")  # November, 11 months, 19 days
    assert terms.tax_estimate.amount == eur("7.72")


def test_seats_that_can_go_back_are_paid_back_by_days(databases: Settings, clock: Clock) -> None:
    clock.move_to(at("2026-11-20T14:32:00+01:00"))
    with db.begin() as session:
        held = a_running(session)
        clock.move_to(at("2026-11-24T10:15:00+01:00"))
        terms = change_of(session, held, "change_quantity", quantity=10)

    assert (terms.charge_now, terms.refund, terms.every_month) == (eur("-73.50"), eur("73.50"), eur("-315.00"))
    assert (terms.reserve, terms.undo_until) == (eur("0"), None)


def test_a_cancellation_in_its_window_pays_back_the_days_not_used(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)  # on the 10th
        clock.advance(days=3)
        now = change_of(session, held, "cancel", mode="now")
        later = change_of(session, held, "cancel", mode="end_of_term")
        implied = change_of(session, held, "cancel")

    assert now.refund == eur("386.13")  # 20 × 31.50 × 19 / 31
    assert now.every_month == eur("-630.00")
    assert (later.charge_now, later.every_month, later.mode) == (eur("0"), eur("0"), "end_of_term")
    assert implied.mode == "now"


def test_an_extension_of_a_monthly_subscription_is_charged_as_its_months_come(
    databases: Settings, clock: Clock
) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "extend", valid_to=on("2027-03-31"))

    assert (terms.charge_now, terms.every_month, terms.reserve) == (eur("0"), eur("0"), eur("0"))
    assert terms.commitment == eur("447.10")  # 22 of 31 days
    assert (terms.valid_to, terms.valid_to_wish) == (on("2027-03-09"), on("2027-03-31"))


def test_a_yearly_subscription_is_charged_and_paid_back_by_days_of_its_year(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = _yearly(session)
        clock.advance(days=3)
        more = change_of(session, held, "change_quantity", quantity=3)
        back = change_of(session, held, "cancel", mode="now")
        longer = change_of(session, held, "extend", valid_to=on("2027-04-08"))

    assert more.charge_now == eur("362.00")  # 365.00 × 362 / 365
    assert more.every_month == eur("0")
    assert back.refund == eur("724.00")
    assert longer.charge_now == eur("59.84")  # 730.00 × 30 / 366: a leap year begins on 10 March 2027


def _yearly(session: Any) -> Subscription:
    a_catalogue(session, an_offer(plans=(a_plan("P1Y", "annual", EUR="292.00"),)))
    return a_subscription(session, an_account(session), a_line(session, 2))


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"action": "change_quantity"}, "quantity_unchanged", "quantity"),
        ({"action": "change_quantity", "quantity": 20}, "quantity_unchanged", "quantity"),
        ({"action": "change_quantity", "quantity": 0}, "quantity_out_of_range", "quantity"),
        ({"action": "change_quantity", "quantity": 301}, "quantity_out_of_range", "quantity"),
        ({"action": "cancel", "mode": "soon"}, "mode_invalid", "mode"),
        ({"action": "extend"}, "valid_to_missing", "valid_to"),
        ({"action": "extend", "valid_to": on("2027-03-09")}, "valid_to_not_later", "valid_to"),
        ({"action": "extend", "valid_to": on("2032-01-01")}, "end_date_not_allowed", "valid_to"),
        ({"action": "explode"}, "action_invalid", "action"),
    ],
)
def test_nonsense_is_refused_by_its_field(
    databases: Settings, clock: Clock, asked: dict[str, Any], code: str, field: str
) -> None:
    with db.begin() as session:
        held = a_running(session)
        with pytest.raises(DomainError) as no:
            change_of(session, held, **asked)

    assert (no.value.code, no.value.field) == (code, field)


def test_seats_whose_window_has_closed_cannot_go_back_before_renewal(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        clock.advance(days=7)
        with pytest.raises(Refused) as no:
            change_of(session, held, "change_quantity", quantity=19)
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert no.value.code == "seats_not_returnable"
    assert "More can go on 10 March 2027, at renewal." in no.value.detail
    assert view.returnable_quantity == 0
    actions = {action.action: action for action in view.allowed_actions}
    assert actions["change_quantity"].enabled
    assert actions["return_seats"].reason_code == "return_window_closed"
    assert actions["return_seats"].available_from == at("2027-03-10T00:00:00+00:00")


def test_the_least_quantity_stays(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session, policy=Policy(min_quantity=15, max_quantity=300))

        assert queries.get_subscription(session, EVERYBODY, held.id).returnable_quantity == 5
        with pytest.raises(Invalid):
            change_of(session, held, "change_quantity", quantity=14)
        assert change_of(session, held, "change_quantity", quantity=15).to_quantity == 15


@pytest.mark.parametrize(
    ("policy", "dates"),
    [
        (Policy(extend_mode="none", allowed_end_dates=(on("2027-03-31"),)), []),
        (Policy(extend_mode="month_end", allowed_end_dates=(on("2027-02-28"), on("2027-03-31"), on("2027-06-30"))),
         ["2027-03-31", "2027-06-30"]),
        (Policy(extend_mode="month_end"), ["2027-03-31", "2027-04-30"]),
    ],
)  # fmt: skip
def test_end_dates_are_those_the_provider_allows(
    databases: Settings, clock: Clock, policy: Policy, dates: list[str]
) -> None:
    with db.begin() as session:
        held = a_running(session, policy=policy)
        view = queries.get_subscription(session, EVERYBODY, held.id)
        extend = next(action for action in view.allowed_actions if action.action == "extend")
        with pytest.raises(Refused):
            change_of(session, held, "extend", valid_to=on("2027-03-15"))

    assert [str(day) for day in view.allowed_end_dates[:2]] == dates
    assert extend.enabled == bool(dates)


def test_a_free_end_date_may_be_any_day_within_the_longest_term(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)  # at most 36 months from 10 March 2026

        assert change_of(session, held, "extend", valid_to=on("2027-03-15")).valid_to_wish == on("2027-03-15")
        assert change_of(session, held, "extend", valid_to=on("2029-03-09")).valid_to_wish == on("2029-03-09")
        with pytest.raises(Refused):
            change_of(session, held, "extend", valid_to=on("2029-03-10"))


@pytest.mark.parametrize("state", ["pending", "suspended", "canceled", "expired", "failed", "unknown"])
def test_only_what_is_active_can_be_changed(databases: Settings, state: str) -> None:
    with db.begin() as session:
        held = a_running(session)
        held.state = state
        with pytest.raises(Refused) as no:
            change_of(session, held, "change_quantity", quantity=25)
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert no.value.code == "not_active"
    assert {action.reason_code for action in view.allowed_actions} == {"not_active"}
    assert view.allowed_end_dates == ()


def test_before_a_renewal_nothing_can_be_changed(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session, policy=Policy(locked_from=clock.now + timedelta(days=1)))
        change_of(session, held, "change_quantity", quantity=25)
        clock.advance(days=1)
        with pytest.raises(Refused) as no:
            change_of(session, held, "change_quantity", quantity=25)

    assert no.value.code == "locked_before_renewal"


def test_one_change_at_a_time(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        first, second = (change_of(session, held, "change_quantity", quantity=n) for n in (25, 30))
        begin(session, first)
        begin(session, first)
        with pytest.raises(Conflict) as no:
            begin(session, second)
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert no.value.code == "change_in_progress"
    assert view.open_change_id == first.change_id
    assert {action.reason_code for action in view.allowed_actions} == {"change_in_progress"}


def test_a_change_of_what_has_changed_since_is_a_conflict(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "change_quantity", quantity=25)
        with pytest.raises(Conflict) as no:
            begin(session, terms, expected_version=terms.subscription_version - 1)
        begin(session, terms, expected_version=terms.subscription_version)

    assert no.value.code == "version_conflict"


def test_an_applied_change_lets_the_subscription_go(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "change_quantity", quantity=25)
        begin(session, terms)
        now = clock.now
        lots = (Lot(20, now, now + timedelta(days=7)), Lot(5, now + timedelta(hours=1), now + timedelta(days=8)))
        answer = outcome(session, held, quantity=25, lots=lots)
        commands.apply_change(session, change_id=terms.change_id, outcome=answer)
        commands.apply_change(session, change_id=terms.change_id, outcome=replace(answer, quantity=99))
        view = queries.get_subscription(session, EVERYBODY, held.id)
        change = queries.list_changes(session, EVERYBODY, held.id)[0]

    assert (view.quantity, view.open_change_id, view.state) == (25, None, "active")
    assert [(lot.quantity, lot.source) for lot in view.lots] == [
        (5, str(terms.change_id)), (20, "ORD-2026-000001"),
    ]  # fmt: skip
    assert (change.state, change.from_quantity, change.to_quantity) == ("done", 20, 25)


def test_a_cancellation_shows_while_it_runs_and_then_holds(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "cancel", mode="now")
        begin(session, terms)
        assert queries.get_subscription(session, EVERYBODY, held.id).state == "pending_cancellation"
        gone = outcome(session, held, state="canceled", raw_state="canceled", auto_renew=False)
        commands.apply_change(session, change_id=terms.change_id, outcome=gone)

        assert queries.get_subscription(session, EVERYBODY, held.id).state == "canceled"


def test_a_subscription_that_ends_with_its_term_stays_active_and_cannot_be_ended_again(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "cancel", mode="end_of_term")
        begin(session, terms)
        commands.apply_change(session, change_id=terms.change_id, outcome=outcome(session, held, auto_renew=False))
        view = queries.get_subscription(session, EVERYBODY, held.id)
        with pytest.raises(Refused) as no:
            change_of(session, held, "cancel", mode="end_of_term")

    assert (view.state, view.auto_renew) == ("active", False)
    assert no.value.code == "ends_already"


def test_an_abandoned_change_leaves_everything_as_it_was(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        before = queries.get_subscription(session, EVERYBODY, held.id)
        terms = change_of(session, held, "cancel", mode="now")
        commands.abandon_change(session, change_id=terms.change_id)
        begin(session, terms)
        commands.abandon_change(session, change_id=terms.change_id)
        commands.abandon_change(session, change_id=terms.change_id)
        after = queries.get_subscription(session, EVERYBODY, held.id)

    assert replace(after, version=before.version) == before
    assert after.version > before.version


def test_a_look_takes_over_what_was_done_at_the_provider(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        commands.apply_look(session, subscription_id=held.id, look=outcome(session, held, quantity=7))
        told = [row.type for row in session.execute(db.outbox.select().order_by(db.outbox.c.position))]
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert (view.quantity, told[-1]) == (7, "services.SubscriptionChanged")


def test_a_look_that_finds_nothing_new_changes_nothing(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        first = outcome(session, held)
        commands.apply_look(session, subscription_id=held.id, look=first)
        version = held.version
        commands.apply_look(session, subscription_id=held.id, look=first)

        assert held.version == version


def test_a_state_we_do_not_know_is_kept_and_a_lost_subscription_is_unknown(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        look = outcome(session, held, state="unknown", raw_state="quarantined")
        commands.apply_look(session, subscription_id=held.id, look=look)
        strange = queries.list_subscriptions(session, EVERYBODY).items[0]
        commands.apply_look(session, subscription_id=held.id, look=None)
        lost = queries.get_subscription(session, EVERYBODY, held.id)
        commands.apply_look(session, subscription_id=new_id(), look=None)

    assert (strange.state, strange.raw_state) == ("unknown", "quarantined")
    assert (lost.state, lost.raw_state) == ("unknown", "not_found")


def test_a_look_waits_while_a_change_of_ours_is_under_way(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        begin(session, change_of(session, held, "change_quantity", quantity=25))
        commands.apply_look(session, subscription_id=held.id, look=outcome(session, held, quantity=7))

        assert held.quantity == 20


def test_another_customers_subscription_is_not_found(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "change_quantity", quantity=25)

        for query in (queries.get_subscription, queries.list_changes):
            with pytest.raises(NotFound):
                query(session, somebody_else(), held.id)
        with pytest.raises(NotFound):
            queries.change_terms(session, somebody_else(), subscription_id=held.id, action="cancel")
        with pytest.raises(NotFound):
            begin(session, terms, customer_id=new_id())
        assert queries.list_subscriptions(session, somebody_else()).items == []
        assert queries.expiring(session, somebody_else(), within_days=4000) == []
        assert queries.count_by_state(session, somebody_else()) == {}


def test_subscriptions_are_found_by_what_people_know_of_them(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        mine = type(EVERYBODY).customer(held.customer_id)

        def found(**asked: Any) -> int:
            return len(queries.list_subscriptions(session, mine, **asked).items)

        assert found(q="analytics") == found(q="sub-2026-000001") == found(q="TAILSPIN") == found(q=str(held.id)) == 1
        assert found(q="100%") == found(state="canceled") == found(account_id=new_id()) == 0
        assert found(valid_to_before=on("2027-03-09")) == 0
        assert found(valid_to_before=on("2027-03-10")) == 1
        assert queries.count_by_state(session, mine) == {"active": 1}
        assert queries.expiring(session, mine) == []
        clock.advance(days=300)
        assert [row.id for row in queries.expiring(session, mine)] == [held.id]


def test_change_terms_hold_no_purchase_prices(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "change_quantity", quantity=25)

    assert isinstance(terms, ChangeTerms)
    assert "25.2" not in str(terms)
