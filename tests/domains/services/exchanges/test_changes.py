"""A change goes to the real sandbox once, and only if the customer has seen how things stand there."""

from __future__ import annotations

from typing import Any

import pytest

from domains.kernel.database import new_id
from domains.kernel.errors import NotFound, NotNow, Pending, Refused
from domains.services import commands, db, exchanges, queries
from domains.services.pricing import ChangeTerms
from domains.services.providers import UnknownOutcome
from tests.domains.services.exchanges.test_orders import an_order, send
from tests.factories.services import EVERYBODY, ask, begin
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.slow


def a_running() -> queries.SubscriptionView:
    """20 seats of Analytics Pro, ordered and delivered."""
    terms = an_order()
    answer = send(terms)
    with db.begin() as session:
        commands.activate_order(session, order_id=terms.order_id, accepted=answer.accepted, rejected=answer.rejected)
        return queries.get_subscription(session, EVERYBODY, terms.lines[0].subscription_id)


def a_begun(held: queries.SubscriptionView, action: str, **wish: Any) -> ChangeTerms:
    with db.begin() as session:
        terms = queries.change_terms(session, EVERYBODY, subscription_id=held.id, action=action, **wish)
        begin(session, terms)
    return terms


def send_change(terms: ChangeTerms, operation_id: Any = None, **how: Any) -> Any:
    operation = operation_id or new_id()
    return ask(exchanges.send_change, change_id=terms.change_id, provider_operation_id=operation, **how)


def changed(held: queries.SubscriptionView, action: str, **wish: Any) -> queries.SubscriptionView:
    """How a subscription stands here after a whole change."""
    terms = a_begun(held, action, **wish)
    answer = send_change(terms)
    with db.begin() as session:
        commands.apply_change(session, change_id=terms.change_id, outcome=answer.outcome)
    return seen(held)


def look(held: queries.SubscriptionView) -> None:
    """Look at the provider and take over what is there."""
    found = ask(exchanges.look_at_subscription, subscription_id=held.id).look
    with db.begin() as session:
        commands.apply_look(session, subscription_id=held.id, look=found)


def seen(held: queries.SubscriptionView) -> queries.SubscriptionView:
    with db.begin_read() as session:
        return queries.get_subscription(session, EVERYBODY, held.id)


def test_seats_come_and_the_newest_go_back_first(sandbox: Sandbox) -> None:
    held = a_running()

    more = changed(held, "change_quantity", quantity=25)
    fewer = changed(held, "change_quantity", quantity=22)

    assert [lot.quantity for lot in more.lots] == [5, 20]
    assert [lot.quantity for lot in fewer.lots] == [2, 20]
    assert str(fewer.lots[1].source).startswith("ORD-")
    assert sandbox.get(f"subscriptions/{held.provider_subscription_id}")["quantity"] == 22


def test_a_cancellation_now_ends_it_there_and_here(sandbox: Sandbox) -> None:
    held = a_running()

    ended = changed(held, "cancel", mode="now")

    assert (ended.state, ended.auto_renew) == ("canceled", False)
    assert not any(action.enabled for action in ended.allowed_actions)
    assert sandbox.get(f"subscriptions/{held.provider_subscription_id}")["status"] == "canceled"


def test_a_cancellation_at_the_end_of_term_only_stops_the_renewal(sandbox: Sandbox) -> None:
    ended = changed(a_running(), "cancel", mode="end_of_term")

    assert (ended.state, ended.auto_renew) == ("active", False)


def test_an_extension_moves_the_last_day_to_one_that_is_allowed(sandbox: Sandbox) -> None:
    held = a_running()
    day = held.allowed_end_dates[1]

    longer = changed(held, "extend", valid_to=day)

    assert longer.valid_to == day
    assert day not in longer.allowed_end_dates
    assert longer.allowed_end_dates


def test_silence_after_the_change_was_made_is_looked_up_and_never_made_twice(sandbox: Sandbox) -> None:
    held = a_running()
    terms, operation = a_begun(held, "change_quantity", quantity=25), new_id()
    sandbox.fault("change", "timeout_after_applying", seconds=5)

    with pytest.raises(UnknownOutcome):
        send_change(terms, operation)
    answer = send_change(terms, operation, asked_before=True)

    assert answer.outcome.quantity == 25
    assert [lot.quantity for lot in sorted(answer.outcome.lots, key=lambda lot: lot.quantity)] == [5, 20]
    assert len(sandbox.get("changes", reference=str(terms.change_id))["items"]) == 1


