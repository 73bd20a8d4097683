"""The page of approval limits, and the order form of somebody whose limit is lower."""

from __future__ import annotations

from .stall import Stall
from .visitor import summary_of, text_of

AT = "/approval-limits"


def test_an_owner_sets_limits_and_a_buyer_reads_them(stall: Stall) -> None:
    owner, buyer = stall.visitor("owner"), stall.visitor("buyer")

    sent = owner.send(owner.get(AT), AT, buyer="5000,50")

    assert (sent.status_code, sent.location) == (303, AT)
    assert "5,000.50" in text_of(buyer.get(AT))
    assert "An owner sets these" in text_of(buyer.get(AT))
    assert buyer.open("POST", AT, data={"csrf_token": "x"}).status_code in (400, 403)


def test_what_is_no_amount_is_said_at_its_field(stall: Stall) -> None:
    owner = stall.visitor("owner")

    sent = owner.send(owner.get(AT), AT, buyer="much")

    assert sent.status_code == 422
    assert "Type the limit as a number" in summary_of(sent)


def test_an_order_above_the_limit_is_said_before_and_waits(stall: Stall) -> None:
    owner, buyer = stall.visitor("owner"), stall.visitor("buyer")
    owner.send(owner.get(AT), AT, buyer="1")

    checked = stall.checked(buyer)
    sent = buyer.send(checked, "/orders")

    assert "This order needs approval" in text_of(checked)
    assert sent.status_code == 303
    assert "Somebody has to approve this" in text_of(buyer.get(sent.location))
