"""Where the end of a term meets a change: whatever comes first, a new term is charged once and at its own price."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.kernel.errors import Refused
from domains.services import commands, queries
from domains.services.models import Drift, EndRules, Policy, Subscription
from domains.services.models.adoptions import Confirmed
from domains.services.models.decisions import over_at
from tests.conftest import Clock
from tests.factories.services import BUYER, EVERYBODY, a_running, begin, change_of, outcome

from .test_decisions import OLIVIA, decisions
from .test_decisions import session as session


def test_a_renewal_that_the_answer_to_a_change_shows_first_is_priced_and_charged(
    session: Session, clock: Clock
) -> None:
    held = a_running(session)
    last = held.valid_to
    terms = change_of(session, held, "change_quantity", quantity=25)
    begin(session, terms)
    clock.move_to(over_at(last) + timedelta(hours=2))  # the provider has taken its time, and has renewed meanwhile
    late = outcome(session, held, quantity=25, valid_to=last + timedelta(days=365))
    commands.apply_change(session, change_id=terms.change_id, outcome=late)

    over, runs = decisions(session, held)
    became = commands.apply_renewal(session, subscription_id=held.id, look=late).renewal
    assert (over.outcome, over.term_end, runs.term_end) == ("renewed", last, held.valid_to)
    assert became is not None
    assert (became.quantity, became.first) == (25, last + timedelta(days=1))


def test_an_extension_that_is_answered_after_the_old_last_day_is_no_renewal(session: Session, clock: Clock) -> None:
    held = a_running(session)
    last = held.valid_to
    terms = change_of(session, held, "extend", valid_to=last + timedelta(days=60))
    begin(session, terms)
    clock.move_to(over_at(last) + timedelta(hours=2))
    commands.apply_change(
        session, change_id=terms.change_id, outcome=outcome(session, held, valid_to=terms.valid_to_wish)
    )

    [kept] = decisions(session, held)
    assert (kept.term_end, kept.settled_at) == (held.valid_to, None)


def test_what_has_been_renewed_is_changed_only_once_its_new_price_is_charged(session: Session, clock: Clock) -> None:
    held = a_running(session)
    last = held.valid_to
    clock.advance(days=366)
    look = outcome(session, held, valid_to=last + timedelta(days=365))
    commands.apply_look(session, subscription_id=held.id, look=look)  # found by a hint, before it is followed up

    with pytest.raises(Refused, match="new price is being worked out"):
        change_of(session, held, "change_quantity", quantity=15)
    view = queries.get_subscription(session, EVERYBODY, held.id)
    assert {one.reason_code for one in view.allowed_actions} == {"renewal_in_progress"}
    commands.apply_renewal(session, subscription_id=held.id, look=look)
    assert change_of(session, held, "change_quantity", quantity=15).charge_now.minor < 0
    assert queries.get_subscription(session, EVERYBODY, held.id).version > view.version


def bridged(session: Session, held: Subscription, clock: Clock, last: date) -> str:
    """Let a term end by a bridge of a month; gives the price of a unit then."""
    clock.move_to(over_at(last))
    rules = Policy(end_of_term=EndRules(("bridge", "cancel"), "bridge", "bridge", Decimal(3)))
    look = outcome(session, held, valid_to=last + timedelta(days=30), auto_renew=False, policy=rules, term="P1M",
                   billing_cycle="monthly")  # fmt: skip
    commands.apply_renewal(session, subscription_id=held.id, look=look)
    return str(held.unit_price)


def test_a_bridge_after_a_term_that_followed_a_bridge_has_its_surcharge_too(session: Session, clock: Clock) -> None:
    bridging = Policy(end_of_term=EndRules(("renew", "cancel", "bridge"), "bridge", "bridge", Decimal(3)))
    held = a_running(session, policy=bridging, auto_renew=False)

    assert [bridged(session, held, clock, held.valid_to) for _ in range(2)] == ["EUR 32.45", "EUR 32.45"]
    held.term, held.billing_cycle, held.unit_rate = "P1Y", "annual", Decimal("292.00")  # another plan, its own term
    assert bridged(session, held, clock, held.valid_to) == "EUR 25.06"


def test_what_expires_while_it_is_suspended_does_not_say_that_it_renews(session: Session) -> None:
    held = a_running(session, policy=Policy(suspended_at_end="expires", can_suspend=True))
    commands.decide_here(session, scope=EVERYBODY, subscription_id=held.id, mode="renew", standing=False, by=OLIVIA)
    terms = change_of(session, held, "suspend")
    begin(session, terms)
    paused = outcome(session, held, state="suspended", raw_state="suspended")
    commands.apply_change(session, change_id=terms.change_id, outcome=paused)

    it = queries.get_end_of_term(session, EVERYBODY, held.id)
    assert (it.if_nothing, str(it.nothing_costs), it.mode) == ("cancel", "EUR 0.00", "renew")
    facts = {"change_id": new_id(), "subscription_id": held.id, "customer_id": held.customer_id, "reseller_id": None}
    with pytest.raises(Refused, match="Resume it first"):
        commands.begin_end_of_term(session, **facts, end_mode="renew", requested_by=BUYER)


def test_what_is_adopted_after_the_old_last_day_is_charged_as_an_extension_and_not_as_a_renewal_too(
    session: Session, clock: Clock
) -> None:
    held = a_running(session)
    last = held.valid_to
    ends = change_of(session, held, "cancel", mode="end_of_term")
    begin(session, ends)
    commands.apply_change(session, change_id=ends.change_id, outcome=outcome(session, held, auto_renew=False))
    look = outcome(session, held, valid_to=last + timedelta(days=30))
    commands.apply_look(session, subscription_id=held.id, look=look)
    drift = session.scalars(select(Drift)).one()
    clock.move_to(over_at(last) + timedelta(days=5))

    settling = {"drift_id": drift.id, "settlement_id": new_id()}
    commands.begin_settling(
        session, **settling, customer_id=held.customer_id, decision="adopt", reason=None, settled_by=BUYER
    )
    confirmed = Confirmed(drift.as_seen, look)
    adopted = commands.adopt_drift(session, **settling, confirmed=confirmed, bought=None)
    followed = commands.apply_renewal(session, subscription_id=held.id, look=look)

    [kept] = decisions(session, held)
    assert [one.kind for one in adopted.charges] == ["extend"]
    assert (kept.term_end, kept.settled_at, followed.renewal) == (held.valid_to, None, None)
