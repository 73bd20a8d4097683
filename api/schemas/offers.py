"""The catalogue on the wire: what can be bought, in which ways, at the sales price of the one who asks."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from . import Answer, Money, Paged, Request
from .values import Choice, Int, Whole, Word, count, day, identifier, text

KINDS = ("seat", "usage", "perpetual", "addon", "trial")
TERMS = ("P1M", "P1Y", "P3Y", "one_time")
CYCLES = ("monthly", "annual", "one_time")


def term_word() -> Word:
    """The length of a subscription."""
    return Word(*TERMS, description="ISO 8601 duration, or one_time.")


def cycle_word(**options: Any) -> Word:
    """How often it is charged."""
    return Word(*CYCLES, **options)


class PriceBasis(Answer):
    """By what a price came about."""

    book = fields.String(metadata={"description": "The price book."})
    on = day("The day whose rules and promotions hold.")
    agreement = fields.String(allow_none=True, metadata={"description": "The agreement that the book holds by."})
    tier = count(allow_none=True, description="From how many units on, where that is more than one.")
    promotion_id = fields.String(allow_none=True)
    promotion = fields.String(allow_none=True)
    regular_price = fields.Nested(Money, allow_none=True, metadata={"description": "Without the promotion."})


class PriceTier(Answer):
    """The price of a unit from so many on; it holds for all of them."""

    from_quantity = count()
    unit_price = fields.Nested(Money)


class OfferPlan(Answer):
    """One way to buy an offer, at the price for the fewest units that are sold."""

    term = term_word()
    billing_cycle = cycle_word()
    unit_price = fields.Nested(Money, metadata={"description": "Per unit and billing cycle."})
    list_price = fields.Nested(
        Money, allow_none=True, metadata={"description": "What the provider asks of everybody, where that is more."}
    )
    priced_by = fields.Nested(PriceBasis)
    tiers = fields.List(fields.Nested(PriceTier), metadata={"description": "What more of them cost a unit."})


class OfferLink(Answer):
    """Another offer."""

    id = identifier()
    provider_offer_id = fields.String()
    name = fields.String()


class OfferPolicy(Answer):
    """What the provider's rules will allow once it is bought. null: not at all, or no limit."""

    cancel_window_hours = Int(allow_none=True, dump_default=None, metadata={"format": "int32"})
    return_window_hours = Int(allow_none=True, dump_default=None, metadata={"format": "int32"})
    max_term_months = Int(allow_none=True, dump_default=None, metadata={"format": "int32"})
    extend = Word("free_date", "month_end", "none", dump_default="none")


class OfferSummary(Answer):
    """An offer as a list shows it, with the price of the plan it is ordered with by default."""

    id = identifier()
    provider_offer_id = fields.String(metadata={"description": "The provider's name for it; stable."})
    name = fields.String()
    vendor = fields.String()
    category = fields.String()
    description = fields.String()
    kind = Word(*KINDS)
    unit = fields.String(metadata={"examples": ["seat"]})
    min_quantity = count()
    max_quantity = count(allow_none=True)
    policy = fields.Nested(OfferPolicy)
    term = term_word()
    billing_cycle = cycle_word()
    terms = fields.List(term_word())
    billing_cycles = fields.List(cycle_word())
    currency = fields.String()
    unit_price = fields.Nested(Money, allow_none=True)
    available_from = day("Set while it is announced and not sold yet.", allow_none=True)


class Question(Answer):
    """Something the provider wants to know with an order; answer it in the line's `answers`, by `key`."""

    key = fields.String(metadata={"examples": ["domain"]})
    label = fields.String(metadata={"description": "For people, in the provider's words."})
    kind = Word("text", "domain", "email", "number", "yes_no", "choice")
    required = fields.Boolean(metadata={"description": "A required yes_no must be `yes`."})
    hint = fields.String()
    choices = fields.List(fields.String(), metadata={"description": "Of a choice."})


class Offer(Answer):
    """An offer with everything a buyer asks. `plans` begin with the default."""

    id = identifier()
    provider_offer_id = fields.String(metadata={"description": "The provider's name for it; stable."})
    name = fields.String()
    vendor = fields.String()
    category = fields.String()
    description = fields.String()
    kind = Word(*KINDS)
    unit = fields.String(metadata={"examples": ["seat"]})
    min_quantity = count()
    max_quantity = count(allow_none=True)
    countries = fields.List(fields.String(), metadata={"description": "`*` for all."})
    policy = fields.Nested(OfferPolicy)
    valid_from = day("First day it is sold.", allow_none=True)
    valid_to = day("Last day it is sold.", allow_none=True)
    is_sold = fields.Boolean(metadata={"description": "Whether the one who asks can order it today."})
    currency = fields.String()
    plans = fields.List(fields.Nested(OfferPlan))
    addon_of = fields.List(fields.Nested(OfferLink), metadata={"description": "It adds to one of these."})
    prerequisites = fields.List(
        fields.Nested(OfferLink), metadata={"description": "It needs one of these in the account."}
    )
    add_ons = fields.List(fields.Nested(OfferLink))
    questions = fields.List(fields.Nested(Question), metadata={"description": "What an order of it must answer."})
    version = Int(metadata={"format": "int32"})


class FacetValue(Answer):
    """A value to filter by, and how many offers have it."""

    value = fields.String()
    count = count()
    chosen = fields.Boolean()


class Facets(Answer):
    """What the offers found can be narrowed by. `price` is a band of the default plan's price, as from-to."""

    vendor = fields.List(fields.Nested(FacetValue))
    category = fields.List(fields.Nested(FacetValue))
    term = fields.List(fields.Nested(FacetValue))
    billing_cycle = fields.List(fields.Nested(FacetValue))
    kind = fields.List(fields.Nested(FacetValue))
    trial = fields.List(fields.Nested(FacetValue))
    price = fields.List(fields.Nested(FacetValue))


class OfferList(Answer):
    """A page of offers."""

    items = fields.List(fields.Nested(OfferSummary))
    next_cursor = fields.String(allow_none=True)
    has_more = fields.Boolean()
    total = count()
    facets = fields.Nested(Facets)


CURRENCY = Whole(r"^[A-Z]{3}$")


class OfferQuery(Paged):
    """Which offers to list; several values of one filter are alternatives."""

    q = text(200, description="Words to find, or the id of an offer.")
    vendor = fields.List(text(120))
    category = fields.List(text(80))
    term = fields.List(text(10))
    billing_cycle = fields.List(text(10))
    kind = fields.List(text(20))
    trial = fields.List(text(5), metadata={"description": "yes: trials; no: everything else."})
    price = fields.List(text(20), metadata={"description": "Bands as the facet `price` names them."})
    currency = fields.String(validate=CURRENCY, metadata={"description": "ISO 4217 code."})
    account_id = identifier("Prices, currency and country of this account.")
    sort = Choice("OfferSort", ("best", "price", "name"))


class OfferFor(Request):
    """For whom an offer is priced."""

    account_id = identifier("Prices, currency and country of this account.")
    currency = fields.String(validate=CURRENCY, metadata={"description": "ISO 4217 code."})
