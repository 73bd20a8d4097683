"""What a reseller asks of its end-customers, and what they owe it, on the wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load

from domains.services.pricing import ROUNDINGS

from . import Answer, Money, Request
from .prices import ROUNDING, Percent, PriceRule, PriceRuleAnswer, percent
from .values import Choice, Int, Word, day, identifier, moment

NULL = "Null: what holds for all end-customers."


class ResalePrices(Answer):
    """What end-customers pay: a percentage on the reseller's own price, and rules for what differs."""

    id = identifier("The end-customer's; the reseller's own for all of them.")
    for_all = fields.Boolean()
    markup_percent = Percent(allow_none=True, metadata={"description": f"On the reseller's own price. {NULL}"})
    rounding = Word(*ROUNDINGS)
    rules = fields.List(fields.Nested(PriceRuleAnswer))
    version = Int(metadata={"format": "int32", "description": "0 while nothing was set."})
    since = moment(allow_none=True)


class ResalePricesList(Answer):
    """What is set: for all end-customers first, then for single ones."""

    items = fields.List(fields.Nested(ResalePrices))


class ResalePricesRequest(Request):
    """What end-customers shall pay from now on; what was ordered keeps its price. Rules are replaced as a whole."""

    markup_percent = percent(f"On the reseller's own price, for what no rule is for. {NULL}")
    rounding = Choice("Rounding", ROUNDINGS, load_default="minor", description=ROUNDING)
    rules = fields.List(fields.Nested(PriceRule), load_default=list)

    @post_load
    def as_wish(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        said = data["markup_percent"]
        return data | {"markup_percent": Decimal(said) if said is not None else None}


class ResaleStatementQuery(Request):
    """Of which month."""

    month = day("A day of the month, such as its first.", required=True)


class Owed(Answer):
    """What an end-customer owes its reseller for a month, net; what that costs the reseller, and what is left."""

    customer_id = identifier()
    name = fields.String()
    amount = fields.Nested(Money)
    cost = fields.Nested(Money)
    margin = fields.Nested(Money)


class ResaleStatement(Answer):
    """What a reseller's end-customers owe it, by customer and currency."""

    month = day("Its first day.")
    items = fields.List(fields.Nested(Owed))
