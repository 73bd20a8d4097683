"""Orders on the wire: what is asked for, what is promised, and what became of each line."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, pre_dump, validate

from domains.services.pricing import FOREVER
from domains.services.queries import WHY, LineWish

from . import Answer, Money, Paged, Request, page_of
from .offers import KINDS, PriceBasis, cycle_word, term_word
from .values import Int, ToldToResellers, Word, count, day, identifier, moment, text

STATES = (
    "awaiting_approval", "scheduled", "placed", "at_provider", "completed", "partially_completed", "rejected",
    "canceled", "failed",
)  # fmt: skip


def answers_to() -> Any:
    """Answers to the offer's `questions`, by key."""
    said: Any = fields.String(validate=validate.Length(max=200))
    told = {"description": "To the offer's `questions`, by key.", "examples": [{"domain": "northwind.example"}]}
    return fields.Dict(keys=fields.String(validate=validate.Length(1, 40)), values=said,
                       validate=validate.Length(max=20), metadata=told)  # fmt: skip


def answered() -> Any:
    """The answers that a line carries."""
    return fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True,
                       metadata={"description": "To what the offer asks, by key."})  # fmt: skip


class AddOnRequest(Request):
    """An add-on for the line it stands in."""

    offer_id = identifier(required=True)
    quantity = count(1, required=True)
    term = text(10, examples=["P1Y"])
    billing_cycle = text(10, examples=["monthly"])
    answers = answers_to()


class OrderLineRequest(AddOnRequest):
    """One line of an order. Term and billing cycle may be left out: the offer has a default."""

    parent_subscription_id = identifier("What an add-on adds to, where that is not plain.")
    add_ons = fields.List(fields.Nested(AddOnRequest), validate=validate.Length(max=20))


