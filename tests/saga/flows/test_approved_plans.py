"""Changes of plan, dearer next terms and bulk plans above somebody's limit wait for a yes, as orders do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domains import services
from domains.kernel.database import new_id
from domains.kernel.errors import Refused
from domains.kernel.tenancy import Caller
from domains.services import commands, queries
from domains.services.models import OfferPlan
from domains.services.queries import RowWish
from saga import bulk_rows, interventions, signals
from saga.flows.apply_bulk_plan import applying
from saga.flows.change_plan import change_plan
from saga.flows.schedule_change import schedule_change
from saga.payloads.people import person_of
from tests.factories.services import EVERYBODY

from .seen import changes_of, charges, run_of, subscription_of
from .shop import Shop
from .test_change_plan import offer
from .waiting import approval_of, buyer, change, decide, limit, mail, owner, signed_up


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop, whose buyers may order for 100 euros by themselves; its owner has signed up."""
    signed_up(shop)
    limit(shop, "100.00")
    return shop


def an_upgrade(shop: Shop, subscription_id: UUID) -> tuple[Any, Any]:
    """A buyer's wish for the next edition."""
    return change(shop, change_plan, buyer(shop), subscription_id, "change_plan", offer_id=offer())


def test_a_dearer_plan_waits_and_does_not_hold_the_subscription(shop: Shop) -> None:
    subscription_id = shop.bought()

    run, asked = an_upgrade(shop, subscription_id)

    assert (run.definition_version, run_of(run.id).waiting_for) == (2, "approval")
    assert subscription_of(subscription_id).open_change_id is None
    seen = approval_of(owner(shop), asked.approval.id)
    assert (seen.amount, seen.why, seen.terms["plan"]) == (asked.commitment, ("limit",), "Analytics Pro Plus")
    assert "→ Analytics Pro Plus" in seen.label
    assert mail("approval_requested") == ["owner@northwind.example"]


def test_a_yes_on_a_later_day_changes_the_plan_dated_by_that_day_at_the_agreed_price(shop: Shop) -> None:
    subscription_id = shop.bought()
    run, asked = an_upgrade(shop, subscription_id)
    with services.db.begin() as session:  # dearer in the catalogue by now
        for plan in session.query(OfferPlan).filter_by(offer_id=asked.plan.offer_id):
            plan.purchase_price *= 2
    shop.clock.advance(days=3)

    decide(shop, "approve", owner(shop), asked.approval.id)

    held = subscription_of(subscription_id)
    assert (run_of(run.id).status, held.name) == ("completed", "Analytics Pro Plus")
    assert held.unit_price == asked.plan.unit_price
    back, paid = charges(subscription_id)[-2:]
    assert (back[2], paid[2]) != (-asked.plan.refund, asked.plan.charge)  # by the days of three days later


def test_a_no_to_a_plan_leaves_everything_as_it_was(shop: Shop) -> None:
    subscription_id = shop.bought()
    run, asked = an_upgrade(shop, subscription_id)

    decide(shop, "reject", owner(shop), asked.approval.id, reason="Pro will do")

    ended = run_of(run.id)
    assert (ended.status, (ended.error or {})["code"]) == ("compensated", "approval_rejected")
    assert (changes_of(subscription_id), subscription_of(subscription_id).name) == ([], "Analytics Pro")


def test_nobody_approves_their_own_plan_and_an_old_request_expires(shop: Shop) -> None:
    me, subscription_id = buyer(shop), shop.bought()
    run, asked = change(shop, change_plan, me, subscription_id, "change_plan", offer_id=offer())

    with pytest.raises(Refused) as no:
        decide(shop, "approve", me, asked.approval.id)
    shop.clock.advance(days=15)
    shop.transport.run_until_quiet()

    assert no.value.code == "own_request"
    assert approval_of(owner(shop), asked.approval.id).state == "expired"
    assert run_of(run.id).status == "compensated"


def test_a_plan_left_to_a_colleague_is_changed_by_their_yes(shop: Shop) -> None:
    run, asked = an_upgrade(shop, shop.bought())
    carl = buyer(shop, "Carl Clerk")

    decide(shop, "delegate", owner(shop), asked.approval.id, to="carl@northwind.example")
    decide(shop, "approve", carl, asked.approval.id)

    assert run_of(run.id).status == "completed"


def test_a_dearer_next_term_waits_and_is_planned_once_approved(shop: Shop) -> None:
    subscription_id = shop.bought()
    run, asked = change(shop, schedule_change, buyer(shop), subscription_id, "schedule_change", quantity=60)
    waits, planned = run_of(run.id).waiting_for, subscription_of(subscription_id).next_term
    seen = approval_of(owner(shop), asked.approval.id)

    decide(shop, "approve", owner(shop), asked.approval.id)

    assert (waits, planned) == ("approval", None)
    assert seen.amount == asked.commitment > asked.next_cycle_price
    assert seen.terms["to_quantity"] == 60
    after = subscription_of(subscription_id).next_term
    assert run_of(run.id).status == "completed" and after is not None and after.quantity == 60


def test_a_cheaper_next_term_and_taking_a_plan_back_need_nobody(shop: Shop) -> None:
    subscription_id = shop.bought()
    limit(shop, "0.00")

    for wish in ({"quantity": 5}, {"mode": "remove"}):
        run, _ = change(shop, schedule_change, buyer(shop), subscription_id, "schedule_change", **wish)
        assert (run.definition_version, run_of(run.id).status) == (1, "completed")


# ---- bulk plans


