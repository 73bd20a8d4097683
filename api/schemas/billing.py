"""Charges on the wire: what is owed, one by one and by the month."""

from __future__ import annotations

from marshmallow import fields, validate

from . import Answer, Money, Paged, Request, page_of
from .offers import CURRENCY
from .values import Int, ToldToResellers, Word, day, identifier, moment

RESOLD = "What the end-customer pays its reseller, where that is another price; for the reseller alone."


class Charge(Answer):
    """Something that is owed, net; negative when it is given back."""

    id = identifier()
    customer_id = identifier()
    account_id = identifier()
    account_name = fields.String()
    subscription_id = identifier()
    source_id = identifier("The order or change that caused it.")
    kind = Word("activation", "period", "change_quantity", "cancel", "extend", "change_plan", "renewal")
    name = fields.String(metadata={"description": "What it is for."})
    quantity = Int(metadata={"format": "int32", "description": "Units; negative for those that went back."})
    unit_price = fields.Nested(Money, attribute="price", metadata={"description": "Per unit and billing cycle."})
    amount = fields.Nested(Money)
    resale_price = ToldToResellers(Money, description=RESOLD)
    resale_amount = ToldToResellers(Money, description=RESOLD)
    effective_on = day("The first day it is for.")
    until = day("The last day it is for, inclusive.", allow_none=True)
    created_at = moment()


ChargeList = page_of(Charge)


class ChargeQuery(Paged):
    """Which charges to list."""

    customer_id = identifier("Only this customer's.")
    account_id = identifier("Only this account's.")
    subscription_id = identifier("Only this subscription's.")


class MonthCost(Answer):
    """What a month cost, net."""

    month = day("Its first day.")
    amount = fields.Nested(Money)


class CurrencyCosts(Answer):
    """The months of one currency, oldest first; a month without charges is there with zero."""

    currency = fields.String()
    months = fields.List(fields.Nested(MonthCost))


class Costs(Answer):
    """What the last months cost. Amounts of different currencies are never added up."""

    currencies = fields.List(fields.Nested(CurrencyCosts))


class CostsQuery(Request):
    """Whose costs."""

    customer_id = identifier("Only this customer's.")
    account_id = identifier("Only this account's.")
    currency = fields.String(validate=CURRENCY, metadata={"description": "ISO 4217 code."})
    months = fields.Integer(
        validate=validate.Range(1, 36), metadata={"format": "int32", "description": "How many, this one included; 12."}
    )
