"""What one step of a saga gives, the next one takes, though only JSON travels between them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from domains.kernel.database import new_id
from domains.services import commands, db, exchanges, queries
from domains.services.commands import Person
from saga.definition import arguments_for, converted
from tests.domains.services.exchanges.test_orders import a_customer
from tests.factories.services import EVERYBODY, a_line, ask, terms_of
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.slow

BUYER = Person(new_id(), "Bea Buyer", "bea@northwind.example", "en")


def travelled(values: Any) -> dict[str, Any]:
    """Values as they arrive after their travel."""
    return json.loads(json.dumps(msgspec.to_builtins(values)))


def arguments(action: Any, *values: Any) -> dict[str, Any]:
    """An action's arguments out of what has travelled so far."""
    known: dict[str, Any] = {}
    for value in values:
        known |= travelled(value)
    return converted(action, arguments_for(action, known))


def run(command: Any, *values: Any) -> None:
    with db.begin() as session:
        command(session, **arguments(command, *values))


def test_an_order_and_its_changes_travel_as_json(sandbox: Sandbox) -> None:
    account = a_customer()
    with db.begin() as session:
        lines = [a_line(session), a_line(session, 2, "tailspin-data-connector")]
        order = terms_of(session, account, *lines)
    more = {"ordered_by": BUYER, "requested_by": BUYER, "provider_operation_id": new_id()}

    run(commands.draft_order, order, more)
    given = ask(exchanges.send_order, **arguments(exchanges.send_order, order, more))
    run(commands.activate_order, order, more, given)
    with db.begin() as session:
        change = queries.change_terms(session, EVERYBODY, subscription_id=order.lines[0].subscription_id,
                                      action="change_quantity", quantity=25)  # fmt: skip
    more["provider_operation_id"] = new_id()
    run(commands.begin_change, change, more)
    outcome = ask(exchanges.send_change, **arguments(exchanges.send_change, change, more))
    run(commands.apply_change, change, more, outcome)
    look = ask(exchanges.look_at_subscription, subscription_id=change.subscription_id)
    run(commands.apply_look, change, look)

    with db.begin_read() as session:
        held = queries.get_subscription(session, EVERYBODY, change.subscription_id)
    assert (held.quantity, held.state, [lot.quantity for lot in held.lots]) == (25, "active", [5, 20])
    assert held.lots[1].source == number_of(order.order_id)


def number_of(order_id: Any) -> str:
    with db.begin_read() as session:
        return queries.get_order(session, EVERYBODY, order_id).number


def test_what_an_order_gives_stays_small(sandbox: Sandbox) -> None:
    account = a_customer()
    with db.begin() as session:
        order = terms_of(session, account, *[a_line(session, 1)] * 50)
    more = {"ordered_by": BUYER, "provider_operation_id": new_id()}
    run(commands.draft_order, order, more)

    given = ask(exchanges.send_order, **arguments(exchanges.send_order, order, more))

    assert len(given.accepted) == 50
    assert len(json.dumps(travelled(given))) < 64_000  # it travels through every later message of the run
