"""Subscriptions on the wire: how they stand, what may be done with them now, and what a change would mean."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_dump

from domains.services.queries import WHY

from . import Answer, Money, Paged, Request, page_of
from .offers import KINDS, cycle_word, term_word
from .orders import Failure, NextInvoice, Tax
from .values import Choice, Int, ToldToResellers, Word, count, day, identifier, moment, text

STATES = ("pending", "active", "suspended", "pending_cancellation", "canceled", "expired", "failed", "unknown")
ACTIONS = ("change_quantity", "return_seats", "cancel", "cancel_at_end_of_term", "extend", "suspend", "resume",
           "change_plan", "schedule_change")  # fmt: skip
CHANGES = ("change_quantity", "cancel", "extend", "suspend", "resume", "change_plan", "schedule_change")


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


class NextTerm(Answer):
    """What the next term begins with; null for what stays as it is."""

    quantity = count(allow_none=True)
    offer_id = identifier("null, too, for an offer that we do not sell.", allow_none=True)
    provider_offer_id = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    term = fields.String(allow_none=True, metadata={"examples": ["P1Y"]})
    billing_cycle = fields.String(allow_none=True, metadata={"examples": ["monthly"]})


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
    reseller_price = ToldToResellers(Money, attribute="payer_price")
    state = Word(*STATES)
    raw_state = fields.String(allow_none=True, metadata={"description": "The provider's own word."})
    valid_from = day()
    valid_to = day("The last day, inclusive; null when it never ends.", allow_none=True)
    auto_renew = fields.Boolean()
    next_term = fields.Nested(NextTerm, allow_none=True, metadata={"description": "Planned for the next term."})
    add_on_count = count(attribute="addons", description="How many running subscriptions add to it.")
    end_of_term = Word("renew", "cancel", "bridge", description="What happens after its last day.", allow_none=True)
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
    quantity = count(0, description="For change_quantity, change_plan and schedule_change.")
    valid_to = day("For extend: the new last day.")
    mode = Choice("CancelMode", ("now", "end_of_term"), description="For cancel.")
    offer_id = identifier("For change_plan and schedule_change.")
    term = text(10, description="For change_plan and schedule_change.", examples=["P1Y"])
    billing_cycle = text(10, description="For change_plan and schedule_change.", examples=["annual"])


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
    valid_to = day("The last day after a change of plan.", allow_none=True)
    next_cycle_price = fields.Nested(
        Money,
        allow_none=True,
        metadata={"description": "For schedule_change: a billing cycle then, at today's prices."},
    )
    deletes_scheduled = fields.List(fields.String(), metadata={"description": "Planned changes that it would delete."})
    allowed_end_dates = fields.List(day())
    approval_needed = fields.Boolean(metadata={"description": "Whether it will wait until somebody approves it."})
    approval_reasons = fields.List(Word(*WHY), metadata={"description": "Why it will."})

    @pre_dump
    def flattened(self, preview: Any, **_: Any) -> dict[str, Any]:
        names = ("charge_now", "refund", "every_month", "tax_estimate", "next_invoice", "undo_until")
        terms = {name: getattr(preview.terms, name, None) for name in (*names, "next_cycle_price")}
        terms["valid_to"] = getattr(getattr(preview.terms, "plan", None), "valid_to", None)
        start, deletes = getattr(preview.terms, "effective_on", None), getattr(preview.terms, "deletes_scheduled", ())
        asks = {"approval_needed": bool(preview.why_ask), "approval_reasons": preview.why_ask}
        return {**vars(preview), **terms, **asks, "effective_from": start, "deletes_scheduled": deletes}


class _Change(Request):
    preview_id = identifier("A preview of this change: exactly what it promised is charged.")


class ChangeQuantityRequest(_Change):
    """How many units there shall be."""

    quantity = count(1, required=True)


class CancelRequest(_Change):
    """When it shall end."""

    mode = Choice("CancelMode", ("now", "end_of_term"), required=True)


class ExtendRequest(_Change):
    """Until when it shall run, or by which strategy of `listExtensions`."""

    valid_to = day("The new last day, one of `allowed_end_dates`; needed for `free_date`.", load_default=None)
    strategy = Choice(
        "ExtensionStrategy", ("free_date", "next_term", "bridge"), load_default="free_date",
        description="next_term: another term; bridge: month by month, at a surcharge. Both begin as the term is over.",
    )  # fmt: skip


class SuspendRequest(_Change):
    """Nothing more needs to be said."""


class ResumeRequest(_Change):
    """Nothing more needs to be said."""


class _Plan(_Change):
    offer_id = identifier("One of the offers of `plans`; left out, the one that it has.")
    term = text(10, description="One of the terms of `plans`.", examples=["P1Y"])
    billing_cycle = text(10, description="One of the billing cycles of `plans`.", examples=["annual"])
    quantity = count(1, description="Left out, as many as now.")


class ChangePlanRequest(_Plan):
    """The plan it shall have from now on. What is left out may be anything that is offered."""


class ScheduledChangeRequest(_Plan):
    """What the next term shall begin with. What is left out stays as it is."""


class PlanOffer(Answer):
    """A plan that a subscription can have, at the sales price of today."""

    offer_id = identifier()
    name = fields.String()
    term = term_word()
    billing_cycle = cycle_word()
    unit_price = fields.Nested(Money, metadata={"description": "Per unit and billing cycle."})
    min_quantity = count(attribute="choice.min_quantity")
    max_quantity = count(attribute="choice.max_quantity", allow_none=True)
    step = Word("edition", "term", "conversion", "renewal", attribute="choice.kind")
    new_term = fields.Boolean(attribute="choice.new_term", metadata={"description": "It begins a term of its own."})
    reopens_window = fields.Boolean(
        attribute="choice.reopens_window", metadata={"description": "The windows to cancel and give back open again."}
    )


class PlanOffers(Answer):
    """The plans that a subscription can change to now; none while it can change to none."""

    items = fields.List(fields.Nested(PlanOffer))


class ScheduledChange(Answer):
    """What is planned for a subscription's next term, and what can be."""

    id = identifier("The subscription's.")
    version = Int(metadata={"format": "int32"})
    scheduled = fields.Nested(NextTerm, allow_none=True)
    begins_on = day("The first day of the next term; null when there is none.", allow_none=True)
    allowed = fields.Nested(AllowedAction)
    plans = fields.List(fields.Nested(PlanOffer))


