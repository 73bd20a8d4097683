"""What a change costs or gives back, and what is refused with what is possible instead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domains.kernel.config import Settings
from domains.kernel.errors import DomainError, Invalid, Refused
from domains.kernel.money import Money
from domains.services import db, queries
from domains.services.models import AccountRef, Policy, Subscription
from domains.services.pricing import FOREVER
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
    on,
)

LATER = on("2099-12-31")


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


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


def test_what_is_billed_by_the_month_and_never_ends_commits_to_nothing(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        held.valid_to = FOREVER  # the provider names no last day
        more = change_of(session, held, "change_quantity", quantity=30)

    assert more.charge_now == eur("223.55")  # 10 × 31.50 × 22 / 31
    assert more.commitment == more.charge_now


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
    assert [one.reserve for one in (more, back, longer)] == [eur("365.00"), eur("0"), eur("59.84")]


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


@pytest.mark.parametrize("state", ["pending", "canceled", "expired", "failed", "unknown"])
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


def test_an_account_that_is_not_active_buys_no_more_but_may_cancel(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        session.get_one(AccountRef, held.account_id).status = "suspended"
        for wish in ({"action": "change_quantity", "quantity": 21}, {"action": "extend", "valid_to": on("2027-03-31")}):
            with pytest.raises(Refused) as no:
                change_of(session, held, **wish)
            assert no.value.code == "account_not_active"

        assert change_of(session, held, "change_quantity", quantity=19).to_quantity == 19
        begin(session, change_of(session, held, "cancel", mode="now"))


def test_what_never_ends_cannot_be_extended(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(kind="perpetual", plans=(a_plan("one_time", "one_time", EUR="400.00"),)))
        held = a_subscription(session, an_account(session), a_line(session, 1))
        view = queries.get_subscription(session, EVERYBODY, held.id)
        with pytest.raises(Refused):
            change_of(session, held, "extend", valid_to=LATER)
        back = change_of(session, held, "cancel", mode="now")

    assert (view.valid_to, view.allowed_end_dates) == (None, ())
    assert back.refund == eur("500.00")
