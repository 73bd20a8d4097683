"""Approvals and rules for orders on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_dump, validate

from domains.kernel import money
from domains.services.queries import APPROVAL_STATES, WHY

from . import Answer, Money, Paged, Request, page_of
from .values import Int, Word, identifier, moment, text

_SUMS = ("charge_now", "every_month", "commitment", "next_cycle_price")


class ApprovalTerms(Answer):
    """The change or bulk plan that waits, as it was promised. Empty for an order: its terms are the order's."""

    subscription_id = identifier(allow_none=True)
    number = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    kind = fields.String(allow_none=True, metadata={"examples": ["change_quantity"]})
    from_quantity = Int(allow_none=True, metadata={"format": "int32"})
    to_quantity = Int(allow_none=True, metadata={"format": "int32"})
    valid_to = fields.String(allow_none=True, metadata={"format": "date"})
    valid_to_wish = fields.String(allow_none=True, metadata={"format": "date"})
    charge_now = fields.Nested(Money, allow_none=True)
    every_month = fields.Nested(Money, allow_none=True)
    commitment = fields.Nested(Money, allow_none=True)
    effective_on = fields.String(allow_none=True, metadata={"format": "date"})
    plan = fields.String(allow_none=True, metadata={"description": "The plan that it leads to."})
    term = fields.String(allow_none=True)
    billing_cycle = fields.String(allow_none=True)
    next_cycle_price = fields.Nested(Money, allow_none=True, metadata={"description": "Of a planned next term."})
    rows = Int(allow_none=True, metadata={"format": "int32", "description": "How many changes a bulk plan makes."})

    @pre_dump
    def filled(self, terms: dict[str, Any], **_: Any) -> dict[str, Any]:
        sums = {name: money.Money.of(**terms[name]) for name in _SUMS if terms.get(name)}
        return dict.fromkeys(self.fields) | terms | sums


class Approval(Answer):
    """An order, a change or a bulk plan that somebody must say yes to, who decides it, and what was decided."""

    id = identifier()
    customer_id = identifier()
    account_id = identifier()
    account_name = fields.String()
    subject_kind = Word("order", "change", "bulk_plan")
    subject_id = identifier("The id of the order, the change or the bulk plan.")
    operation_id = identifier("What waits for it.", allow_none=True)
    label = fields.String(metadata={"description": "What is asked for, in a line.", "examples": ["20 × Analytics"]})
    state = Word(*APPROVAL_STATES)
    amount = fields.Nested(Money, metadata={"description": "What is committed to over the whole term."})
    reasons = fields.List(Word(*WHY), attribute="why", metadata={"description": "Why somebody must approve it."})
    terms = fields.Nested(ApprovalTerms, allow_none=True)
    requested_by = fields.String()
    requested_at = moment()
    expires_at = moment("Undecided until then, it is taken back.")
    delegated_to = fields.String(allow_none=True, metadata={"description": "E-mail address of whom it was left to."})
    delegated_by = fields.String(allow_none=True)
    decided_by = fields.String(allow_none=True)
    decided_at = moment(allow_none=True)
    reason = fields.String(allow_none=True)
    may_decide = fields.Boolean(metadata={"description": "Whether you may approve or reject it now."})
    why_not = fields.String(allow_none=True, metadata={"description": "Why you may not, for people."})
    version = Int(metadata={"format": "int32"})


ApprovalList = page_of(Approval)


class ApprovalQuery(Paged):
    """Which approvals to list."""

    customer_id = identifier("Only this customer's.")
    account_id = identifier("Only this account's.")
    state = text(12, description="One state, or `open` for those that wait for a decision.", examples=["open"])


class ApproveRequest(Request):
    """A yes."""

    reason = text(500, description="For whoever asked.")


class RejectRequest(Request):
    """A no."""

    reason = text(500, required=True, description="Why, for whoever asked.")


class DelegateRequest(Request):
    """To whom the decision is left."""

    to = text(320, required=True, description="A colleague's e-mail address.", examples=["owner@northwind.example"])
    reason = text(500)


class OrderingRule(Answer):
    """What an organisation has decided about its own orders."""

    customer_id = identifier()
    preview_above = fields.Nested(
        Money, allow_none=True, metadata={"description": "Above this commitment an order must name a preview."}
    )
    approval_days = Int(metadata={"format": "int32", "description": "After so many days an undecided request expires."})
    version = Int(metadata={"format": "int32"})


class OrderingRuleRequest(Request):
    """The rules as they shall be."""

    preview_above = fields.Nested(Money, required=True, allow_none=True)
    approval_days = Int(required=True, validate=validate.Range(1, 90), metadata={"format": "int32"})
