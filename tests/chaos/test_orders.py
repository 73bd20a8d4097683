"""The check of real orders is shown each kind of damage: in the short experiment there are no real orders."""

from __future__ import annotations

from typing import Any

import pytest

from . import checker
from .world import World

LINES = [{"quantity": 2}, {"quantity": 3}]
TABLES = {
    "accounts": {"reservation": [{"id": "held-1", "state": "confirmed"}, {"id": "held-2", "state": "released"}]},
    "services": {"order_": [{"id": "order-1", "state": "completed"}, {"id": "order-2", "state": "rejected"}]},
    "billing": {"charge": [{"source_id": "order-1"}, {"source_id": "order-1"}]},
    "notifications": {"delivery": [{"id": "mail-1"}]},
    "support": {"reference": [{"id": "order-1", "state": "completed"}, {"id": "order-2", "state": "rejected"}]},
}


def found(**but: list[dict[str, Any]]) -> set[str]:
    """What is found wrong with a completed and a compensated order; `but` are tables otherwise than they should be."""
    runs = [
        {
            "id": f"run-{number}", "definition": "place-order", "status": status, "resource_id": f"order-{number}",
            "payload": {"reservation_id": f"held-{number}", "delivery_id": f"mail-{number}", "lines": LINES},
        } for number, status in ((1, "completed"), (2, "compensated"))
    ]  # fmt: skip
    tables = {name: {table: but.get(table, rows) for table, rows in own.items()} for name, own in TABLES.items()}
    world = World(runs, {}, {}, tables, [], [])
    return {kind for check in (checker.orders_are_whole, checker.no_order_without_a_run) for kind, _ in check(world)}


def test_orders_as_they_should_be_are_well() -> None:
    assert found() == set()


DAMAGES: dict[str, tuple[str, list[dict[str, Any]], str]] = {
    "a charge is missing": ("charge", [{"source_id": "order-1"}], "lost"),
    "a line is charged twice": ("charge", [{"source_id": "order-1"}] * 3, "doubled"),
    "what was taken back is charged": ("charge", [{"source_id": f"order-{number}"} for number in (1, 1, 2)], "lost"),
    "nobody was told": ("delivery", [], "lost"),
    "a completed order holds its amount on": (
        "reservation", [{"id": "held-1", "state": "held"}, {"id": "held-2", "state": "released"}], "lost",
    ),
    "an order that was taken back holds its amount": (
        "reservation", [{"id": "held-1", "state": "confirmed"}, {"id": "held-2", "state": "held"}], "lost",
    ),
    "support knows another end": ("reference", [{"id": "order-1", "state": "placed"}], "lost"),
    "a charge is of no run": ("charge", [{"source_id": f"order-{number}"} for number in (1, 1, 3)], "wrong"),
    "an order is of no run": (
        "order_", [*TABLES["services"]["order_"], {"id": "order-3", "state": "completed"}], "wrong",
    ),
    "an amount is held for no run": (
        "reservation", [*TABLES["accounts"]["reservation"], {"id": "held-3", "state": "held"}], "wrong",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(damage: str) -> None:
    table, rows, kind = DAMAGES[damage]

    assert kind in found(**{table: rows})
