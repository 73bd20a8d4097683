"""Providers as operators see them: whether they can be asked, and what they can do."""

from __future__ import annotations

from marshmallow import fields

from . import Answer
from .values import Int, Word, moment

STATES = ("open", "trial", "throttled", "closed")
MEANS = (
    "Of the gate before it. open: it is asked. closed: it has failed too often in a row and is given a rest. trial: "
    "one call finds out whether it is back. throttled: it has asked us to wait."
)


class ProviderHealth(Answer):
    """A cloud provider: how it is and what it can do."""

    key = fields.String(
        metadata={"description": "What offers, orders and subscriptions call it.", "examples": ["sandbox"]}
    )
    adapter = Word("sandbox", "osb", "partner_center", description="Which protocol it speaks.")
    state = Word(*STATES, description=MEANS)
    retry_after = fields.Float(allow_none=True, metadata={"description": "Seconds until it is asked again."})
    failures = Int(metadata={"format": "int32", "description": "Failed calls in a row."})
    last_error = fields.String(allow_none=True, metadata={"description": "The latest failure, for people."})
    last_error_at = moment("When that was.", allow_none=True)
    answered_at = moment("When it has answered last.", allow_none=True)
    took_ms = Int(allow_none=True, metadata={"format": "int32", "description": "How long that answer took."})
    synced_at = moment("When its catalogue came in last.", allow_none=True)
    open_hints = Int(metadata={"format": "int32", "description": "Hints of its that nobody has looked at yet."})
    changes = fields.List(fields.String(), metadata={"description": "The kinds of change that it makes itself."})
    extend = Word("free_date", "next_term", "bridge", "platform", "none", description="How a later end comes about.")
    tells = fields.List(fields.String(), metadata={"description": "What it tells by itself: lists, webhooks, costs."})
    platform_managed = fields.List(
        fields.String(), metadata={"description": "What we keep in its place: dates, expiry, renewal."}
    )


class ProviderList(Answer):
    """All providers, the default one first."""

    items = fields.List(fields.Nested(ProviderHealth))
