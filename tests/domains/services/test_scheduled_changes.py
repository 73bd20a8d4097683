"""What is planned for a next term: kept, shown, replaced, and deleted only by what has said so before."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domains.kernel.config import Settings
from domains.kernel.errors import DomainError, NotFound, Refused
from domains.kernel.money import Money
from domains.services import commands, db, queries
from domains.services.pricing import NextTerm, ScheduleTerms
from tests.conftest import Clock
from tests.factories.plans import PLUS, a_flexible, begin_any, made, offer_id
from tests.factories.services import EVERYBODY, at, change_of, on, outcome, somebody_else

START = at("2026-03-10T09:00:00+00:00")


def test_what_is_planned_is_kept_shown_and_deleted_where_the_provider_says_so(
    databases: Settings, clock: Clock
) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        planned = change_of(session, held, "schedule_change", quantity=12, offer_id=offer_id(session), term="P3Y")
        assert isinstance(planned, ScheduleTerms)
        made(session, held, planned)
        shown = queries.get_subscription(session, EVERYBODY, held.id)
        more = change_of(session, held, "change_quantity", quantity=25)
        again = change_of(session, held, "schedule_change", quantity=15)
        made(session, held, more)
        after = queries.get_subscription(session, EVERYBODY, held.id)
        kept = queries.list_changes(session, EVERYBODY, held.id)[0].wish

    assert (planned.charge_now, planned.effective_on) == (Money.zero("EUR"), on("2027-03-10"))
    assert planned.next_cycle_price == Money.of("6205.20", "EUR")  # 12 × 517.10 a year
    assert shown.next_term == planned.next_term and shown.next_term is not None
    assert (shown.next_term.quantity, shown.next_term.name, shown.quantity) == (12, "Analytics Pro Plus", 20)
    assert more.deletes_scheduled == ("Analytics Pro Plus, 12 units, P3Y, annual from 2027-03-10",)
    assert again.deletes_scheduled == ()
    assert after.next_term is None and kept["deletes"]["quantity"] == 12


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({}, "nothing_planned"), ({"quantity": 20}, "nothing_planned"), ({"quantity": 0}, "quantity_out_of_range"),
        ({"quantity": 301}, "quantity_out_of_range"), ({"term": "P9Y"}, "plan_not_offered"),
        ({"mode": "remove"}, "nothing_scheduled"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_said(databases: Settings, wish: dict[str, Any], code: str) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        with pytest.raises(DomainError) as no:
            change_of(session, held, "schedule_change", **wish)

    assert no.value.code == code


def test_what_does_not_renew_has_no_next_term(databases: Settings) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        held.auto_renew = False
        session.flush()
        with pytest.raises(Refused) as no:
            change_of(session, held, "schedule_change", quantity=12)
        found = queries.planning_of(session, EVERYBODY, held.id)

    assert no.value.code == "needs_auto_renew"
    assert (found.plans, found.begins_on, found.allowed.enabled) == ((), None, False)


ACTS = ("plan", "remove", "more", "suspend", "resume", "longer")


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 300)), max_size=7))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_preview_says_what_it_deletes_and_nothing_else_goes(databases: Settings, clock: Clock, acts: Any) -> None:
    clock.move_to(START)
    with db.begin() as session:
        held = a_flexible(session)
        planned: NextTerm | None = None
        for act, size in acts:
            action, wish = {
                "plan": ("schedule_change", {"quantity": size}), "remove": ("schedule_change", {"mode": "remove"}),
                "more": ("change_quantity", {"quantity": size}), "suspend": ("suspend", {}), "resume": ("resume", {}),
                "longer": ("extend", {"valid_to": held.valid_to + timedelta(days=size)}),
            }[act]  # fmt: skip
            try:
                terms = change_of(session, held, action, **wish)
            except DomainError:
                continue
            assert bool(terms.deletes_scheduled) == (planned is not None and action in held.allowed.deletes_scheduled)
            made(session, held, terms)
            if isinstance(terms, ScheduleTerms):
                planned = terms.next_term
            planned = None if terms.deletes_scheduled else planned
            assert held.planned == planned


def test_another_customers_plans_are_not_there(databases: Settings) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        for ask in (queries.planning_of, queries.plan_offers, queries.get_subscription):
            with pytest.raises(NotFound):
                ask(session, somebody_else(), held.id)
        assert queries.list_addons(session, somebody_else(), held.id) == []


def test_a_change_that_is_begun_twice_is_one(databases: Settings) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        terms = change_of(session, held, "schedule_change", quantity=12)
        begin_any(session, terms)
        begin_any(session, terms)
        commands.abandon_change(session, change_id=terms.change_id)
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert (view.open_change_id, view.next_term, view.state) == (None, None, "active")


def test_a_renewal_that_carries_out_what_was_planned_is_followed_at_todays_price(
    databases: Settings, clock: Clock
) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        plus = offer_id(session)
        made(session, held, change_of(session, held, "schedule_change", quantity=12, offer_id=plus))
        clock.move_to(at("2027-03-10T03:00:00+00:00"))
        look = outcome(session, held, quantity=12, valid_from=on("2027-03-10"), valid_to=on("2028-03-09"),
                       provider_offer_id=PLUS, term="P1Y", billing_cycle="monthly", provider_version=9)  # fmt: skip
        commands.apply_look(session, subscription_id=held.id, look=look)
        commands.apply_look(session, subscription_id=held.id, look=look)
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert (view.name, view.offer_id, view.quantity, view.next_term) == ("Analytics Pro Plus", plus, 12, None)
    assert (view.unit_price.amount, view.valid_to) == (Decimal("50.40"), on("2028-03-09"))
    assert held.earlier_plans == [
        {"until": "2027-03-09", "first": "2026-03-10", "billing_cycle": "monthly", "changed": "no"}
    ]  # fmt: skip


def test_another_plan_that_nobody_has_planned_is_drift_and_stays_as_it_is(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        look = outcome(session, held, valid_to=on("2028-03-09"), provider_offer_id=PLUS, term="P1Y",
                       billing_cycle="monthly", provider_version=9)  # fmt: skip
        commands.apply_look(session, subscription_id=held.id, look=look)
        view = queries.get_subscription(session, EVERYBODY, held.id)

        drift = queries.list_drift(session, EVERYBODY).items

    assert (view.name, view.valid_to, len(drift)) == ("Analytics Pro", on("2027-03-09"), 1)
