"""Price books, agreements and why something costs what it costs, on the wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load

from domains.kernel.money import UnitPrice
from domains.services.pricing import ROUNDINGS, SCOPES, Rule

from . import Answer, Money, Paged, Patch, Request, page_of
from .offers import CURRENCY, PriceBasis, cycle_word, term_word
from .values import Choice, Int, ToldToResellers, Word, as_text, count, day, identifier, moment, text

PERCENT = r"^-?[0-9]{1,6}(\.[0-9]{1,6})?$"
ROUNDING = "minor: to the currency's minor unit; up_5: up to five of them; up_1: up to a whole unit; 99: up to …99."


class Percent(fields.String):
    """A percentage as decimal text, without needless zeros."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> str | None:
        return None if value is None else as_text(value, 0)


def percent(description: str) -> Any:
    """A percentage as decimal text."""
    return text(15, pattern=PERCENT, allow_none=True, load_default=None, description=description, examples=["12.5"])


def _unset(description: str, longest: int, **options: Any) -> Any:
    return text(longest, allow_none=True, load_default=None, description=description, **options)


class Step(Answer):
    """One step of how a price came about; `amount` is the price after it."""

    kind = Word("purchase", "list", "fixed", "markup", "discount", "rounding", "promotion")
    amount = fields.Nested(Money)
    percent = Percent(allow_none=True)
    name = fields.String(allow_none=True)


class PriceRule(Request):
    """Our cost plus a percentage, the provider's list price less one, or the fixed price of one plan."""

    scope = Choice("PriceRuleScope", SCOPES, required=True)
    target = text(
        120, shortest=0, load_default="", description="The offer's provider_offer_id, the vendor or category."
    )
    markup_percent = percent("On what it costs us.")
    discount_percent = percent("Off the provider's list price.")
    unit_price = fields.Nested(Money, allow_none=True, load_default=None)
    term = _unset("Only this term.", 10)
    billing_cycle = _unset("Only this billing cycle.", 10)
    currency = fields.String(validate=CURRENCY, allow_none=True, load_default=None)
    min_quantity = count(1, 2_000_000, load_default=1, description="From so many units on; holds for all of them.")
    valid_from = day("First day, inclusive.", allow_none=True, load_default=None)
    valid_to = day("Last day, inclusive.", allow_none=True, load_default=None)
    rounding = Choice("Rounding", ROUNDINGS, allow_none=True, load_default=None, description=ROUNDING)

    @post_load
    def as_rule(self, data: dict[str, Any], **_: Any) -> Rule:
        for name in ("markup_percent", "discount_percent"):
            data[name] = Decimal(data[name]) if data[name] is not None else None
        fixed = data["unit_price"]
        data["unit_price"] = UnitPrice(fixed.amount, fixed.currency) if fixed is not None else None
        return Rule(**data)


class PriceRuleAnswer(Answer):
    """A rule of a price book."""

    scope = Word(*SCOPES)
    target = fields.String()
    markup_percent = Percent(allow_none=True)
    discount_percent = Percent(allow_none=True)
    unit_price = fields.Nested(Money, allow_none=True)
    term = fields.String(allow_none=True)
    billing_cycle = fields.String(allow_none=True)
    currency = fields.String(allow_none=True)
    min_quantity = Int(metadata={"format": "int32"})
    valid_from = day(allow_none=True)
    valid_to = day(allow_none=True)
    rounding = Word(*ROUNDINGS, allow_none=True)


class PriceBookSummary(Answer):
    """A price book as a list shows it."""

    id = identifier()
    name = fields.String()
    rounding = Word(*ROUNDINGS)
    version = Int(metadata={"format": "int32"})
    changed_at = moment()


class PriceBook(PriceBookSummary):
    """A price book with its rules. The most particular rule wins."""

    rules = fields.List(fields.Nested(PriceRuleAnswer))


PriceBookList = page_of(PriceBookSummary)


class PriceBookVersion(Answer):
    """A price book as it has been since a moment."""

    version = Int(metadata={"format": "int32"})
    since = moment()
    rounding = Word(*ROUNDINGS)
    rules = fields.List(fields.Nested(PriceRuleAnswer))


class PriceBookVersions(Answer):
    """How a price book was, newest first, at most 50."""

    items = fields.List(fields.Nested(PriceBookVersion))


class PriceBookRequest(Request):
    """A new price book. Its name is what it is known by, and stays."""

    name = text(60, required=True, examples=["Partners 2027"])
    rounding = Choice("Rounding", ROUNDINGS, load_default="minor", description=ROUNDING)
    rules = fields.List(fields.Nested(PriceRule), required=True)


