"""Subscriptions on the wire: how they stand, what may be done with them now, and what a change would mean."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_dump

from . import Answer, Money, Paged, Request, page_of
from .offers import KINDS, cycle_word, term_word
from .orders import Failure, NextInvoice, Tax
from .values import Choice, Int, Word, count, day, identifier, moment, text

STATES = ("pending", "active", "suspended", "pending_cancellation", "canceled", "expired", "failed", "unknown")
ACTIONS = ("change_quantity", "return_seats", "cancel", "cancel_at_end_of_term", "extend")
CHANGES = ("change_quantity", "cancel", "extend")


class SeatLot(Answer):
    """Seats that were bought together and can go back until `returnable_until`."""

    quantity = count()
    added_at = moment()
    returnable_until = moment(allow_none=True)
    source = fields.String(allow_none=True, metadata={"description": "The order or change they came from."})


class AllowedAction(Answer):
    """Whether something can be done now, and if not, why and when again."""

    action = Word(*ACTIONS)
    enabled = fields.Boolean()
    reason_code = fields.String(allow_none=True, metadata={"examples": ["cancel_window_closed"]})
    reason = fields.String(allow_none=True, metadata={"description": "For people."})
    available_from = moment("When it becomes possible again.", allow_none=True)
    available_until = moment("When it stops being possible.", allow_none=True)


class Subscription(Answer):
    """Units of one offer that an account has for a term."""

    id = identifier()
    number = fields.String(metadata={"description": "For people.", "examples": ["SUB-2026-000123"]})
    customer_id = identifier()
    account_id = identifier()
    account_name = fields.String()
    order_id = identifier()
    offer_id = identifier()
    provider_subscription_id = fields.String(allow_none=True)
    parent_subscription_id = identifier(allow_none=True)
    name = fields.String()
    vendor = fields.String()
    kind = Word(*KINDS)
    unit = fields.String(metadata={"examples": ["seat"]})
    term = term_word()
    billing_cycle = cycle_word()
    quantity = count()
    min_quantity = count()
    max_quantity = count(allow_none=True)
    unit_price = fields.Nested(Money, metadata={"description": "Per unit and billing cycle."})
    cycle_price = fields.Nested(Money, metadata={"description": "All units, a whole billing cycle."})
    state = Word(*STATES)
    raw_state = fields.String(allow_none=True, metadata={"description": "The provider's own word."})
    valid_from = day()
    valid_to = day("The last day, inclusive; null when it never ends.", allow_none=True)
    auto_renew = fields.Boolean()
    returnable_quantity = count(description="How many units can go back now.")
    returnable_seats = fields.List(fields.Nested(SeatLot))
    cancelable_until = moment(allow_none=True)
    allowed_actions = fields.List(fields.Nested(AllowedAction))
    allowed_end_dates = fields.List(day())
    error = fields.Nested(Failure, allow_none=True)
    version = Int(metadata={"format": "int32"})


SubscriptionList = page_of(Subscription)


class SubscriptionQuery(Paged):
    """Which subscriptions to list."""

    customer_id = identifier("Only this customer's.")
    account_id = identifier("Only this account's.")
    state = text(24, description="Only those in this state.", examples=["active"])
    valid_to_before = day("Only those whose last day is before this day.")
    q = text(200, description="Words in the name, the number or the account's name.")


class ChangePreviewRequest(Request):
    """What would be changed."""

    action = Choice("ChangeAction", CHANGES, required=True)
    quantity = count(0, description="For change_quantity.")
    valid_to = day("For extend: the new last day.")
    mode = Choice("CancelMode", ("now", "end_of_term"), description="For cancel.")


class ChangePreview(Answer):
    """What a change would mean; when it is allowed, a promise until `expires_at`."""

    allowed = fields.Boolean()
    id = identifier("Send it as `preview_id`; null when it is not allowed.", allow_none=True)
    expires_at = moment(allow_none=True)
    reason_code = fields.String(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "Why it is not allowed, for people."})
    available_from = moment("When it becomes possible.", allow_none=True)
    charge_now = fields.Nested(Money, allow_none=True, metadata={"description": "Negative for a refund."})
    refund = fields.Nested(Money, allow_none=True)
    every_month = fields.Nested(Money, allow_none=True, metadata={"description": "More, or less, each month."})
    tax_estimate = fields.Nested(Tax, allow_none=True)
    next_invoice = fields.Nested(NextInvoice, allow_none=True)
    effective_from = day(allow_none=True)
    undo_until = moment(allow_none=True)
    deletes_scheduled = fields.List(fields.String(), metadata={"description": "Planned changes that it would delete."})
    allowed_end_dates = fields.List(day())

    @pre_dump
    def flattened(self, preview: Any, **_: Any) -> dict[str, Any]:
        names = ("charge_now", "refund", "every_month", "tax_estimate", "next_invoice", "undo_until")
        terms = {name: getattr(preview.terms, name, None) for name in names}
        start, deletes = getattr(preview.terms, "effective_on", None), getattr(preview.terms, "deletes_scheduled", ())
        return {**vars(preview), **terms, "effective_from": start, "deletes_scheduled": deletes}


class _Change(Request):
    preview_id = identifier("A preview of this change: exactly what it promised is charged.")


class ChangeQuantityRequest(_Change):
    """How many units there shall be."""

    quantity = count(1, required=True)


class CancelRequest(_Change):
    """When it shall end."""

    mode = Choice("CancelMode", ("now", "end_of_term"), required=True)


class ExtendRequest(_Change):
    """Until when it shall run."""

    valid_to = day("The new last day, one of `allowed_end_dates`.", required=True)
