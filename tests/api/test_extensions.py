"""A subscription runs longer by the strategies that the provider offers: days now, or what begins as its term ends."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from saga.transports import inline

from .program import Program, a_caller
from .test_customers import WISH
from .test_whole_story import Client, ordered
from .test_whole_story import transport as transport

pytestmark = pytest.mark.slow


def a_customer(app: Flask, transport: inline.Transport) -> tuple[Client, str]:
    """A customer with five seats: its program, and the subscription's path."""
    operator = Client(app, transport, kind="operator", scope=Scope.operator())
    made = operator.do("/customers", WISH | {"kind": "direct", "name": "Longer", "owner_email": "o@longer.example"})
    customer = Client(app, transport, UUID(made["id"]))
    _, order = ordered(customer, customer.do("/accounts", {"name": "Longer"}))
    return customer, f"/subscriptions/{order['lines'][0]['subscription_id']}"


def test_each_strategy_that_is_listed_is_carried_out_and_no_other(app: Flask, transport: inline.Transport) -> None:
    customer, at = a_customer(app, transport)
    listed = customer.get(f"{at}/extensions").json["items"]
    ways = {one["strategy"]: one for one in reversed(listed)}

    anyway = customer.post(f"{at}/extend", {"strategy": "next_term"})
    nonsense = customer.post(f"{at}/extend", {"strategy": "for_ever"})
    other = customer.post(f"{at}/extend", {"strategy": "bridge", "valid_to": "2020-01-01"})
    missing = customer.post(f"{at}/extend", {})
    bridged = customer.do(f"{at}/extend", {"strategy": "bridge", "valid_to": ways["bridge"]["end_date"]})
    decided = customer.get(f"{at}/end-of-term").json
    renewed = customer.do(f"{at}/extend", {"strategy": "next_term"})
    longer = customer.do(f"{at}/extend", {"valid_to": ways["free_date"]["end_date"]})

    assert set(ways) == {"free_date", "next_term", "bridge"}
    assert (anyway.status_code, anyway.json["code"]) == (422, "goes_on_already")
    assert nonsense.status_code == other.status_code == missing.status_code == 422
    assert (decided["mode"], bridged["valid_to"], bridged["end_of_term"]) == ("bridge", decided["term_end"], "bridge")
    assert (renewed["end_of_term"], longer["valid_to"]) == ("renew", ways["free_date"]["end_date"])


def test_a_stranger_finds_no_ways(app: Flask, transport: inline.Transport) -> None:
    _, at = a_customer(app, transport)
    stranger = Program(app, a_caller(new_id()))

    assert stranger.get(f"{at}/extensions").status_code == 404
    assert stranger.post(f"{at}/extend", {"strategy": "bridge"}).status_code == 404
