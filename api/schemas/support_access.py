"""Support access on the wire."""

from __future__ import annotations

from marshmallow import fields

from domains.users.commands import SUPPORT_AREAS

from . import Answer, Paged, Request, page_of
from .values import Choice, Int, Word, identifier, moment, text


class SupportGrant(Answer):
    """That the operator's support may see a customer's pages for a time."""

    id = identifier()
    customer_id = identifier()
    state = Word("asked", "granted", "declined", "ended", description="One that has run out stays granted.")
    asked_name = fields.String(metadata={"description": "Who of support asked; empty when nobody did."})
    granted_name = fields.String(metadata={"description": "Who of the customer answered or let them in."})
    case_id = identifier("The case it is about.", allow_none=True)
    reason = fields.String()
    hours = Int(metadata={"format": "int32"})
    areas = fields.List(Word(*SUPPORT_AREAS), metadata={"description": "What may be changed; else it is only read."})
    emergency = fields.Boolean(metadata={"description": "An administrator took it without being let in."})
    created_at = moment()
    expires_at = moment(allow_none=True)
    ended_at = moment(allow_none=True)
    version = Int(metadata={"format": "int32"})


SupportGrantList = page_of(SupportGrant)


class SupportGrantQuery(Paged):
    """Which support accesses to list."""

    customer_id = identifier("Only this customer's.")


class SupportGrantRequest(Request):
    """For how long, for what, and why."""

    customer_id = identifier("An end-customer that you manage; left out, your own organisation.")
    hours = Int(required=True, metadata={"format": "int32", "description": "1, 24 or 168.", "examples": [24]})
    areas = fields.List(Choice("SupportArea", tuple(SUPPORT_AREAS)), load_default=list)
    reason = text(500, required=True)
    case_id = identifier("The case it is about.")


class SupportGrantAnswer(Request):
    """Yes or no; what is left out stays as it was asked for."""

    allow = fields.Boolean(required=True)
    hours = Int(metadata={"format": "int32", "description": "1, 24 or 168.", "examples": [1]})
    areas = fields.List(Choice("SupportArea", tuple(SUPPORT_AREAS)))