@pytest.mark.parametrize(
    "fault", [{"kind": "error", "status": 500}, {"kind": "throttle"}, {"kind": "duplicate_answer"}]
)
def test_a_call_that_went_wrong_is_asked_again_and_changes_once(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    terms, operation = a_begun(a_running(), "change_quantity", quantity=25), new_id()
    sandbox.fault("change", count=1, **fault)

    with pytest.raises(NotNow):
        send_change(terms, operation)

    assert send_change(terms, operation, asked_before=True).outcome.quantity == 25


def test_while_the_provider_works_we_wait(sandbox: Sandbox) -> None:
    held = a_running()
    sandbox.control("PUT", "settings", change_seconds=30)
    terms, operation = a_begun(held, "change_quantity", quantity=25), new_id()

    with pytest.raises(Pending):
        send_change(terms, operation)
    sandbox.control("POST", "clock/advance", seconds=30)

    assert send_change(terms, operation, asked_before=True).outcome.quantity == 25


def test_somebody_elses_open_change_comes_first(sandbox: Sandbox) -> None:
    held = a_running()
    sandbox.control("PUT", "settings", change_seconds=60)
    first = a_begun(held, "change_quantity", quantity=25)
    with pytest.raises(Pending):
        send_change(first)
    with db.begin() as session:  # as if it had been made directly at the provider
        commands.abandon_change(session, change_id=first.change_id)
        commands.apply_look(session, subscription_id=held.id, look=None)
        row = queries.subscriptions.find(session, EVERYBODY, held.id)
        row.state, row.quantity = "active", 25

    second = a_begun(held, "change_quantity", quantity=30)
    with pytest.raises(Pending) as busy:
        send_change(second)

    assert busy.value.waiting_for == "provider"


def test_what_was_changed_directly_at_the_provider_is_not_overwritten_but_left_to_a_person(sandbox: Sandbox) -> None:
    held = a_running()
    terms = a_begun(held, "change_quantity", quantity=25)
    sandbox.control("POST", "direct", kind="change_quantity", subscription_id=held.provider_subscription_id, quantity=7)

    with pytest.raises(Refused) as no:
        send_change(terms)
    with db.begin() as session:
        commands.abandon_change(session, change_id=terms.change_id)
        change = queries.list_changes(session, EVERYBODY, held.id)[0]
    now = seen(held)

    assert no.value.code == "changed_at_provider"
    assert (now.quantity, now.state, now.open_change_id) == (20, "active", None)
    assert differing(held) == [("quantity", "7")]
    assert (change.state, change.error_code) == ("refused", "changed_at_provider")
    assert sandbox.get(f"subscriptions/{held.provider_subscription_id}")["quantity"] == 7


def test_a_refused_change_leaves_everything_as_it_was_and_keeps_the_reason(sandbox: Sandbox) -> None:
    held = a_running()
    terms = a_begun(held, "cancel", mode="now")
    sandbox.fault("change", "reject", code="not_allowed_now")

    with pytest.raises(Refused) as no:
        send_change(terms)
    with db.begin() as session:
        commands.abandon_change(session, change_id=terms.change_id)
        change = queries.list_changes(session, EVERYBODY, held.id)[0]

    assert (seen(held).state, seen(held).quantity) == ("active", 20)
    assert (change.state, change.error_code, change.error_detail) == ("refused", "not_allowed_now", no.value.detail)


def differing(held: queries.SubscriptionView) -> list[tuple[str, str | None]]:
    """The facts that stand otherwise at the provider, and wait for a decision."""
    with db.begin_read() as session:
        (found,) = queries.list_drift(session, EVERYBODY, subscription_id=held.id, state="open").items
    return [(one.field, one.theirs) for one in found.differences]


def test_a_look_finds_what_was_done_directly(sandbox: Sandbox) -> None:
    held = a_running()
    direct = {"subscription_id": held.provider_subscription_id}
    sandbox.control("POST", "direct", kind="change_quantity", quantity=23, **direct)

    look(held)
    grown = differing(held)
    sandbox.control("POST", "direct", kind="suspend", **direct)
    look(held)
    suspended = differing(held)
    sandbox.control("POST", "direct", kind="set_status", status="quarantined", **direct)
    look(held)
    strange = differing(held)

    assert grown == [("quantity", "23")]
    assert suspended == [("state", "suspended"), ("quantity", "23")]
    assert strange == [("state", "unknown:quarantined"), ("quantity", "23")]
    assert (seen(held).quantity, seen(held).state) == (20, "active")


def test_a_look_at_what_was_never_delivered_is_refused(sandbox: Sandbox) -> None:
    terms = an_order()
    with pytest.raises(NotFound):
        ask(exchanges.look_at_subscription, subscription_id=terms.lines[0].subscription_id)