class PriceBookPatch(Patch):
    """What shall be different. Rules are replaced as a whole; what was ordered keeps its price."""

    rounding = Choice("Rounding", ROUNDINGS, description=ROUNDING)
    rules = fields.List(fields.Nested(PriceRule))


class PricePreviewRequest(Request):
    """Rules to try: compared with the book of this name, or with the standard one."""

    name = text(60, load_default=None, allow_none=True)
    rounding = Choice("Rounding", ROUNDINGS, load_default="minor", description=ROUNDING)
    currency = fields.String(validate=CURRENCY, load_default="EUR")
    rules = fields.List(fields.Nested(PriceRule), required=True)


class PriceEffect(Answer):
    """What becomes of the price of one offer."""

    offer_id = identifier()
    name = fields.String()
    vendor = fields.String()
    term = term_word()
    billing_cycle = cycle_word()
    purchase_price = fields.Nested(Money)
    before = fields.Nested(Money, allow_none=True)
    after = fields.Nested(Money, allow_none=True)
    margin_before = Percent(allow_none=True)
    margin_after = Percent(allow_none=True)


class PricePreview(Answer):
    """What the rules would do to the default plan of every offer in a currency."""

    currency = fields.String()
    dearer = count()
    cheaper = count()
    same = count()
    without_price = count()
    below_cost = count()
    samples = fields.List(fields.Nested(PriceEffect))


class PriceAgreement(Answer):
    """Prices agreed with a customer, or with a reseller for its end-customers."""

    id = identifier()
    customer_id = fields.UUID(attribute="holder_id")
    reference = fields.String()
    price_book = fields.String(metadata={"description": "Its name."})
    valid_from = day("First day, inclusive.")
    valid_to = day("Last day, inclusive.", allow_none=True)
    version = Int(metadata={"format": "int32"})
    changed_at = moment()


PriceAgreementList = page_of(PriceAgreement)


class PriceAgreementQuery(Paged):
    """Which agreements to list."""

    customer_id = identifier("Only those of this customer or reseller.")


class PriceAgreementRequest(Request):
    """Who shall buy by which price book, from when to when."""

    customer_id = identifier("The customer, or a reseller for all its end-customers.", required=True)
    reference = text(80, required=True, examples=["FA-2026-017"])
    price_book = text(60, required=True, description="Its name.", examples=["Partners 2027"])
    valid_from = day("First day, inclusive.", required=True)
    valid_to = day("Last day, inclusive.", allow_none=True, load_default=None)


class PriceAgreementPatch(Request):
    """Another last day; null for none."""

    valid_to = day("Last day, inclusive; today at the earliest.", required=True, allow_none=True)


class PriceQuery(Request):
    """Which price to explain: today's, of the fewest units, in the default way, unless something else is said."""

    account_id = identifier("For this account.")
    currency = fields.String(validate=CURRENCY, metadata={"description": "ISO 4217 code."})
    term = text(10)
    billing_cycle = text(10)
    quantity = fields.Integer(metadata={"minimum": 1, "maximum": 1_000_000, "format": "int32"},
                              validate=lambda value: 1 <= value <= 1_000_000)  # fmt: skip
    on = day("On this day: one that is over, too.")


class ResellerPart(Answer):
    """What a reseller may know besides: its own price, by what that came about, and what is left for it."""

    unit_price = fields.Nested(Money)
    priced_by = fields.Nested(PriceBasis)
    rule = fields.Nested(PriceRuleAnswer)
    margin_percent = Percent(allow_none=True, metadata={"description": "Of the end-customer's price."})


class PriceExplanation(Answer):
    """Why something costs what it costs. What it costs us, and the steps, are told to the operator alone."""

    offer_id = identifier()
    name = fields.String()
    term = term_word()
    billing_cycle = cycle_word()
    quantity = count()
    on = day()
    currency = fields.String()
    unit_price = fields.Nested(Money)
    priced_by = fields.Nested(PriceBasis)
    promotion = fields.String(allow_none=True, metadata={"description": "One that is about this, given or not."})
    hindrance = Word("max_quantity", "first_purchase", allow_none=True, description="Why it is not given.")
    most = count(allow_none=True, description="The most units that the promotion is given for.")
    rule = fields.Nested(PriceRuleAnswer, allow_none=True)
    steps = fields.List(fields.Nested(Step))
    purchase_price = fields.Nested(Money, allow_none=True)
    margin_percent = Percent(allow_none=True)
    reseller = ToldToResellers(ResellerPart, description="For the reseller alone.")
