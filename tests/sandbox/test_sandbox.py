"""The sandbox provider as a client meets it: orders, changes, windows, money, faults, clock."""

from __future__ import annotations

import ast
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from sandbox.catalogue import offers
from sandbox.server import create_app

CLIENT = ("client", "secret")


class Provider:
    """A provider in this process, spoken to over HTTP's own words."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        token = client.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=CLIENT).json
        self.headers = {"Authorization": f"Bearer {token['access_token']}"}
        self.control("PUT", "/settings", order_seconds=0, change_seconds=0)
        self.put("/customers/acc", name="Head office", country="NL", region="eu", email="a@b.example")

    def control(self, method: str, path: str, **body: Any) -> Any:
        return self.client.open(f"/control{path}", method=method, json=body)

    def get(self, path: str) -> Any:
        return self.client.get(f"/v1{path}", headers=self.headers)

    def put(self, path: str, **body: Any) -> Any:
        return self.client.put(f"/v1{path}", headers=self.headers, json=body)

    def post(self, path: str, request_id: str, **body: Any) -> Any:
        return self.client.post(f"/v1{path}", headers=self.headers | {"Request-Id": request_id}, json=body)

    def order(self, request_id: str = "r1", *offers: str, quantity: int = 10, **more: Any) -> Any:
        lines = [a_line(f"{request_id}-{i}", offer, quantity) for i, offer in enumerate(offers or (PRO,))]
        return self.post(
            "/orders", request_id, reference=f"o-{request_id}", customer="acc", currency="EUR", lines=lines, **more
        )

    def subscription(self, **more: Any) -> str:
        return str(self.order(**more).json["lines"][0]["subscription_id"])

    def change(self, subscription: str, request_id: str, **body: Any) -> Any:
        return self.post(f"/subscriptions/{subscription}/changes", request_id, reference=request_id, **body)


PRO = "tailspin-analytics-pro"


def a_line(reference: str, offer: str, quantity: int) -> dict[str, Any]:
    return {"reference": reference, "offer_id": offer, "term": "P1Y", "billing_cycle": "monthly", "quantity": quantity}


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    app = create_app(str(tmp_path / "s.sqlite3"), client=CLIENT, demo=True)
    made = Provider(app.test_client())
    made.control("PUT", "/clock", now="2026-08-10T09:00:00Z")
    return made


def test_the_catalogue_holds_at_least_300_offers_that_all_differ() -> None:
    made = offers()

    assert len(made) >= 300
    assert len({offer["id"] for offer in made}) == len({offer["description"] for offer in made}) == len(made)
    assert {"seat", "usage", "perpetual", "addon", "trial"} == {offer["kind"] for offer in made}
    assert all(
        "." not in price["purchase_price"]
        for offer in made
        for plan in offer["plans"]
        for price in plan["prices"]
        if price["currency"] == "JPY"
    )


def test_nothing_is_said_to_a_stranger(provider: Provider) -> None:
    assert provider.client.get("/v1/offers").status_code == 401
    assert (
        provider.client.post(
            "/oauth2/token", data={"grant_type": "client_credentials"}, auth=("client", "no")
        ).status_code
        == 401
    )


def test_an_order_is_carried_out_after_its_time(provider: Provider) -> None:
    provider.control("PUT", "/settings", order_seconds=60)
    placed = provider.order().json
    provider.control("POST", "/clock/advance", seconds=61)

    done = provider.get(f"/orders/{placed['id']}").json

    assert (placed["status"], done["status"]) == ("pending", "completed")
    assert provider.get("/orders?reference=o-r1").json["items"][0]["id"] == placed["id"]


def test_the_same_request_id_is_one_order_and_another_body_is_refused(provider: Provider) -> None:
    first, again = provider.order().json, provider.order().json
    other = provider.order(quantity=11)

    assert first == again
    assert (other.status_code, other.json["code"]) == (409, "request_id_reused")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"offer_id": "nothing"}, "offer_unknown"),
        ({"quantity": 0}, "quantity_out_of_range"),
        ({"term": "P9Y"}, "term_not_sold"),
        ({"offer_id": "tailspin-data-connector"}, "prerequisite_missing"),
    ],
)
def test_what_is_not_sold_is_refused_with_a_code(provider: Provider, line: dict[str, Any], code: str) -> None:
    lines = [a_line("s", PRO, 1) | line]

    answer = provider.post("/orders", "r", reference="o", customer="acc", currency="EUR", lines=lines)

    assert (answer.status_code, answer.json["code"]) == (422, code)


def test_seats_go_back_newest_first_and_only_in_their_window(provider: Provider) -> None:
    subscription = provider.subscription(quantity=10)
    provider.control("POST", "/clock/advance", days=10)
    provider.change(subscription, "c1", kind="change_quantity", quantity=15)

    too_many = provider.change(subscription, "c2", kind="change_quantity", quantity=9)
    back = provider.change(subscription, "c3", kind="change_quantity", quantity=12).json

    assert (too_many.status_code, too_many.json["code"]) == (422, "not_allowed_now")
    assert too_many.json["data"]["available_from"] == "2027-08-10"
    assert [lot["quantity"] for lot in back["subscription"]["lots"]] == [10, 2]


def test_a_subscription_is_canceled_within_its_window_with_a_refund_and_not_after(provider: Provider) -> None:
    early, late = provider.subscription(), provider.subscription(request_id="r2")

    canceled = provider.change(early, "c1", kind="cancel", mode="now").json
    provider.control("POST", "/clock/advance", days=8)
    refused = provider.change(late, "c2", kind="cancel", mode="now")

    assert canceled["subscription"]["status"] == "canceled"
    assert canceled["refund"] == {"amount": "178.84", "currency": "EUR"}  # 10 × 25.20 × 22 of 31 days
    assert refused.json["code"] == "not_allowed_now"


def test_a_term_ends_renews_or_is_extended(provider: Provider) -> None:
    renews, ends = provider.subscription(), provider.subscription(request_id="r2")
    provider.change(ends, "c1", kind="cancel", mode="end_of_term")
    allowed = provider.get(f"/subscriptions/{renews}/change-policy").json["allowed_end_dates"]
    extended = provider.change(renews, "c2", kind="extend", end_date=allowed[0]).json

    provider.control("POST", "/clock/advance", days=400)

    assert extended["subscription"]["valid_to"] == allowed[0] == "2027-08-31"
    assert provider.get(f"/subscriptions/{renews}").json["valid_to"] == "2028-08-31"
    assert provider.get(f"/subscriptions/{ends}").json["status"] == "expired"


def test_billing_counts_days(provider: Provider) -> None:
    provider.subscription(quantity=25)
    provider.control("POST", "/clock/advance", days=40)

    august = provider.get("/billing/lines?period=2026-08").json["items"]
    september = provider.get("/billing/lines?period=2026-09").json["items"]

    assert [line["amount"]["amount"] for line in august] == ["447.10"]  # 25 × 25.20 × 22 of 31 days
    assert [line["amount"]["amount"] for line in september] == ["630.00"]


def test_every_day_of_a_subscription_is_billed_once(provider: Provider) -> None:
    renews = provider.subscription(quantity=4)
    last = provider.get(f"/subscriptions/{renews}").json["valid_to"]
    provider.change(renews, "c1", kind="change_quantity", quantity=6)
    provider.control("POST", "/clock/advance", days=500)  # over a renewal in the middle of a month

    months = [f"{2026 + number // 12}-{number % 12 + 1:02}" for number in range(7, 7 + 17)]
    lines = [line for month in months for line in provider.get(f"/billing/lines?period={month}").json["items"]]
    units: Counter[date] = Counter()
    for line in lines:
        for day in days_of(line):
            units[day] += line["quantity"]

    first, after = date(2026, 8, 10), date.fromisoformat(max(line["to_date"] for line in lines))
    assert str(after) > last
    assert units == {first + timedelta(days=n): 6 for n in range((after - first).days)}


def days_of(line: dict[str, Any]) -> list[date]:
    first, after = date.fromisoformat(line["from_date"]), date.fromisoformat(line["to_date"])
    return [first + timedelta(days=n) for n in range((after - first).days)]


def test_the_feed_goes_on_from_the_cursor_of_any_item(provider: Provider) -> None:
    for number in range(3):
        provider.order(f"r{number}")
    feed = provider.get("/changes-feed").json

    rest = provider.get(f"/changes-feed?after={feed['items'][1]['cursor']}&limit=1").json
    after_the_last = provider.get(f"/changes-feed?after={feed['next_cursor']}").json

    assert rest["items"] == feed["items"][2:3]
    assert (rest["has_more"], after_the_last["items"]) == (True, [])


def test_a_fault_can_be_for_one_order_alone(provider: Provider) -> None:
    fault = {"operation": "place_order", "kind": "error", "match": {"reference": "o-r2"}}
    provider.control("PUT", "/faults", faults=[fault])

    assert [provider.order(name).status_code for name in ("r1", "r2", "r3")] == [202, 500, 202]


def test_a_rejection_does_nothing_and_a_partial_order_delivers_every_other_line(provider: Provider) -> None:
    fault = {"operation": "place_order", "kind": "reject", "code": "capacity_exceeded", "count": 1}
    provider.control("PUT", "/faults", faults=[fault, {"operation": "place_order", "kind": "partial", "count": 1}])

    refused = provider.order("r1")
    partial = provider.order("r2", PRO, "adatum-intranet").json

    assert (refused.status_code, refused.json["code"]) == (422, "capacity_exceeded")
    assert provider.get("/orders?reference=o-r1").json["items"] == []
    assert partial["status"] == "partially_completed"
    assert [line["status"] for line in partial["lines"]] == ["accepted", "rejected"]


def test_the_clock_goes_back_only_before_there_are_orders(provider: Provider) -> None:
    provider.order()

    assert provider.control("PUT", "/clock", now="2020-01-01T00:00:00Z").status_code == 409
    assert provider.control("PUT", "/clock", now=None).status_code == 200


def test_the_control_desk_is_closed_outside_demo_mode(tmp_path: Path) -> None:
    client = create_app(str(tmp_path / "s.sqlite3"), client=CLIENT).test_client()

    assert client.get("/control").status_code == client.put("/control/faults", json={}).status_code == 403


def test_its_document_is_valid_openapi(provider: Provider) -> None:
    validate(provider.client.get("/openapi.json").json)


def test_it_imports_nothing_of_the_product() -> None:
    ours = {"domains", "saga", "portal", "api", "gateway"}
    for path in Path("sandbox").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & ours, path