def a_bulk_plan(shop: Shop, *rows: tuple[UUID, str, str], by: Caller | None = None) -> tuple[Any, Any, Any]:
    """A plan as the surfaces make and apply it: the plan, its run and its payload."""
    who = by or buyer(shop)
    with services.db.begin() as session:
        priced = queries.price_rows(session, shop.scope, [RowWish(str(one), *rest) for one, *rest in rows])
        known: dict[str, Any] = {"customer_id": shop.customer_id, "reseller_id": None, "made_by": person_of(who)}
        plan = commands.keep_plan(session, plan_id=new_id(), rows=priced, **known)
        approval = queries.plan_approval(
            session, shop.scope, queries.plan_terms(session, shop.scope, plan.id), plan.id, who
        )
        flow, payload = applying(plan, plan.signature, who, approval)
        plan_id = plan.id
    return plan_id, shop.run(flow, payload), payload


def worked_off(shop: Shop) -> None:
    for _ in range(6):
        bulk_rows.work_off("now")
        shop.carry_on(rounds=2)


def states_of(plan_id: UUID) -> tuple[str, list[tuple[str, str | None]]]:
    with services.db.begin_read() as session:
        plan = queries.get_plan(session, EVERYBODY, plan_id)
        rows = queries.all_rows(session, EVERYBODY, plan_id)
        return plan.plan.state, [(row.state, row.error_code) for row in rows]


@pytest.mark.slow
def test_a_bulk_plan_above_the_limit_waits_as_one_and_its_rows_do_not_ask_again(shop: Shop) -> None:
    one, two = shop.bought(), shop.bought()
    plan_id, run, asked = a_bulk_plan(shop, (one, "change_quantity", "25"), (two, "change_quantity", "26"))
    worked_off(shop)
    waits = (run_of(run.id).waiting_for, states_of(plan_id), subscription_of(one).quantity)
    seen = approval_of(owner(shop), asked.approval.id)
    shop.clock.advance(days=2)

    decide(shop, "approve", owner(shop), asked.approval.id)
    worked_off(shop)

    assert waits == ("approval", ("waiting", [("ready", None)] * 2), 20)
    assert (seen.subject_kind, seen.subject_id, seen.terms["rows"]) == ("bulk_plan", plan_id, 2)
    assert run_of(run.id).status == "completed"
    assert states_of(plan_id) == ("done", [("done", None)] * 2)
    assert [subscription_of(each).quantity for each in (one, two)] == [25, 26]
    assert len(mail("approval_requested")) == 1
    with services.db.begin_read() as session:
        promised = {
            terms.subscription_id: terms.charge_now for terms in queries.plan_terms(session, shop.scope, plan_id)
        }
    assert all(charges(each)[-1][2] != promised[each] for each in (one, two))  # dated by the day of the yes


@pytest.mark.slow
def test_a_bulk_plan_that_is_not_approved_changes_nothing(shop: Shop) -> None:
    one = shop.bought()
    plan_id, run, asked = a_bulk_plan(shop, (one, "change_quantity", "40"))

    decide(shop, "reject", owner(shop), asked.approval.id, reason="Next year")
    worked_off(shop)

    assert run_of(run.id).status == "compensated"
    assert states_of(plan_id) == ("canceled", [("canceled", None)])
    assert subscription_of(one).quantity == 20


@pytest.mark.slow
def test_a_waiting_bulk_plan_can_be_cancelled_from_its_page_or_its_operation(shop: Shop) -> None:
    one = shop.bought()
    plan_id, run, asked = a_bulk_plan(shop, (one, "change_quantity", "40"))
    other_id, other, other_asked = a_bulk_plan(shop, (one, "change_quantity", "41"))

    with services.db.begin() as session:
        found = commands.cancel_plan(session, scope=shop.scope, plan_id=plan_id)
        signals.signal_after(session, found.run_id)
    interventions.intervene(shop.scope, other.id, "cancel", actor=buyer(shop).actor)
    shop.transport.run_until_quiet()

    assert [run_of(each.id).status for each in (run, other)] == ["compensated", "compensated"]
    assert [states_of(each)[0] for each in (plan_id, other_id)] == ["canceled", "canceled"]
    states = [approval_of(owner(shop), each.approval.id).state for each in (asked, other_asked)]
    assert states == ["withdrawn", "withdrawn"]


@pytest.mark.slow
def test_a_row_that_has_become_impossible_while_its_plan_waited_is_refused_and_stops_no_other(shop: Shop) -> None:
    one, two = shop.bought(), shop.bought()
    plan_id, _run, asked = a_bulk_plan(shop, (one, "change_quantity", "40"), (two, "cancel", "now"))
    shop.clock.advance(days=10)  # the window in which it could be cancelled is over

    decide(shop, "approve", owner(shop), asked.approval.id)
    worked_off(shop)

    state, rows = states_of(plan_id)
    assert (state, rows[0]) == ("done", ("done", None))
    assert rows[1][0] == "refused" and rows[1][1]
    assert subscription_of(two).state == "active"


@pytest.mark.slow
def test_a_bulk_plan_holds_as_shown_until_it_is_applied_and_then_as_long_as_the_approval(shop: Shop) -> None:
    one = shop.bought()
    plan_id, _run, asked = a_bulk_plan(shop, (one, "change_quantity", "40"))

    seen = approval_of(owner(shop), asked.approval.id)

    with services.db.begin_read() as session:
        plan = queries.find_plan(session, shop.scope, plan_id)
        assert seen.expires_at - seen.requested_at == timedelta(days=14) > plan.expires_at - plan.created_at
        assert not queries.get_plan(session, shop.scope, plan_id).is_expired
