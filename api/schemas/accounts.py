"""Accounts on the wire: what software is bought for and paid from."""

from __future__ import annotations

from marshmallow import fields

from . import Answer, Money, Paged, Patch, Request, page_of
from .values import Int, Word, identifier, moment, text

STATUSES = ("opening", "active", "suspended", "closing", "closed")


class Account(Answer):
    """An account of a customer. Its currency is fixed when it is opened."""

    id = identifier()
    customer_id = identifier()
    name = fields.String()
    status = Word(*STATUSES)
    currency = fields.String(metadata={"examples": ["EUR"]})
    cost_centre = fields.String(allow_none=True)
    po_reference = fields.String(allow_none=True, metadata={"description": "Printed on invoices."})
    budget = fields.Nested(Money, allow_none=True, metadata={"description": "What may be committed in a month."})
    tags = fields.List(fields.String(), attribute="labels", metadata={"description": "Words of your own."})
    opened_at = moment(allow_none=True)
    closed_at = moment(allow_none=True)
    created_at = moment()
    version = Int(metadata={"format": "int32"})


class Spend(Answer):
    """What an account has committed this month: what is held for orders under way, and what was bought."""

    committed = fields.Nested(Money)
    left = fields.Nested(Money, allow_none=True, metadata={"description": "Of the budget; null without one."})


class AccountDetail(Account):
    """An account with what it may still spend."""

    spend = fields.Nested(Spend)


AccountList = page_of(Account)


class AccountQuery(Paged):
    """Which accounts to list."""

    customer_id = identifier("Only this customer's.")
    status = text(16, description="Only those in this status.", examples=["active"])
    q = text(120, description="Words in the name.")


class AccountRequest(Request):
    """The account to open."""

    customer_id = identifier("For whom; yourself when it is left out.")
    name = text(120, required=True, examples=["Head office"])
    cost_centre = text(60)
    po_reference = text(60)
    budget = fields.Nested(Money)


class AccountPatch(Patch):
    """What shall be different; what is left out stays, null takes away."""

    name = text(120)
    cost_centre = text(60, allow_none=True)
    po_reference = text(60, allow_none=True)
    budget = fields.Nested(Money, allow_none=True)
    tags = fields.List(text(40), metadata={"description": "All of them; an empty list takes them away."})


class CcpUser(Answer):
    """The user that an account has at the cloud computing provider."""

    id = fields.String()
    account_id = identifier()
    principal_name = fields.String(metadata={"description": "What to sign in with over there."})
    display_name = fields.String()
    email = fields.String()
    status = Word("active", "disabled")
    roles = fields.List(fields.String())
    mfa_enabled = fields.Boolean()
    last_sign_in_at = moment(allow_none=True)
    created_at = moment(allow_none=True)
    looked_at = moment("When the provider told us.", allow_none=True)
