"""No dead button: what a subscription says may be done is accepted, the rest refused in the same words."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Invalid, Refused
from domains.services import db, queries
from domains.services.models import Subscription
from domains.services.models.actions import RULES
from domains.services.models.subscriptions import STATES
from tests.conftest import Clock
from tests.factories.plans import a_flexible
from tests.factories.services import EVERYBODY, a_line, a_subscription, an_account, change_of

ALLOWANCES: dict[str, dict[str, Any]] = {
    "all": {}, "none": {"can_increase": False, "cancelable_until": None, "cancel_at_end_allowed": False,
                        "extend_mode": "none", "can_suspend": False, "can_schedule": False, "transitions": ()},
    "resumable": {"can_resume": True}, "at its most": {"max_quantity": 20}, "at its least": {"min_quantity": 20},
}  # fmt: skip


def wish_for(name: str, held: Subscription, view: queries.SubscriptionView) -> tuple[str, dict[str, Any]]:
    """The change behind an allowed action, as somebody would ask for it: (action, wish)."""
    most = view.max_quantity or 10_000
    more = held.quantity + 1 if held.quantity < most and held.allowed.can_increase else None
    fewer = held.quantity - max(view.returnable_quantity, 1)
    ends = view.allowed_end_dates
    wishes: dict[str, tuple[str, dict[str, Any]]] = {
        "change_quantity": ("change_quantity", {"quantity": more or fewer}),
        "return_seats": ("change_quantity", {"quantity": fewer}),
        "cancel": ("cancel", {"mode": "now"}), "cancel_at_end_of_term": ("cancel", {"mode": "end_of_term"}),
        "extend": ("extend", {"valid_to": ends[0] if ends else held.valid_to + timedelta(days=30)}),
        "change_plan": ("change_plan", {"term": "P3Y"}), "schedule_change": ("schedule_change", {"quantity": 21}),
    }  # fmt: skip
    return wishes.get(name, (name, {}))


def check_all(session: Session, held: Subscription) -> set[tuple[str, str | None]]:
    """Ask for everything; gives (action, reason code) of each."""
    view = queries.get_subscription(session, EVERYBODY, held.id)
    for action in view.allowed_actions:
        asked, wish = wish_for(action.action, held, view)
        if action.enabled:
            assert change_of(session, held, asked, **wish).subscription_id == held.id
            assert (action.reason, action.reason_code, action.available_from) == (None, None, None)
            continue
        assert action.reason and action.reason_code
        if action.action == "return_seats" and view.quantity == view.min_quantity and view.state == "active":
            with pytest.raises(Invalid, match=r"20 to"):  # fewer than there may ever be
                change_of(session, held, asked, **wish)
            continue
        preview = queries.change_preview(session, EVERYBODY, subscription_id=held.id, action=asked, **wish)
        assert not preview.allowed and preview.reason and preview.reason_code, action
        if action.action not in ("change_quantity", "return_seats"):  # a quantity has reasons of its own
            assert (preview.reason_code, str(preview.reason)) == (action.reason_code, str(action.reason))
            assert preview.available_from == action.available_from
    return {(action.action, action.reason_code) for action in view.allowed_actions}


@pytest.mark.parametrize(("state", "allows"), list(itertools.product(STATES, ALLOWANCES)))
def test_what_is_offered_is_accepted_and_what_is_not_says_why_and_from_when(
    databases: Settings, clock: Clock, state: str, allows: str
) -> None:
    with db.begin() as session:
        held = a_flexible(session, **ALLOWANCES[allows])
        held.state = state
        for renews, days in itertools.product((True, False), (0, 8)):
            held.auto_renew = renews
            clock.advance(days=days)
            found = check_all(session, held)
            assert {name for name, _ in found} == set(RULES)


def test_under_a_change_and_under_the_lock_everything_says_so(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_flexible(session, locked_from=clock.now + timedelta(days=1))
        free = check_all(session, held)
        clock.advance(days=1)
        locked = check_all(session, held)
        view = queries.get_subscription(session, EVERYBODY, held.id)
        held.open_change_id = new_id()
        busy = check_all(session, held)

    assert {code for _, code in locked} == {"locked_before_renewal"}
    assert {str(one.available_from) for one in view.allowed_actions} == {"2027-03-10 00:00:00+00:00"}
    assert {code for _, code in busy} == {"change_in_progress"}
    assert ("resume", "not_suspended") in free and ("suspend", None) in free


def test_a_suspended_one_can_be_resumed_or_cancelled_in_its_window_and_nothing_else(
    databases: Settings, clock: Clock
) -> None:
    with db.begin() as session:
        held = a_flexible(session, can_resume=True)
        held.state = "suspended"
        open_ = check_all(session, held)
        clock.advance(days=8)
        late = check_all(session, held)

    assert {name for name, code in open_ if code is None} == {"resume", "cancel", "cancel_at_end_of_term"}
    assert {name for name, code in late if code is None} == {"resume", "cancel_at_end_of_term"}
    assert ("extend", "suspended") in open_


def test_what_is_locked_or_busy_is_a_clear_no_to_who_asks(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        held.open_change_id = new_id()
        with pytest.raises(Conflict):
            change_of(session, held, "suspend")
        held.open_change_id, held.state = None, "canceled"
        with pytest.raises(Refused, match="cancelled"):
            change_of(session, held, "resume")


def test_while_add_ons_run_the_main_one_is_not_cancelled_where_the_provider_says_so(databases: Settings) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        account = an_account(session, customer_id=held.customer_id)
        addon = a_subscription(session, account, a_line(session, 1, term="P1Y", billing_cycle="monthly"))
        addon.parent_subscription_id = held.id
        session.flush()
        blocked = check_all(session, held)
        listed = queries.list_addons(session, EVERYBODY, held.id)
        addon.state = "canceled"
        session.flush()
        free = check_all(session, held)

    assert ("cancel", "addons_running") in blocked and ("cancel", None) in free
    assert [one.id for one in listed] == [addon.id]


def test_a_provider_that_says_nothing_of_these_acts_offers_none_of_them(databases: Settings) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        held.policy = {"can_increase": True, "unheard_of": {"x": 1}}
        session.flush()
        found = dict(check_all(session, held))

    assert {found[name] for name in ("suspend", "change_plan", "schedule_change")} == {"not_offered"}