class PreviewOrderRequest(Request):
    """What would be ordered."""

    account_id = identifier(required=True)
    lines = fields.List(fields.Nested(OrderLineRequest), required=True, validate=validate.Length(1, 50))
    po_reference = text(80, description="Printed on the invoice.")
    cost_centre = text(80)
    starts_on = day("A later day to start on, up to 90 days ahead; else it starts today.")

    @post_load
    def as_wishes(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Lines as the domain takes them, each followed by its add-ons."""
        lines = []
        for line in data["lines"]:
            add_ons = line.pop("add_ons", ())
            lines += [LineWish(**line), *(LineWish(**add_on) for add_on in add_ons)]
        return {**data, "lines": lines}


class OrderRequest(PreviewOrderRequest):
    """What is ordered; with `preview_id` exactly at the prices that the preview promised."""

    preview_id = identifier("A preview of the same lines for the same account.")


class Tax(Answer):
    """Tax as far as it can be told before the invoice."""

    name = fields.String(metadata={"examples": ["VAT"]})
    country = fields.String(metadata={"examples": ["DE"]})
    percent = fields.String(metadata={"description": "Decimal as text.", "examples": ["19"]})
    amount = fields.Nested(Money)
    rule = fields.String(metadata={"description": "How it was reckoned, for people."})


class NextInvoice(Answer):
    """What the next invoice will hold of this."""

    on = day()
    net = fields.Nested(Money)
    amount = fields.Nested(Money, metadata={"description": "With the estimated tax."})


class PreviewLine(Answer):
    """One line with everything decided."""

    offer_id = identifier()
    name = fields.String()
    vendor = fields.String()
    kind = Word(*KINDS)
    unit = fields.String()
    term = term_word()
    billing_cycle = cycle_word()
    quantity = count()
    unit_price = fields.Nested(Money, metadata={"description": "Per unit and billing cycle."})
    charge_now = fields.Nested(Money)
    cycle_price = fields.Nested(Money, metadata={"description": "All units, a whole billing cycle."})
    effective_from = day()
    valid_to = day("The last day, inclusive; null when it never ends.", allow_none=True)
    undo_until = moment("Until when it can be cancelled for a refund; null: not at all.", allow_none=True)
    reseller_price = ToldToResellers(Money, attribute="payer_price")
    answers = answered()


class OrderPreview(Answer):
    """A promise: order with its id until `expires_at`, and exactly this is charged. Only the tax is an estimate."""

    id = identifier("Send it as `preview_id`.")
    expires_at = moment()
    account_id = identifier(attribute="terms.account_id")
    lines = fields.List(fields.Nested(PreviewLine))
    charge_now = fields.Nested(Money, attribute="terms.charge_now")
    every_month = fields.Nested(Money, attribute="terms.every_month")
    commitment = fields.Nested(
        Money, attribute="terms.commitment", metadata={"description": "Everything that will be charged over the terms."}
    )
    tax_estimate = fields.Nested(Tax, attribute="terms.tax_estimate")
    next_invoice = fields.Nested(NextInvoice, attribute="terms.next_invoice")
    approval_needed = fields.Boolean(metadata={"description": "Whether it will wait until somebody approves it."})
    approval_reasons = fields.List(Word(*WHY), metadata={"description": "Why it will."})
    warnings = fields.List(fields.String(), metadata={"description": "For people."})

    @pre_dump
    def with_lines(self, preview: Any, **_: Any) -> dict[str, Any]:
        start = preview.terms.effective_on
        lines = [{**vars(line), "effective_from": start, "valid_to": last_day(line)} for line in preview.terms.lines]
        known = {"id": preview.id, "expires_at": preview.expires_at, "terms": preview.terms}
        asks = {"approval_needed": bool(preview.why_ask), "approval_reasons": preview.why_ask}
        return {**known, **asks, "lines": lines, "warnings": []}


def last_day(line: Any) -> Any:
    """The last day of a line, or None when it never ends."""
    return None if line.valid_to == FOREVER else line.valid_to


class Failure(Answer):
    """Why something came to nothing."""

    code = fields.String()
    detail = fields.String(metadata={"description": "For people."})


class OrderLine(Answer):
    """One line and the subscription that comes of it."""

    subscription_id = identifier()
    offer_id = identifier()
    name = fields.String()
    vendor = fields.String()
    kind = Word(*KINDS)
    unit = fields.String()
    term = term_word()
    billing_cycle = cycle_word()
    quantity = count()
    unit_price = fields.Nested(Money)
    charge_now = fields.Nested(Money)
    cycle_price = fields.Nested(Money)
    valid_to = day(allow_none=True)
    undo_until = moment(allow_none=True)
    parent_subscription_id = identifier(allow_none=True)
    answers = answered()
    state = Word("pending", "accepted", "rejected")
    error = fields.Nested(Failure, allow_none=True)
    priced_by = fields.Nested(
        PriceBasis, allow_none=True, metadata={"description": "By what its price came about; null for older orders."}
    )
    reseller_price = ToldToResellers(Money, attribute="payer_price")


class Order(Answer):
    """An order and what became of it."""

    id = identifier()
    number = fields.String(
        allow_none=True,
        metadata={"description": "For people; null for the first moments.", "examples": ["ORD-2026-000123"]},
    )
    customer_id = identifier()
    account_id = identifier()
    account_name = fields.String()
    state = Word(*STATES)
    currency = fields.String()
    lines = fields.List(fields.Nested(OrderLine))
    charge_now = fields.Nested(Money)
    every_month = fields.Nested(Money, allow_none=True)
    commitment = fields.Nested(Money)
    po_reference = fields.String(allow_none=True)
    cost_centre = fields.String(allow_none=True)
    preview_id = identifier(allow_none=True)
    ordered_by = fields.String()
    effective_on = day()
    error = fields.Nested(Failure, allow_none=True)
    placed_at = moment()
    ended_at = moment(allow_none=True)
    version = Int(metadata={"format": "int32"})


OrderList = page_of(Order)


class OrderQuery(Paged):
    """Which orders to list."""

    customer_id = identifier("Only this customer's.")
    account_id = identifier("Only this account's.")
    state = text(24, description="Only those in this state.", examples=["completed"])
    q = text(200, description="Words in the number or the account's name.")
