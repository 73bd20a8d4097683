"""Quotes on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_dump, validate

from domains.services.queries import QUOTE_STATES

from . import Answer, Money, Paged, Request, page_of
from .orders import PreviewLine, PreviewOrderRequest, last_day
from .values import Int, Word, day, identifier, moment, text


class QuoteRequest(PreviewOrderRequest):
    """What is offered, and for how long."""

    valid_days = Int(
        load_default=30, validate=validate.Range(1, 90), metadata={"format": "int32", "description": "1 to 90."}
    )
    note = text(1000, description="Stands on the quote.")


class QuoteDecline(Request):
    """A no."""

    reason = text(500)


class Quote(Answer):
    """An order that can be taken up until `valid_until` at its unit prices."""

    id = identifier()
    number = fields.String(metadata={"examples": ["QUO-2026-000001"]})
    customer_id = identifier()
    account_id = identifier()
    account_name = fields.String()
    state = Word(*QUOTE_STATES)
    lines = fields.List(fields.Nested(PreviewLine))
    charge_now = fields.Nested(Money, attribute="terms.charge_now")
    every_month = fields.Nested(Money, attribute="terms.every_month")
    commitment = fields.Nested(Money)
    effective_on = day("As reckoned; accepted on a later day, the days move along.", attribute="terms.effective_on")
    po_reference = fields.String(allow_none=True, attribute="terms.po_reference")
    cost_centre = fields.String(allow_none=True, attribute="terms.cost_centre")
    note = fields.String(allow_none=True)
    made_by = fields.String()
    made_at = moment()
    valid_until = moment()
    sent_at = moment(allow_none=True)
    decided_by = fields.String(allow_none=True)
    decided_at = moment(allow_none=True)
    reason = fields.String(allow_none=True)
    order_id = identifier("The order that has taken it up.", allow_none=True)
    version = Int(metadata={"format": "int32"})

    @pre_dump
    def with_lines(self, quote: Any, **_: Any) -> dict[str, Any]:
        start = quote.terms.effective_on
        lines = [{**vars(line), "effective_from": start, "valid_to": last_day(line)} for line in quote.terms.lines]
        return {**vars(quote), "lines": lines}


QuoteList = page_of(Quote)


class QuoteQuery(Paged):
    """Which quotes to list."""

    customer_id = identifier("Only this customer's.")
    account_id = identifier("Only this account's.")
    state = text(10, description="Only those in this state.", examples=["sent"])
