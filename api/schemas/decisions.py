"""The end of a term on the wire: what may be decided, until when, by whom, at what price; and what has happened."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_dump

from . import Answer, Money, Paged, Request, page_of
from .offers import cycle_word, term_word
from .values import Choice, Int, Word, count, day, identifier, moment, text

MODES = ("renew", "cancel", "bridge")
STATES = ("open", "decided", "locked", "settled")
OUTCOMES = ("renewed", "bridged", "ended", "withdrawn")
KINDS = ("order", "change", "decision", "owner", "reminder", "renewal", "provider")


class EndOfTermWay(Answer):
    """One way in which a term may end, with what it means and costs, net, at today's prices."""

    mode = Word(*MODES)
    allowed = fields.Boolean()
    reason = fields.String(allow_none=True, metadata={"description": "Why it cannot be chosen, for people."})
    first = day("The first day of what follows; null when nothing does.", allow_none=True)
    until = day("Its last day, inclusive.", allow_none=True)
    unit_price = fields.Nested(Money, allow_none=True, metadata={"description": "Per unit and billing cycle."})
    billing_cycle = cycle_word(allow_none=True)
    cost = fields.Nested(Money, metadata={"description": "What it commits to: the whole term, or a month of a bridge."})
    every_month = fields.Nested(Money)
    more = fields.Nested(Money, metadata={"description": "By how much a month becomes dearer, or (negative) cheaper."})


class EndOfTerm(Answer):
    """What shall happen at the end of a subscription's term; `id` is the subscription's."""

    id = identifier()
    decision_id = identifier()
    subscription_id = identifier()
    number = fields.String(metadata={"description": "Of the subscription, for people."})
    name = fields.String()
    account_id = identifier()
    account_name = fields.String()
    customer_id = identifier()
    quantity = count()
    unit = fields.String(metadata={"examples": ["seat"]})
    term = term_word()
    billing_cycle = cycle_word()
    term_first = day("The first day of the term.")
    term_end = day("Its last day, inclusive.")
    deadline = moment("The last moment to decide: the provider's lock, or the end of the term.")
    locked_from = moment("From when the provider hears of no decision; null when it does not say.", allow_none=True)
    state = Word(*STATES)
    mode = Word(*MODES, description="What was decided; null while nobody has.", allow_none=True)
    standing = fields.Boolean(metadata={"description": "Whether it is decided for the terms after this one, too."})
    note = fields.String(allow_none=True)
    owner_id = identifier("Whose decision it is; null: the owners of the customer.", allow_none=True)
    owner = fields.String(allow_none=True)
    decided_by_id = identifier(allow_none=True)
    decided_by = fields.String(allow_none=True)
    decided_at = moment(allow_none=True)
    if_nothing = Word(*MODES, description="What happens when nobody decides any more.")
    nothing_costs = fields.Nested(Money, metadata={"description": "What that commits to, net."})
    surcharge_percent = fields.String(allow_none=True, metadata={"description": "On the monthly price, of a bridge."})
    unit_price = fields.Nested(Money, metadata={"description": "What a unit costs now."})
    next_unit_price = fields.Nested(Money, metadata={"description": "What it would cost in a term that begins today."})
    ways = fields.List(fields.Nested(EndOfTermWay))
    outcome = Word(*OUTCOMES, description="What became of the term; null until it is over.", allow_none=True)
    settled_at = moment(allow_none=True)
    version = Int(metadata={"format": "int32"})


DecisionList = page_of(EndOfTerm)


class EndOfTermRequest(Request):
    """What shall happen at the end of the term."""

    mode = Choice("EndOfTermMode", MODES, required=True)
    standing = fields.Boolean(
        load_default=False, metadata={"description": "Decide so for the terms after this one, too."}
    )
    note = text(500, lines=True, allow_none=True, load_default=None, description="Why, for colleagues.")


class DecisionOwnerRequest(Request):
    """Who shall decide."""

    user_id = identifier(
        "A person of the customer, or of its reseller; null: the owners.", required=True, allow_none=True
    )


class DecisionQuery(Paged):
    """Which decisions to list."""

    state = text(12, description="Only those in this state; without it all that are not settled.", examples=["open"])
    due_before = moment("Only those to be taken before this moment.")
    owner_id = identifier("Only this person's.")
    account_id = identifier("Only this account's.")
    customer_id = identifier("Only this customer's.")


class HistoryEntry(Answer):
    """Something that has happened to a subscription. What `facts` hold depends on `kind` and may grow."""

    id = identifier()
    at = moment()
    kind = Word(*KINDS)
    action = fields.String(metadata={"description": "What exactly.", "examples": ["change_quantity"]})
    state = fields.String(metadata={"description": "What became of it."})
    by = fields.String(metadata={"description": "Who; empty when we did it by the clock."})
    by_id = identifier(allow_none=True)
    amount = fields.Nested(
        Money, allow_none=True, metadata={"description": "Charged for it, net; negative: given back."}
    )
    operation_id = identifier("The operation that did it.", allow_none=True)
    detail = fields.String(allow_none=True)
    facts = fields.Dict()

    @pre_dump
    def named(self, row: Any, **_: Any) -> dict[str, Any]:
        return {**vars(row), "operation_id": row.run_id}


HistoryEntryList = page_of(HistoryEntry)
