"""Programs find what was done directly at the provider, settle it, and say what an account adopts by itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from domains import billing, services
from domains.billing.models import Charge
from domains.kernel.database import new_id
from domains.services.models import Drift
from saga.transports import inline
from tests.sandboxes import Sandbox

from .test_whole_story import Client, an_end_customer, ordered
from .test_whole_story import transport as transport

pytestmark = pytest.mark.slow


@pytest.fixture
def parties(app: Flask, transport: inline.Transport, sandbox: Sandbox) -> tuple[Client, Client, Any, Any]:
    """A reseller, its end-customer, the account, and a subscription that has two seats more at the provider."""
    reseller, customer, account = an_end_customer(app, transport)
    _, order = ordered(customer, account)
    held = customer.get(f"/subscriptions/{order['lines'][0]['subscription_id']}").json
    direct = {"subscription_id": held["provider_subscription_id"], "quantity": 7}
    sandbox.control("POST", "direct", kind="change_quantity", **direct)
    return reseller, customer, account, held


def found(customer: Client, account: Any) -> Any:
    """The one difference there is once the account was compared."""
    assert customer.follow(f"/accounts/{account['id']}/reconcile", None)["status"] == "succeeded"
    (one,) = customer.get("/drift?state=standing").json["items"]
    return one


def test_a_difference_is_found_priced_and_adopted(parties: tuple[Client, Client, Any, Any]) -> None:
    _, customer, account, held = parties
    one = found(customer, account)

    detail = customer.get(f"/drift/{one['id']}")
    settled = customer.do(f"/drift/{one['id']}/settle", {"decision": "adopt"})

    assert one["differences"] == [{"field": "quantity", "ours": "5", "theirs": "7"}]
    assert [choice["decision"] for choice in one["choices"]] == ["adopt", "revert", "case", "ignore"]
    assert all(choice["enabled"] for choice in one["choices"])
    assert detail.headers["ETag"] and float(one["adoption_cost"]["amount"]) > 0
    assert (settled["state"], settled["decision"], settled["choices"][0]["reason_code"]) == (
        "adopted", "adopt", "drift_settled",
    )  # fmt: skip
    assert customer.get(f"/subscriptions/{held['id']}").json["quantity"] == 7
    charges = customer.get("/charges").json["items"]
    assert one["adoption_cost"] in [charge["amount"] for charge in charges]


def test_a_reseller_settles_for_its_end_customer_and_a_stranger_sees_nothing(
    app: Flask, transport: inline.Transport, parties: tuple[Client, Client, Any, Any]
) -> None:
    reseller, customer, account, _ = parties
    one = found(reseller, account)
    stranger = Client(app, transport, new_id(), "direct")

    refused = stranger.post(f"/drift/{one['id']}/settle", {"decision": "adopt"})
    compared = stranger.post(f"/accounts/{account['id']}/reconcile", None)
    settled = reseller.do(f"/drift/{one['id']}/settle", {"decision": "revert"})

    assert (refused.status_code, compared.status_code, stranger.get("/drift").json["items"]) == (404, 404, [])
    assert settled["state"] == "reverted"
    assert customer.get(f"/drift/{one['id']}").json["state"] == "reverted"


def test_nonsense_and_stale_decisions_are_told(parties: tuple[Client, Client, Any, Any]) -> None:
    _, customer, account, _ = parties
    one = found(customer, account)
    at = f"/drift/{one['id']}/settle"

    unknown = customer.post(at, {"decision": "forget"})
    without = customer.post(at, {"decision": "ignore"})
    stale = customer.post(at, {"decision": "adopt"}, If_Match=f'"{one["id"]}-99"')

    assert (unknown.status_code, without.status_code, stale.status_code) == (422, 422, 412)
    assert without.json["code"] == "reason_missing"


def test_an_account_says_what_it_adopts_by_itself(parties: tuple[Client, Client, Any, Any]) -> None:
    _, customer, account, _ = parties
    at = f"/drift-rules/{account['id']}"
    before = customer.get(at)

    unseen = customer.patch(at, {"adopt": "all"})
    changed = customer.patch(at, {"adopt": "increases"}, If_Match=before.headers["ETag"])
    late = customer.patch(at, {"adopt": "all"}, If_Match=before.headers["ETag"])

    assert before.json["adopt"] == "nothing"
    assert (unseen.status_code, changed.status_code, late.status_code) == (428, 200, 412)
    assert (changed.json["adopt"], customer.get("/drift-rules").json["items"][0]["adopt"]) == ("increases", "increases")


def test_two_hundred_differences_come_page_by_page(parties: tuple[Client, Client, Any, Any]) -> None:
    _, customer, account, _ = parties
    one = found(customer, account)
    with services.db.begin() as session:
        row = session.get_one(Drift, UUID(one["id"]))
        facts = {column.name: getattr(row, column.name) for column in Drift.__table__.columns}
        session.add_all(Drift(**facts | {"id": new_id(), "provider_subscription_id": f"X-{n}"}) for n in range(199))

    pages, cursor = [], ""
    while cursor is not None:
        body = customer.get(f"/drift?limit=50{f'&cursor={cursor}' if cursor else ''}").json
        pages.append(len(body["items"]))
        cursor = body["next_cursor"]

    assert pages == [50, 50, 50, 50]


def test_what_was_bought_there_long_ago_is_invoiced_from_its_first_day(
    parties: tuple[Client, Client, Any, Any], sandbox: Sandbox
) -> None:
    _, customer, account, _ = parties
    wish = {"offer_id": "tailspin-analytics-pro", "term": "P1Y", "billing_cycle": "monthly", "quantity": 3}
    sandbox.control("POST", "direct", kind="buy", customer=account["id"], currency="EUR", **wish)
    customer.follow(f"/accounts/{account['id']}/reconcile", None)
    new = next(one for one in customer.get("/drift?state=open").json["items"] if one["kind"] == "new")

    settled = customer.do(f"/drift/{new['id']}/settle", {"decision": "adopt"})

    held = customer.get(f"/subscriptions/{settled['subscription_id']}").json
    with billing.db.begin_read() as session:
        query = select(Charge).where(Charge.subscription_id == UUID(held["id"]))
        (charge,) = session.scalars(query)
    assert (held["quantity"], charge.kind, charge.effective_on.isoformat()) == (3, "activation", held["valid_from"])
