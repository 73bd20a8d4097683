"""A customer's sandbox through the API: made, lived in ahead of time, troubled; and a live tenant beside it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from domains.users import db as users_db
from domains.users.models import Organisation
from saga.transports import inline

from .test_customers import WISH
from .test_whole_story import HOST, Client, ordered, transport

__all__ = ["transport"]
pytestmark = pytest.mark.slow
BUDGET = {"amount": "90000.00", "currency": "EUR"}


def follow(client: Client, method: str, path: str, body: Any = None) -> dict[str, Any]:
    accepted = client.ask(method, path, body, {"Idempotency-Key": str(new_id())})
    assert accepted.status_code == 202, accepted.text
    client.transport.run_until_quiet()
    ended: dict[str, Any] = client.get(accepted.headers["Operation-Location"].removeprefix(HOST)).json
    return ended


def a_live_customer(app: Flask, transport: inline.Transport) -> Client:
    name = f"Trader {new_id()}"
    operator = Client(app, transport, kind="operator", scope=Scope.operator())
    made = operator.do(
        "/customers", WISH | {"kind": "direct", "name": name, "owner_email": f"{new_id()}@trader.example"}
    )
    return Client(app, transport, UUID(made["id"]))


def inside(app: Flask, transport: inline.Transport, sandbox_id: str) -> Client:
    """A program of the sandbox, as the gateway introduces it: with the clock that users know of."""
    with users_db.begin_read() as session:
        told = session.get_one(Organisation, UUID(sandbox_id)).told
    return Client(app, transport, UUID(sandbox_id), preferences=told)


def a_sandbox(app: Flask, transport: inline.Transport) -> tuple[Client, Client, str]:
    live = a_live_customer(app, transport)
    assert live.get("/sandbox").status_code == 404
    ended = live.follow("/sandbox", None)
    assert ended["status"] == "succeeded", ended
    found = live.get("/sandbox").json
    assert (found["here"], found["sandbox_of"]) == (False, str(live.caller.customer_id))
    return live, inside(app, transport, found["customer_id"]), found["customer_id"]


def test_a_sandbox_goes_its_own_time_and_the_live_tenant_beside_it_stays_where_it_is(
    app: Flask, transport: inline.Transport
) -> None:
    live, tester, id = a_sandbox(app, transport)
    assert tester.get(f"/customers/{id}").json["is_sandbox"] is True
    assert live.get("/customers").json["items"] == [live.get(f"/customers/{live.caller.customer_id}").json]
    theirs = tester.do("/accounts", {"name": "Trial", "budget": BUDGET})
    ours = live.do("/accounts", {"name": "Real", "budget": BUDGET})
    for who, account in ((tester, theirs), (live, ours)):
        ordered(who, account)
    bought, kept = tester.get("/subscriptions").json["items"][0], live.get("/subscriptions").json["items"][0]
    assert sum(lot["quantity"] for lot in bought["returnable_seats"]) == 5

    assert [(one["id"], one["ahead_seconds"]) for one in tester.get("/test-clocks").json["items"]] == [(id, 0)]
    assert tester.follow(f"/test-clocks/{id}/advance", {"days": 8})["status"] == "succeeded"
    tester = inside(app, transport, id)
    assert tester.get(f"/test-clocks/{id}").json["ahead_seconds"] == 8 * 86_400

    refused = tester.post(f"/subscriptions/{bought['id']}/change-quantity", {"quantity": 3})
    assert (refused.status_code, refused.json["code"]) == (422, "seats_not_returnable"), refused.text
    assert "at renewal" in refused.json["detail"]
    assert tester.get(f"/subscriptions/{bought['id']}").json["returnable_seats"] == []
    assert live.follow(f"/subscriptions/{kept['id']}/change-quantity", {"quantity": 3})["status"] == "succeeded"

    end = date.fromisoformat(bought["valid_to"]) + timedelta(days=2)
    assert tester.follow(f"/test-clocks/{id}/advance", {"to": f"{end}T00:00:00Z"})["status"] == "succeeded"
    renewed = inside(app, transport, id).get(f"/subscriptions/{bought['id']}").json
    assert (renewed["state"], renewed["valid_to"][:4]) == ("active", str(end.year + 1))
    same = live.get(f"/subscriptions/{kept['id']}").json
    assert (same["state"], same["valid_to"], same["quantity"]) == ("active", kept["valid_to"], 3)


def test_a_live_tenants_clock_cannot_be_moved_and_a_strangers_is_not_there(
    app: Flask, transport: inline.Transport
) -> None:
    live, tester, id = a_sandbox(app, transport)
    stranger = a_live_customer(app, transport)
    own = str(live.caller.customer_id)

    said = live.post(f"/test-clocks/{own}/advance", {"days": 1})
    assert (said.status_code, said.json["code"]) == (422, "not_a_sandbox")
    assert live.get("/test-clocks").json["items"] == []
    assert live.get("/sandbox/faults").json["items"] == []
    assert live.ask("PUT", "/sandbox/faults", {"faults": []}, {"Idempotency-Key": "k"}).json["code"] == "not_a_sandbox"
    assert stranger.post(f"/test-clocks/{id}/advance", {"days": 1}).status_code == 404
    assert live.post("/sandbox").json["code"] == "sandbox_exists"
    assert tester.post("/sandbox").json["code"] == "sandbox_not_possible"
    for wish, code in (
        ({"to": "2020-01-01T00:00:00Z"}, "clock_only_forward"), ({}, "clock_unclear"),
        ({"days": 731, "hours": 9000}, "clock_too_far"), ({"days": 1, "to": "2031-01-01T00:00:00Z"}, "clock_unclear"),
    ):  # fmt: skip
        answer = tester.post(f"/test-clocks/{id}/advance", wish)
        assert (answer.status_code, answer.json["code"]) == (422, code)


def test_faults_hit_the_sandbox_alone_until_they_are_cleared(app: Flask, transport: inline.Transport) -> None:
    live, tester, _id = a_sandbox(app, transport)
    theirs = tester.do("/accounts", {"name": "Trial", "budget": BUDGET})
    ours = live.do("/accounts", {"name": "Real", "budget": BUDGET})
    faults = [{"operation": "place_order", "kind": "reject", "code": "credit_blocked"}]

    assert follow(tester, "PUT", "/sandbox/faults", {"faults": faults})["status"] == "succeeded"
    offers = tester.get(f"/offers?account_id={theirs['id']}&term=P1Y&billing_cycle=monthly").json["items"]
    offer = next(one for one in offers if one["kind"] == "seat" and not one["available_from"])
    wish = {"account_id": theirs["id"], "lines": [{"offer_id": offer["id"], "quantity": 5}]}
    hit = tester.follow("/orders", wish)

    assert (hit["status"], hit["error"]["code"]) == ("failed", "credit_blocked")
    assert tester.get("/sandbox/faults").json["items"][0]["kind"] == "reject"
    ordered(live, ours)
    assert follow(tester, "DELETE", "/sandbox/faults")["status"] == "succeeded"
    ordered(tester, theirs)
