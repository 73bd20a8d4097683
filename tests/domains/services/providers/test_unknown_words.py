"""Whatever word a provider uses for a state, a kind or a cycle, it breaks no list; what cannot be read is no answer."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domains.services.models.subscriptions import STATES, state_of
from domains.services.providers import HeldSubscription, UnknownOutcome
from domains.services.providers.border import Unreadable, decoded
from domains.services.providers.facts import PlacedOrder
from domains.services.providers.osb_words import Catalogue as OsbCatalogue
from domains.services.providers.osb_words import Instance, offers_of
from domains.services.providers.osb_words import held as held_by_broker
from domains.services.providers.partner_center_words import held as held_by_microsoft
from domains.services.providers.partner_center_words import offers_of as offers_in_sheet

words = st.text(max_size=30)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
MICROSOFT: dict[str, Any] = {
    "id": "s", "offerId": "P:S:A", "offerName": "E3", "friendlyName": "a name", "quantity": 5, "status": "active",
    "creationDate": "2026-03-10T00:00:00Z", "effectiveStartDate": "2026-03-10T00:00:00Z",
    "commitmentEndDate": "2027-03-09T00:00:00Z", "autoRenewEnabled": True, "termDuration": "P1Y",
    "billingCycle": "monthly", "refundableQuantity": {"details": []}, "scheduledNextTermInstructions": None,
    "cancellationAllowedUntilDate": None,
}  # fmt: skip


@given(words)
def test_a_new_state_is_kept_and_is_unknown_to_us(state: str) -> None:
    said = {"id": "CS-1", "reference": None, "quantity": 1, "status": state, "start_date": "2026-03-10",
            "valid_to": None}  # fmt: skip
    microsoft = held_by_microsoft(MICROSOFT | {"status": state}, "c", None)
    held = [decoded(json.dumps(said).encode(), HeldSubscription), microsoft]

    assert all(state_of(one.status) in STATES for one in held)


@given(words, words)
def test_a_new_status_of_an_order_is_still_at_work(status: str, of_line: str) -> None:
    said = {"id": "PO-1", "reference": "r", "status": status, "lines": [{"reference": "l", "status": of_line}]}

    assert decoded(json.dumps(said).encode(), PlacedOrder).lines[0].reference == "l"


@given(st.sampled_from(sorted(MICROSOFT)), anything)
def test_a_resource_of_partner_center_is_read_or_is_no_answer(name: str, value: Any) -> None:
    try:
        held = held_by_microsoft(MICROSOFT | {name: value}, "c", None)
    except UnknownOutcome:
        return
    assert held.quantity >= 0


@given(anything)
def test_an_instance_of_a_broker_is_read_whatever_its_parameters(parameters: Any) -> None:
    said = {"service_id": "s", "plan_id": "p", "parameters": parameters}
    try:
        found = decoded(json.dumps(said).encode(), Instance)
    except Unreadable:
        return
    assert held_by_broker("i", found).quantity >= 0


@given(anything, anything)
def test_a_plan_of_a_broker_is_sold_or_left_out(metadata: Any, schemas: Any) -> None:
    odd = {"id": "odd", "name": "odd", "metadata": metadata, "schemas": schemas}
    good = {"id": "good", "name": "good", "metadata": {"costs": [{"amount": {"usd": 1}, "unit": "MONTHLY"}]}}
    said = {"services": [{"id": "s", "name": "s", "instances_retrievable": True, "plans": [odd, good]}]}
    try:
        catalogue = decoded(json.dumps(said).encode(), OsbCatalogue)
    except Unreadable:
        return
    assert "s/good" in {one.id for one in offers_of(catalogue)}


@given(st.text(max_size=200))
def test_a_price_sheet_is_read_line_by_line(line: str) -> None:
    sheet = "ProductId,SkuId,SkuTitle,TermDuration,BillingPlan,Market,Currency,UnitPrice\nP,S,E3,P1Y,Monthly,US,USD,9\n"

    found = offers_in_sheet((sheet + line.replace("\n", " ")).encode(), "Commercial")

    assert "P:S" in {one.id for one in found}
