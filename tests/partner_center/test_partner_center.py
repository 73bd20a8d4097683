"""What Partner Center asks of a partner: whole resources under a version, codes, windows, names to find by."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.endpoints import Endpoint
from domains.services.providers import InvalidRequest, LimitExceeded, NotAllowedNow, NotEligible, Stale
from domains.services.providers.answers import CLASSES
from domains.services.providers.partner_center import PartnerCenterProvider
from domains.services.providers.partner_center_words import MEANINGS, no_of_partner_center
from tests.brokered import SECRET, Controlled

pytestmark = pytest.mark.slow
OFFER = "CFQ7TTC0LF8Q:0001"


@pytest.fixture
def microsoft(partner_center: Controlled, settings: Settings) -> PartnerCenterProvider:
    about = Endpoint("microsoft", "partner_center", partner_center.url, token_url=f"{partner_center.url}/token",
                     scope="all", lock_hours=24)  # fmt: skip
    return PartnerCenterProvider(partner_center.url, "tests", SECRET, 1.0, endpoint=about)


def order(customer: object, *quantities: int) -> dict[str, Any]:
    lines = [
        {"reference": str(new_id()), "offer_id": OFFER, "term": "P1Y", "billing_cycle": "monthly", "quantity": one}
        for one in quantities or (5,)
    ]
    return {"reference": str(new_id()), "customer": str(customer), "currency": "USD", "lines": lines}


def bought(microsoft: PartnerCenterProvider, quantity: int = 5) -> str:
    customer = new_id()
    microsoft.ensure_customer(customer, name="Contoso", country="US", region="eu", email="it@contoso.example")
    return microsoft.place_order(new_id(), order(customer, quantity)).lines[0].subscription_id or ""


def change(kind: str, **more: Any) -> dict[str, Any]:
    return {"reference": str(new_id()), "kind": kind, **more}


def raw(partner_center: Controlled, subscription_id: str) -> dict[str, Any]:
    own = subscription_id.partition("/")[2]
    return next(one for one in partner_center.control("GET", "subscriptions")["items"] if one["id"] == own)


def test_a_change_resets_nothing_that_it_does_not_change(
    microsoft: PartnerCenterProvider, partner_center: Controlled
) -> None:
    subscription_id = bought(microsoft)
    microsoft.make_change(new_id(), subscription_id, change("suspend"))
    microsoft.make_change(new_id(), subscription_id, change("resume"))
    microsoft.make_change(new_id(), subscription_id, change("schedule_next_term", instructions={"quantity": 3}))
    microsoft.make_change(new_id(), subscription_id, change("end_of_term", mode="renew"))

    found = raw(partner_center, subscription_id)

    assert found["autoRenewEnabled"] is True
    assert found["scheduledNextTermInstructions"]["quantity"] == 3
    held = microsoft.get_subscription(subscription_id)
    assert held is not None
    assert held.next_term == {"quantity": 3, "offer_id": OFFER, "term": "P1Y", "billing_cycle": "monthly"}
    assert held.end_of_term == "renew"


def test_instructions_are_taken_away_again(microsoft: PartnerCenterProvider) -> None:
    subscription_id = bought(microsoft)
    wish = {"quantity": 3, "end_date": "2028-01-31"}
    microsoft.make_change(new_id(), subscription_id, change("schedule_next_term", instructions=wish))
    held = microsoft.get_subscription(subscription_id)
    assert held is not None
    assert (held.next_term or {})["end_date"] == "2028-01-31"

    microsoft.make_change(new_id(), subscription_id, change("schedule_next_term", instructions=None))

    held = microsoft.get_subscription(subscription_id)
    assert held is not None
    assert held.next_term is None


def test_what_is_not_renewed_takes_no_instructions(microsoft: PartnerCenterProvider) -> None:
    subscription_id = bought(microsoft)
    microsoft.make_change(new_id(), subscription_id, change("end_of_term", mode="bridge"))

    with pytest.raises(NotAllowedNow) as no:
        microsoft.make_change(new_id(), subscription_id, change("schedule_next_term", instructions={"quantity": 3}))

    assert no.value.code == "pc_800093"


def test_each_increase_has_a_window_of_its_own_and_the_newest_goes_back_first(
    microsoft: PartnerCenterProvider, partner_center: Controlled
) -> None:
    subscription_id = bought(microsoft, 5)
    partner_center.control("PUT", "settings", {"days_ahead": 3})
    microsoft.make_change(new_id(), subscription_id, change("change_quantity", quantity=9))
    assert [one.quantity for one in microsoft.get_policy(subscription_id).returnable] == [5, 4]
    microsoft.make_change(new_id(), subscription_id, change("change_quantity", quantity=8))
    partner_center.control("PUT", "settings", {"days_ahead": 8})

    policy, held = microsoft.get_policy(subscription_id), microsoft.get_subscription(subscription_id)
    with pytest.raises(NotAllowedNow) as no:
        microsoft.make_change(new_id(), subscription_id, change("change_quantity", quantity=4))

    assert [one.quantity for one in policy.returnable] == [3]
    assert held is not None
    assert [(lot.quantity, lot.returnable_until is None) for lot in held.lots] == [(5, True), (3, False)]
    assert no.value.code == "pc_800090"
    assert microsoft.make_change(new_id(), subscription_id, change("change_quantity", quantity=5)).status == "succeeded"


def test_what_it_can_do_is_offered_and_what_that_deletes_is_said(microsoft: PartnerCenterProvider) -> None:
    subscription_id = bought(microsoft)
    running = microsoft.get_policy(subscription_id)
    microsoft.make_change(new_id(), subscription_id, change("end_of_term", mode="bridge"))
    bridged = microsoft.get_policy(subscription_id)
    microsoft.make_change(new_id(), subscription_id, change("suspend"))
    paused = microsoft.get_policy(subscription_id)

    assert (running.can_suspend, running.can_resume, running.can_schedule) == (True, False, True)
    assert "change_quantity" in running.deletes_scheduled
    assert running.end_of_term is not None and bridged.end_of_term is not None
    assert (running.end_of_term.modes, running.end_of_term.set_to) == (("renew", "bridge"), "renew")
    assert (bridged.end_of_term.set_to, bridged.can_schedule) == ("bridge", False)
    assert (paused.can_suspend, paused.can_resume, paused.end_of_term) == (False, True, None)


def test_what_is_past_its_window_is_not_canceled(microsoft: PartnerCenterProvider, partner_center: Controlled) -> None:
    subscription_id = bought(microsoft)
    partner_center.control("PUT", "settings", {"days_ahead": 8})

    with pytest.raises(NotAllowedNow) as no:
        microsoft.make_change(new_id(), subscription_id, change("cancel", mode="now"))

    assert no.value.code == "pc_900117"


def test_the_last_day_is_inclusive_and_in_utc_and_the_lock_is_reckoned_from_it(
    microsoft: PartnerCenterProvider, partner_center: Controlled
) -> None:
    subscription_id = bought(microsoft)
    own = subscription_id.partition("/")[2]
    partner_center.control("PUT", f"subscriptions/{own}", {"commitmentEndDate": "2027-03-09T00:00:00Z"})

    held, policy = microsoft.get_subscription(subscription_id), microsoft.get_policy(subscription_id)

    assert held is not None
    assert held.valid_to == date(2027, 3, 9)
    assert policy.locked_from == datetime(2027, 3, 9, tzinfo=UTC)
    assert (policy.extend_mode, policy.allowed_end_dates) == ("next_term", ())


def test_a_change_of_what_we_have_seen_goes_under_its_version(
    microsoft: PartnerCenterProvider, partner_center: Controlled
) -> None:
    subscription_id = bought(microsoft)
    microsoft.get_subscription(subscription_id)
    partner_center.control("PUT", f"subscriptions/{subscription_id.partition('/')[2]}", {"quantity": 9})

    with pytest.raises(Stale):
        microsoft.make_change(new_id(), subscription_id, change("change_quantity", quantity=6))

    again = microsoft.make_change(new_id(), subscription_id, change("change_quantity", quantity=10))
    assert again.status == "succeeded"


def test_an_order_for_a_customer_that_is_not_there_waits_for_people(microsoft: PartnerCenterProvider) -> None:
    with pytest.raises(NotEligible) as no:
        microsoft.place_order(new_id(), order(new_id()))

    assert no.value.code == "customer_unknown"
    assert microsoft.find_order(new_id(), order(new_id())) is None


def test_a_line_that_is_not_sold_is_refused_by_itself(microsoft: PartnerCenterProvider) -> None:
    customer = new_id()
    microsoft.ensure_customer(customer, name="Contoso", country="US", region="eu", email="")
    asked = order(customer, 2, 3)
    asked["lines"][1]["offer_id"] = "CFQ7TTC0LF8R:0002"

    placed = microsoft.place_order(new_id(), asked)

    assert [line.status for line in placed.lines] == ["accepted", "rejected"]
    assert placed.lines[1].error is not None
    assert placed.lines[1].error.code == "offer_unknown"


def test_a_customer_is_made_once(microsoft: PartnerCenterProvider, partner_center: Controlled) -> None:
    customer, tenant = new_id(), {"name": "Contoso", "country": "US", "region": "eu", "email": "a@b.example"}
    first = microsoft.ensure_customer(customer, **tenant)
    microsoft._tenants.clear()  # another process

    second = microsoft.ensure_customer(customer, **tenant)

    assert first == second
    assert len(first.domain.partition(".")[0]) <= 27


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_code_that_we_know_is_of_one_class(code: str) -> None:
    body = f'{{"code": {code}, "description": "Words.", "data": []}}'.encode()

    for said in (body, body.replace(code.encode(), f'"{code}"'.encode())):
        assert type(no_of_partner_center(400, said, None)) is MEANINGS[code]
    assert MEANINGS[code] in CLASSES


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(400, b'{"code": 1}', InvalidRequest), (412, b"{}", Stale), (400, b'{"code": "27006"}', LimitExceeded)],
)
def test_a_code_that_we_do_not_know_goes_by_its_status(status: int, body: bytes, kind: type[Exception]) -> None:
    assert type(no_of_partner_center(status, body, None)) is kind


def test_audit_records_are_read_from_where_we_stopped(
    microsoft: PartnerCenterProvider, partner_center: Controlled
) -> None:
    first = bought(microsoft)
    seen = microsoft.list_changes_since(None)
    second = bought(microsoft)

    after = microsoft.list_changes_since(seen.cursor)

    assert first in {one.subscription_id for one in seen.items}
    assert {one.subscription_id for one in after.items} == {second}
    assert microsoft.list_changes_since(after.cursor).items == ()
    assert all(one.at <= datetime.now(UTC) + timedelta(days=1) for one in seen.items)
