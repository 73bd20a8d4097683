"""An order goes to the real sandbox once, whatever happens on the way, and its answer is the provider's."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from domains.kernel.database import new_id
from domains.kernel.errors import DomainError, NotNow, Pending, Refused
from domains.kernel.money import Money
from domains.services import commands, db, exchanges, queries
from domains.services.models import AccountRef, ProviderOperation
from domains.services.pricing import OrderTerms
from domains.services.providers import UnknownOutcome
from tests.conftest import Clock
from tests.factories.services import BUYER, EVERYBODY, a_line, ask, place, terms_of
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.slow


def a_customer(**but: Any) -> AccountRef:
    """An active account that the sandbox knows too, with the sandbox's catalogue before it."""
    exchanges.sync_catalogue()
    account_id = new_id()
    facts: dict[str, Any] = {
        "account_id": account_id, "customer_id": new_id(), "reseller_id": None, "name": "Head office",
        "currency": "EUR", "country": "NL", "region": "eu", "time_zone": "UTC", "price_book": "Standard 2026",
    } | but  # fmt: skip
    with db.begin() as session:
        commands.register_account(session, **facts)
    ask(exchanges.link_ccp_user, account_id=account_id, name="Head office", country="NL", region="eu", contact=BUYER)
    with db.begin() as session:
        commands.activate_account_ref(session, account_id=account_id)
        return session.get_one(AccountRef, account_id)


def an_order(*lines: tuple[int, str]) -> OrderTerms:
    """An order that is drafted and not sent yet: 20 seats of Analytics Pro unless lines say otherwise."""
    account = a_customer()
    with db.begin() as session:
        wishes = [a_line(session, *line) for line in lines or [(20, "tailspin-analytics-pro")]]
        terms = terms_of(session, account, *wishes)
        place(session, terms)
    return terms


def send(terms: OrderTerms, operation_id: Any = None, **how: Any) -> Any:
    operation = operation_id or new_id()
    return ask(exchanges.send_order, order_id=terms.order_id, provider_operation_id=operation, **how)


def seen(terms: OrderTerms) -> queries.OrderView:
    with db.begin_read() as session:
        return queries.get_order(session, EVERYBODY, terms.order_id)


def test_an_order_is_delivered_with_lots_windows_and_end_dates(sandbox: Sandbox, clock: Clock) -> None:
    clock.move_to(sandbox.now)
    terms = an_order()
    answer = send(terms)
    with db.begin() as session:
        commands.activate_order(session, order_id=terms.order_id, accepted=answer.accepted, rejected=answer.rejected)
        held = queries.get_subscription(session, EVERYBODY, terms.lines[0].subscription_id)

    assert answer.accepted_total == Money.of("630.00", "EUR")
    assert (held.state, held.quantity, held.valid_to) == ("active", 20, terms.lines[0].valid_to)
    assert held.returnable_quantity == 19  # the least quantity stays
    assert held.provider_subscription_id is not None
    assert held.provider_subscription_id.startswith("CS-")
    assert len(held.allowed_end_dates) > 3
    assert {action.action for action in held.allowed_actions if action.enabled} == {
        "change_quantity", "return_seats", "cancel", "cancel_at_end_of_term", "extend", "suspend", "change_plan",
        "schedule_change",
    }  # fmt: skip
    assert seen(terms).provider_order_id == sandbox.orders(terms.order_id)[0]["id"]


def test_while_the_provider_works_we_wait_and_ask_as_often_as_it_wants(sandbox: Sandbox) -> None:
    sandbox.control("PUT", "settings", order_seconds=30)
    terms, operation = an_order(), new_id()

    with pytest.raises(Pending) as pending:
        send(terms, operation)
    assert (pending.value.waiting_for, pending.value.retry_after) == ("provider", 1)
    assert seen(terms).state == "at_provider"
    sandbox.control("POST", "clock/advance", seconds=30)
    answer = send(terms, operation, asked_before=True)

    assert len(answer.accepted) == 1
    assert len(sandbox.orders(terms.order_id)) == 1
    with db.begin_read() as session:
        noted = session.scalars(select(ProviderOperation)).one()
        assert (noted.id, noted.state, noted.tries) == (operation, "done", 2)


