"""What Open Service Broker asks of a platform: ids, versions, operations that are echoed, orphans that are deleted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Refused
from domains.services.providers import (
    AuthFailure,
    Busy,
    InvalidRequest,
    LimitExceeded,
    NotSupported,
    PermanentFailure,
    UnknownOutcome,
)
from domains.services.providers.osb import OsbProvider
from domains.services.providers.osb_words import no_of_broker
from tests.brokered import SECRET, Controlled

pytestmark = pytest.mark.slow
SMALL, LARGE = "svc-db/plan-small", "svc-db/plan-large"


@pytest.fixture
def osb(broker: Controlled, settings: Settings) -> OsbProvider:
    return OsbProvider(broker.url, "tests", SECRET, 1.0, key="osb")


def order(*offers: str, quantity: int = 5) -> dict[str, Any]:
    lines = [{"reference": str(new_id()), "offer_id": one, "quantity": quantity} for one in offers]
    return {"reference": str(new_id()), "customer": str(new_id()), "currency": "USD", "lines": lines}


def instances(broker: Controlled) -> dict[str, Any]:
    found: dict[str, Any] = broker.control("GET", "state")["instances"]
    return found


def bought(osb: OsbProvider) -> str:
    return osb.place_order(new_id(), order(SMALL)).lines[0].subscription_id or ""


def change(kind: str, **more: Any) -> dict[str, Any]:
    return {"reference": str(new_id()), "kind": kind, **more}


def test_only_what_can_be_looked_at_is_sold_and_only_costs_by_time_are_prices(osb: OsbProvider) -> None:
    offers = {one.id: one for one in osb.list_offers()}

    assert set(offers) == {SMALL, LARGE, "svc-db/plan-fixed"}
    small, fixed = offers[SMALL], offers["svc-db/plan-fixed"]
    assert (small.name, small.vendor, small.category) == ("Databases · Small", "Contoso Data", "Data")
    assert (small.min_quantity, small.max_quantity) == (1, 50)
    assert {str(price.purchase_price) for price in small.plans[0].prices} == {"10.5", "9.25"}
    assert (fixed.plans, fixed.min_quantity, fixed.max_quantity) == ((), 1, 1)


def test_our_operations_id_goes_along(osb: OsbProvider, broker: Controlled) -> None:
    osb.place_order(operation_id := new_id(), order(SMALL))

    assert str(operation_id) in broker.control("GET", "state")["requests"]


def test_an_instance_that_failed_for_good_is_deleted_and_the_line_says_why(
    osb: OsbProvider, broker: Controlled
) -> None:
    broker.control("PUT", "settings", {"looks": 1, "failing": True})
    asked = order(SMALL)

    placed = osb.place_order(new_id(), asked)

    assert placed.status == "rejected"
    assert placed.error is not None
    assert (placed.error.code, placed.error.message) == ("operation_failed", "The disk is full.")
    assert asked["lines"][0]["reference"] not in instances(broker)


@pytest.mark.parametrize("status", [500, 502, 0])
def test_an_instance_whose_outcome_nobody_knows_is_not_deleted(
    osb: OsbProvider, broker: Controlled, status: int
) -> None:
    asked, operation_id = order(SMALL), new_id()
    broker.fault(status, after=True)

    with pytest.raises(UnknownOutcome):
        osb.place_order(operation_id, asked)

    found = osb.find_order(UUID(asked["reference"]), asked)
    assert found is not None
    assert found.status == "completed"


def test_the_same_id_with_other_attributes_is_a_clear_no_and_nothing_is_deleted(
    osb: OsbProvider, broker: Controlled
) -> None:
    asked = order(SMALL)
    osb.place_order(new_id(), asked)
    asked["lines"][0]["quantity"] = 9

    placed = osb.place_order(new_id(), asked)

    assert placed.status == "rejected"
    assert instances(broker)[asked["lines"][0]["reference"]]["quantity"] == 5


def test_an_update_that_failed_says_why_and_leaves_everything_as_it_was(osb: OsbProvider, broker: Controlled) -> None:
    subscription_id = bought(osb)
    broker.control("PUT", "settings", {"looks": 2, "failing": True})
    wish = change("change_quantity", quantity=9)

    assert osb.make_change(new_id(), subscription_id, wish).status == "pending"
    found = osb.find_change(UUID(wish["reference"]), subscription_id, wish)

    assert found is not None
    assert found.error is not None
    assert (found.status, found.error.message) == ("failed", "The disk is full.")
    assert instances(broker)[subscription_id]["quantity"] == 5


def test_a_process_that_has_forgotten_the_operation_sees_it_on_the_instance(
    osb: OsbProvider, broker: Controlled
) -> None:
    subscription_id = bought(osb)
    broker.control("PUT", "settings", {"looks": 2})
    wish = change("change_quantity", quantity=9)
    osb.make_change(new_id(), subscription_id, wish)
    another = OsbProvider(broker.url, "tests", SECRET, 1.0, key="osb")

    with pytest.raises(Busy):
        another.find_change(UUID(wish["reference"]), subscription_id, wish)
    osb.find_change(UUID(wish["reference"]), subscription_id, wish)

    found = another.find_change(UUID(wish["reference"]), subscription_id, wish)
    assert found is not None
    assert found.status == "succeeded"


def test_a_plan_changes_within_its_service_and_not_to_another(osb: OsbProvider) -> None:
    subscription_id = bought(osb)

    assert osb.make_change(new_id(), subscription_id, change("change_plan", offer_id=LARGE)).status == "succeeded"
    with pytest.raises(NotSupported):
        osb.make_change(new_id(), subscription_id, change("change_plan", offer_id="svc-opaque/plan-opaque"))

    held = osb.get_subscription(subscription_id)
    assert held is not None
    assert (held.offer_id, held.quantity) == (LARGE, 5)


def test_ending_what_is_gone_is_done(osb: OsbProvider) -> None:
    subscription_id = bought(osb)

    for _ in range(2):
        made = osb.make_change(new_id(), subscription_id, change("cancel", mode="now"))
        assert made.status == "succeeded"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"description": "no"}', InvalidRequest),
        (409, b"{}", PermanentFailure),
        (412, b'{"description": "version"}', AuthFailure),
        (422, b'{"error": "ConcurrencyError"}', Busy),
        (422, b'{"error": "AsyncRequired"}', UnknownOutcome),
        (422, b'{"error": "RequiresApp"}', NotSupported),
        (422, b'{"description": "The quota for this plan has been exceeded."}', LimitExceeded),
        (422, b'{"error": "NeverHeardOf"}', PermanentFailure),
        (422, b"", PermanentFailure),
        (422, b"<html>", UnknownOutcome),
        (418, b"{}", PermanentFailure),
    ],
)
def test_each_no_is_of_its_class(status: int, body: bytes, kind: type[Exception]) -> None:
    assert type(no_of_broker(status, body, None)) is kind


def test_a_quantity_that_the_plan_does_not_take_is_refused(osb: OsbProvider) -> None:
    subscription_id = bought(osb)

    with pytest.raises(Refused):
        osb.make_change(new_id(), subscription_id, change("change_quantity", quantity=51))


def test_a_strangers_instance_has_an_age_and_units_that_can_be_read(osb: OsbProvider, broker: Controlled) -> None:
    subscription_id = bought(osb)
    for odd in ({}, {"quantity": "many"}, {"quantity": -1}, {"quantity": True}, {"quantity": 2**40}):
        broker.control("PUT", f"parameters/{subscription_id}", odd)

        held = osb.get_subscription(subscription_id)

        assert held is not None
        assert held.quantity == 1