class AddOns(Answer):
    """What adds to a subscription, and what an act on it means for that."""

    items = fields.List(fields.Nested(Subscription))
    rules = fields.Dict(
        keys=fields.String(), values=fields.String(),
        metadata={"description": "cancel, suspend, expire: block, keep or follow, as the provider says."},
    )  # fmt: skip


class CoTermWith(Answer):
    """Another subscription of the account."""

    id = identifier()
    name = fields.String()


class CoTerm(Answer):
    """A day on which a subscription and others of its account can end together: a `valid_to` for extendSubscription."""

    valid_to = day()
    subscriptions = fields.List(fields.Nested(CoTermWith))


class CoTerms(Answer):
    """The days of other subscriptions that the provider allows, the soonest first."""

    items = fields.List(fields.Nested(CoTerm))


class Extension(Answer):
    """One way to run longer, as the provider allows it now."""

    strategy = Word("free_date", "next_term", "bridge")
    end_date = day("The last day that it leads to, inclusive; of a bridge, that of its first month.")
    unit_price = fields.Nested(Money, allow_none=True)
    cost = fields.Nested(Money, allow_none=True, metadata={"description": "It commits to; of a day, see its preview."})
    together_with = fields.List(identifier(), metadata={"description": "Other subscriptions that end on that day."})


class Extensions(Answer):
    """Every way to run longer: days first, the soonest first, then what begins at the end of the term."""

    items = fields.List(fields.Nested(Extension))