def test_silence_after_the_order_was_placed_is_looked_up_and_never_ordered_twice(sandbox: Sandbox) -> None:
    terms, operation = an_order(), new_id()
    sandbox.fault("place_order", "timeout_after_applying", seconds=5)

    with pytest.raises(UnknownOutcome):
        send(terms, operation)
    answer = send(terms, operation, asked_before=True)

    assert len(answer.accepted) == 1
    assert [order["status"] for order in sandbox.orders(terms.order_id)] == ["completed"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error_after_applying"},
        {"kind": "duplicate_answer"},
        {"kind": "error", "status": 500},
        {"kind": "error", "status": 503},
        {"kind": "throttle"},
        {"kind": "timeout_after_applying", "seconds": 0},
    ],
)
def test_a_call_that_went_wrong_is_asked_again_under_the_same_id_and_orders_once(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    terms, operation = an_order(), new_id()
    sandbox.fault("place_order", count=1, **fault)

    with pytest.raises(NotNow):
        send(terms, operation)
    answer = send(terms, operation, asked_before=True)

    assert len(answer.accepted) == 1
    assert len(sandbox.orders(terms.order_id)) == 1


def test_even_a_second_call_that_overtook_the_look_up_orders_once(sandbox: Sandbox) -> None:
    terms, operation = an_order(), new_id()

    first, second = send(terms, operation), send(terms, operation)

    assert first == second
    assert len(sandbox.orders(terms.order_id)) == 1


def test_a_look_up_that_fails_orders_nothing(sandbox: Sandbox) -> None:
    terms = an_order()
    sandbox.fault("find_order", "error", status=500)

    with pytest.raises(NotNow):
        send(terms, asked_before=True)
    sandbox.control("DELETE", "faults")
    assert sandbox.orders(terms.order_id) == []


def test_a_refused_order_leaves_everything_as_it_was_and_keeps_the_reason(sandbox: Sandbox) -> None:
    terms = an_order()
    sandbox.fault("place_order", "reject", code="capacity_exceeded")

    with pytest.raises(Refused) as no:
        send(terms)
    with db.begin() as session:
        commands.discard_order(session, order_id=terms.order_id)
        states = queries.count_by_state(session, EVERYBODY)
        noted = session.scalars(select(ProviderOperation)).one()
    order = seen(terms)

    assert no.value.code == "capacity_exceeded"
    assert order.state == "rejected"
    assert order.error == {"code": "capacity_exceeded", "detail": no.value.detail}
    assert "capacity left" in no.value.detail
    assert (states, noted.state, noted.error_code) == ({"failed": 1}, "refused", "capacity_exceeded")
    assert sandbox.orders(terms.order_id) == []


def test_the_providers_own_words_are_kept_for_a_reason_we_do_not_know(sandbox: Sandbox) -> None:
    terms = an_order()
    sandbox.fault("place_order", "reject", code="moon_phase", message="The moon is wrong.")

    with pytest.raises(Refused) as no:
        send(terms)

    assert (no.value.code, no.value.detail) == ("moon_phase", "The provider said no: “The moon is wrong.”")


def test_of_a_partial_delivery_the_accepted_lines_count(sandbox: Sandbox) -> None:
    terms = an_order((20, "tailspin-analytics-pro"), (2, "tailspin-data-connector"))
    sandbox.fault("place_order", "partial", code="capacity_exceeded")

    answer = send(terms)
    with db.begin() as session:
        commands.activate_order(session, order_id=terms.order_id, accepted=answer.accepted, rejected=answer.rejected)
    order = seen(terms)

    assert [line.subscription_id for line in answer.accepted] == [terms.lines[0].subscription_id]
    assert [(line.subscription_id, line.code) for line in answer.rejected] == [
        (terms.lines[1].subscription_id, "capacity_exceeded")
    ]
    assert answer.accepted_total == Money.of("630.00", "EUR")
    assert (order.state, [line.state for line in order.lines]) == ("partially_completed", ["accepted", "rejected"])


def test_an_add_on_in_the_same_order_names_its_parent(sandbox: Sandbox) -> None:
    terms = an_order((20, "tailspin-analytics-pro"), (2, "tailspin-data-connector"))
    answer = send(terms)

    add_on = sandbox.get(f"subscriptions/{answer.accepted[1].provider_subscription_id}")
    assert add_on["parent_subscription_id"] == str(terms.lines[0].subscription_id)


def test_a_provider_that_cannot_be_reached_has_done_nothing(sandbox: Sandbox) -> None:
    terms = an_order()
    account = seen(terms).account_id
    sandbox.fault("*", "error", status=503)

    with pytest.raises(NotNow) as later:
        send(terms)

    assert not isinstance(later.value, UnknownOutcome)
    assert later.value.retry_after == 1
    assert account == terms.account_id
    assert not isinstance(later.value, DomainError)


def test_an_order_that_was_withdrawn_at_the_provider_is_a_clear_no(sandbox: Sandbox) -> None:
    sandbox.control("PUT", "settings", order_seconds=60)
    terms, operation = an_order(), new_id()
    with pytest.raises(Pending):
        send(terms, operation)
    sandbox.post(f"orders/{sandbox.orders(terms.order_id)[0]['id']}/cancel")

    with pytest.raises(Refused) as no:
        send(terms, operation, asked_before=True)

    assert no.value.code == "canceled"
