"""Carts on the wire: what is put together for an account before it is ordered."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_dump

from . import Answer, Money, Paged, Patch, Request, page_of
from .orders import Failure, answered, answers_to
from .values import Int, count, day, identifier, moment, text


class CartRequest(Request):
    """Whose cart."""

    account_id = identifier(required=True)


class CartLineRequest(Request):
    """What is put in. Term and billing cycle may be left out: the offer has a default."""

    offer_id = identifier(required=True)
    quantity = count(1, required=True)
    term = text(10, examples=["P1Y"])
    billing_cycle = text(10, examples=["monthly"])
    base_line_id = identifier("The line of this cart that an add-on is for.")
    parent_subscription_id = identifier("The running subscription that an add-on is for, where that is not plain.")
    answers = answers_to()


class CartLinePatch(Patch):
    """What of a line shall be different."""

    quantity = count(1)
    term = text(10, examples=["P1Y"])
    billing_cycle = text(10, examples=["monthly"])
    answers = answers_to()


class CartPatch(Patch):
    """What the whole order carries."""

    po_reference = text(80, allow_none=True)
    cost_centre = text(80, allow_none=True)
    starts_on = day("A later day to start on, up to 90 days ahead; null: today.", allow_none=True)


class CartRefillRequest(Request):
    """Which order's lines are put back."""

    order_id = identifier("An order of which lines were refused.", required=True)


class CartOrderRequest(Request):
    """Which promise is taken up."""

    preview_id = identifier("The newest preview of this cart.", required=True)


class CartLine(Answer):
    """A line at today's prices; with `error` it cannot be ordered as it is."""

    id = identifier()
    offer_id = identifier()
    name = fields.String()
    quantity = count()
    term = fields.String(allow_none=True)
    billing_cycle = fields.String(allow_none=True)
    base_line_id = identifier(allow_none=True)
    parent_subscription_id = identifier(allow_none=True)
    answers = answered()
    unit_price = fields.Nested(Money, allow_none=True)
    charge_now = fields.Nested(Money, allow_none=True)
    cycle_price = fields.Nested(Money, allow_none=True)
    error = fields.Nested(Failure, allow_none=True)

    @pre_dump
    def with_price(self, line: Any, **_: Any) -> dict[str, Any]:
        prices = ("unit_price", "charge_now", "cycle_price")
        return {**vars(line), **{name: getattr(line.priced, name, None) for name in prices}}


class Cart(Answer):
    """The cart of an account. The sums are null while a line cannot be ordered, or there is none."""

    id = identifier()
    customer_id = identifier()
    account_id = identifier()
    account_name = fields.String()
    currency = fields.String()
    po_reference = fields.String(allow_none=True)
    cost_centre = fields.String(allow_none=True)
    starts_on = day(allow_none=True)
    lines = fields.List(fields.Nested(CartLine))
    charge_now = fields.Nested(Money, allow_none=True)
    every_month = fields.Nested(Money, allow_none=True)
    commitment = fields.Nested(Money, allow_none=True)
    error = fields.Nested(Failure, allow_none=True)
    updated_at = moment()
    version = Int(metadata={"format": "int32"})

    @pre_dump
    def with_sums(self, cart: Any, **_: Any) -> dict[str, Any]:
        return {**vars(cart), **{name: getattr(cart.terms, name, None) for name in SUMS}}


SUMS = ("charge_now", "every_month", "commitment")
CartList = page_of(Cart)


class CartQuery(Paged):
    """Which carts to list."""

    account_id = identifier("Only this account's.")
