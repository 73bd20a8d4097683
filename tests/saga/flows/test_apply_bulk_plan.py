"""Many changes are made as one plan: each row once, by itself, on what was shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domains import notifications, services
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Refused
from domains.kernel.messages import acting
from domains.kernel.tenancy import Caller
from domains.notifications.models import Delivery
from domains.services import commands, queries
from domains.services.queries import RowWish
from saga import bulk_rows
from saga.flows.apply_bulk_plan import apply_bulk_plan
from saga.flows.change_quantity import change_quantity
from saga.payloads.bulk_plan import ApplyBulkPlan
from saga.payloads.people import person_of
from tests.factories.services import EVERYBODY

from .seen import changes_of, run_of, subscription_of
from .shop import Shop

pytestmark = pytest.mark.slow


def a_plan(shop: Shop, *rows: tuple[object, str, str]) -> queries.PlanView:
    """A plan that was sent, checked and kept."""
    wishes = [RowWish(str(subscription), action, value) for subscription, action, value in rows]
    with services.db.begin() as session:
        priced = queries.price_rows(session, shop.scope, wishes)
        made_by: Any = person_of(shop.caller)
        known = {"customer_id": shop.customer_id, "reseller_id": None, "made_by": made_by}
        plan = commands.keep_plan(session, plan_id=new_id(), rows=priced, **known)
    return plan_of(plan.id)


def plan_of(plan_id: UUID) -> queries.PlanView:
    with services.db.begin_read() as session:
        return queries.get_plan(session, EVERYBODY, plan_id)


def rows_of(plan_id: UUID) -> list[tuple[str, str | None]]:
    with services.db.begin_read() as session:
        return [(row.state, row.error_code) for row in queries.all_rows(session, EVERYBODY, plan_id)]


def begun(shop: Shop, found: queries.PlanView, caller: Caller | None = None) -> Any:
    """The run of a plan whose first step is done."""
    run = shop.start(apply_bulk_plan, ApplyBulkPlan.of(found.plan, found.plan.signature, caller or shop.caller))
    shop.transport.run_until_quiet()
    return run


def applied(shop: Shop, found: queries.PlanView) -> Any:
    """The run of a plan that was worked off to its end."""
    run = begun(shop, found)
    for _ in range(6):
        bulk_rows.work_off("now")
        shop.carry_on(rounds=2)
    return run_of(run.id)


def test_a_plan_says_for_each_row_and_in_sum_what_it_costs_and_what_cannot_be_made(shop: Shop) -> None:
    one, two = shop.bought(), shop.bought()

    found = a_plan(shop, (one, "change_quantity", "25"), (two, "cancel", "now"), (two, "change_quantity", "30"),
                   ("SUB-2026-999999", "cancel", "now"), (one, "dance", "1"))  # fmt: skip

    states = rows_of(found.id)
    assert [state for state, _ in states] == ["ready", "ready", "invalid", "invalid", "invalid"]
    assert [code for _, code in states[2:]] == ["row_doubled", "subscription_not_found", "action_invalid"]
    (total,) = found.plan.totals
    assert total["currency"] == "EUR"
    assert float(total["charge_now"]["amount"]) > 0 and float(total["refund"]["amount"]) > 0
    assert (found.plan.rows, found.plan.invalid) == (5, 3)


def test_a_row_that_does_not_say_when_to_cancel_cancels_nothing_and_an_id_may_be_written_in_any_way(
    shop: Shop,
) -> None:
    one, two = shop.bought(), shop.bought()

    found = a_plan(shop, (one, "cancel", ""), (two.hex.upper(), "cancel", "end_of_term"))

    assert rows_of(found.id) == [("invalid", "mode_invalid"), ("ready", None)]


def test_each_row_is_made_once_and_one_that_fails_stops_no_other(shop: Shop) -> None:
    one, two, three = shop.bought(), shop.bought(), shop.bought()
    found = a_plan(shop, (one, "change_quantity", "25"), (two, "change_quantity", "24"), (three, "cancel", "now"))
    rival = shop.a_change(change_quantity, two, "change_quantity", quantity=21)
    shop.run(change_quantity, rival)  # changed between what was shown and what is made

    run = applied(shop, found)

    assert run.status == "completed"
    assert rows_of(found.id) == [("done", None), ("conflict", "version_conflict"), ("done", None)]
    assert [subscription_of(id).quantity for id in (one, two)] == [25, 21]
    assert subscription_of(three).state == "canceled"
    assert plan_of(found.id).plan.state == "done"


def test_one_letter_tells_of_the_whole_plan(shop: Shop) -> None:
    found = a_plan(shop, (shop.bought(), "change_quantity", "25"))
    with notifications.db.begin_read() as session:
        before = session.query(Delivery).count()

    applied(shop, found)

    with notifications.db.begin_read() as session:
        rows = session.query(Delivery).order_by(Delivery.id).all()
    assert len(rows) == before + 1
    assert [row.template for row in rows].count("bulk_plan_done") == 1


def test_a_plan_that_is_worked_off_by_two_at_once_makes_each_change_once(shop: Shop) -> None:
    one = shop.bought()
    found = a_plan(shop, (one, "change_quantity", "25"))
    begun(shop, found)

    bulk_rows.work_off("a")
    bulk_rows.work_off("b")
    shop.carry_on(rounds=3)
    bulk_rows.work_off("c")

    assert changes_of(one) == [("change_quantity", "done")]
    assert rows_of(found.id) == [("done", None)]


def test_the_rest_of_a_plan_can_be_cancelled(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [shop.bought() for _ in range(3)]
    found = a_plan(shop, *((id, "change_quantity", "25") for id in ids))
    monkeypatch.setattr(bulk_rows, "AT_ONCE", 1)
    begun(shop, found)
    bulk_rows.work_off("a")

    with services.db.begin() as session:
        commands.cancel_plan(session, scope=shop.scope, plan_id=found.id)
    shop.carry_on(rounds=3)
    bulk_rows.work_off("b")

    assert [state for state, _ in rows_of(found.id)] == ["done", "canceled", "canceled"]
    assert [subscription_of(id).quantity for id in ids] == [25, 20, 20]
    assert plan_of(found.id).plan.state == "done"


def test_another_plan_than_was_shown_and_one_that_was_applied_are_refused(shop: Shop) -> None:
    found = a_plan(shop, (shop.bought(), "change_quantity", "25"))
    with services.db.begin() as session, pytest.raises(Refused, match="not the plan"):
        commands.check_plan(session, found.plan, "x")

    begun(shop, found)
    with services.db.begin() as session, pytest.raises(Conflict):
        commands.check_plan(session, queries.find_plan(session, EVERYBODY, found.id), found.plan.signature)


def test_a_plan_that_was_tampered_with_is_refused(shop: Shop) -> None:
    found = a_plan(shop, (shop.bought(), "change_quantity", "25"))
    with services.db.begin() as session:
        queries.all_rows(session, EVERYBODY, found.id)[0].value = "26"

    with services.db.begin() as session, pytest.raises(Refused) as no:
        commands.check_plan(session, found.plan, found.plan.signature)
    assert no.value.code == "plan_mismatch"


def test_a_plan_does_not_hold_for_ever(shop: Shop) -> None:
    found = a_plan(shop, (shop.bought(), "change_quantity", "25"))
    shop.clock.advance(hours=2)

    with services.db.begin() as session, pytest.raises(Refused) as no:
        commands.check_plan(session, found.plan, found.plan.signature)
    assert (no.value.code, plan_of(found.id).is_expired) == ("plan_expired", True)


def test_what_rows_commit_to_together_is_held_against_the_limit(shop: Shop) -> None:
    one, two = shop.bought(), shop.bought()
    with services.db.begin() as session:
        terms = queries.change_terms(session, shop.scope, subscription_id=one, action="change_quantity", quantity=25)
        known = {"customer_id": shop.customer_id, "reseller_id": None, "role": "buyer"}
        commands.set_approval_limit(session, **known, limit=terms.commitment + terms.commitment - terms.charge_now)
    alone = a_plan(shop, (one, "change_quantity", "25"))
    both = a_plan(shop, (one, "change_quantity", "25"), (two, "change_quantity", "25"))

    with services.db.begin_read() as session:
        asked = [queries.why_ask_for(session, shop.scope, one.plan, "buyer") for one in (alone, both)]
    run = begun(shop, both, replace(shop.caller, roles=("buyer",)))
    assert asked == [(), ("limit",)]
    ended = run_of(run.id)
    assert (ended.status, (ended.error or {}).get("code")) == ("compensated", "approval_needed")


def test_who_applies_a_plan_is_who_made_the_changes(shop: Shop) -> None:
    one = shop.bought()
    found = a_plan(shop, (one, "change_quantity", "25"))
    with acting(actor=shop.caller.actor):
        applied(shop, found)

    with services.db.begin_read() as session:
        (change,) = queries.list_changes(session, EVERYBODY, one)
    assert change.requested_by == shop.caller.actor.name
