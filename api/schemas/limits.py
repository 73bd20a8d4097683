"""Approval limits on the wire: up to which amount each role may order by itself."""

from __future__ import annotations

from marshmallow import fields

from . import Answer, Money, Request
from .values import Choice, Word

ROLES = ("owner", "buyer", "client")
MEANS = "A role of people, or `client` for programs."


class ApprovalLimit(Answer):
    """Up to which commitment a role may order without approval."""

    role = Word(*ROLES, description=MEANS)
    limit = fields.Nested(Money, allow_none=True, metadata={"description": "Null: any amount."})


class ApprovalLimitList(Answer):
    """The limits of an organisation, one for each role that may order."""

    items = fields.List(fields.Nested(ApprovalLimit))


class ApprovalLimitRequest(Request):
    """The limit of a role."""

    role = Choice("OrderingRole", ROLES, required=True, description=MEANS)
    limit = fields.Nested(Money, required=True, allow_none=True)
