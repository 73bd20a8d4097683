"""How a run has ended, in a sentence and a few rows: done, done in part, or undone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domains.kernel.database import new_id
from portal.outcomes import outcome_of
from saga import tables
from saga.tables import Run
from saga.timeline import TimelineStep

from .stall import REFUSED, Stall

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


def a_run(definition: str, **facts: Any) -> Run:
    """A run that has ended well, or as the test says."""
    empty: dict[str, Any] = dict.fromkeys(tables.run.c.keys())
    known = {"id": new_id(), "definition": definition, "status": "completed", "outputs": {}, "resource_id": new_id()}
    return Run(**{name: (empty | known | facts).get(name) for name in Run.__dataclass_fields__})


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


EUROS: dict[str, Any] = {"charge_now": euros("115.50"), "currency": "EUR"}


@pytest.mark.parametrize(
    ("definition", "payload", "title", "row"),
    [
        ("change-quantity", {"to_quantity": 1041, "from_quantity": 31}, "The quantity is 1,041 now; it was 31.",
         ("Charged", "EUR 115.50, net")),
        ("change-quantity", {"to_quantity": 21, "from_quantity": 31, "charge_now": euros("-73.5")},
         "The quantity is 21 now; it was 31.", ("Comes back", "EUR 73.50, net")),
        ("cancel-subscription", {"mode": "end_of_term", "valid_to": "2027-03-02", "charge_now": euros("0")},
         "It ends on 2 Mar 2027 and will not renew.", ("Charged", "Nothing")),
        ("cancel-subscription", {"mode": "now"}, "It has been cancelled.", ("Charged", "EUR 115.50, net")),
        ("extend-subscription", {"valid_to_wish": "2027-03-31"}, "It runs to 31 Mar 2027 now.",
         ("Charged", "EUR 115.50, net")),
    ],
)  # fmt: skip
def test_a_change_ends_with_how_it_is_now_and_what_it_cost(
    stall: Stall, definition: str, payload: dict[str, Any], title: str, row: tuple[str, str]
) -> None:
    with stall.app.test_request_context("/"):
        ended = outcome_of(a_run(definition, payload=EUROS | payload), [])

    assert (ended.kind, ended.title) == ("done", title)
    assert [tuple(text.replace("\xa0", " ") for text in one) for one in ended.settled] == [row]


def test_a_decision_ends_with_what_was_decided(stall: Stall) -> None:
    with stall.app.test_request_context("/"):
        ended = outcome_of(a_run("set-end-of-term", payload={"end_mode": "cancel"}), [])

    assert (ended.kind, ended.title, ended.settled) == ("done", "It is decided: Let it end.", [])


def test_an_order_done_in_part_charges_and_names_only_what_was_accepted(stall: Stall) -> None:
    yes, no = str(new_id()), str(new_id())
    lines = [{"subscription_id": one, "name": name, "charge_now": euros(amount)}
             for one, name, amount in ((yes, "Meeting Rooms", "10.00"), (no, "Intranet", "5.00"))]  # fmt: skip
    outputs = {"accepted": [{"subscription_id": yes}], "rejected": [{"subscription_id": no, "detail": "Sold out."}]}

    with stall.app.test_request_context("/"):
        ended = outcome_of(a_run("place-order", payload=EUROS | {"lines": lines}, outputs=outputs), [])

    assert (ended.kind, ended.title) == ("waiting", "Some lines were refused. The others are active.")
    assert ended.refused == [("Intranet", "Sold out.")]
    assert ended.settled[0][1].replace("\xa0", " ") == "EUR 10.00, net"


def test_what_costs_nothing_ends_without_talk_of_money(stall: Stall) -> None:
    no = TimelineStep("accounts.open_account", "", "refused", START, START, 1, None, REFUSED)
    with stall.app.test_request_context("/"):
        ended = outcome_of(a_run("open-account", status="compensated", error=REFUSED, payload={}), [no])

    assert (ended.title, ended.settled, ended.again) == ("This came to nothing.", [], None)
