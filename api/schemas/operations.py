"""What a client sees of work that takes a while: how far it is, what it waits for, how it ended."""

from __future__ import annotations

from marshmallow import fields, validate

from . import Answer, Paged, page_of
from .values import Int, Word, identifier, moment

KINDS = (
    "onboard_customer", "open_account", "close_account", "place_order", "change_quantity",
    "cancel_subscription", "extend_subscription", "suspend_subscription", "resume_subscription", "change_plan",
    "schedule_change", "set_end_of_term", "give_decision", "reconcile_account", "adopt_drift", "revert_drift",
    "open_drift_case", "ignore_drift", "apply_bulk_plan",
)  # fmt: skip


class OperationStep(Answer):
    """One step on the way."""

    name = fields.String(metadata={"description": "Stable name.", "examples": ["accounts.reserve_spend"]})
    title = fields.String(metadata={"description": "For people, in English.", "examples": ["Reserve the amount"]})
    status = Word("not_started", "working", "waiting", "done", "refused", "failed", "undoing", "undone", "not_reached")
    started_at = moment(allow_none=True)
    ended_at = moment(allow_none=True)
    message = fields.String(allow_none=True, metadata={"description": "What there is to say about it, for people."})


class OperationError(Answer):
    """Why an operation failed."""

    code = fields.String(metadata={"description": "Stable word to branch on.", "examples": ["budget_exceeded"]})
    detail = fields.String(metadata={"description": "What is wrong and how to mend it, for people."})


class Operation(Answer):
    """Work that takes a while. Ask again until `status` is succeeded, failed or canceled; that list is final."""

    id = identifier()
    kind = Word(*KINDS)
    status = fields.String(
        validate=validate.OneOf(["not_started", "running", "succeeded", "failed", "canceled"]),
        metadata={"description": "The only closed list of words in an answer."},
    )
    waiting_for = Word(
        "provider",
        "approval",
        "start_date",
        "support",
        "rows",
        description="Whose turn it is, if not ours.",
        allow_none=True,
    )
    percent_complete = Int(validate=validate.Range(0, 100), metadata={"format": "int32"})
    steps = fields.List(fields.Nested(OperationStep))
    label = fields.String(metadata={"description": "What it is about, for people."})
    customer_id = identifier()
    resource_kind = Word("order", "subscription", "account", "customer", "drift", "bulk_plan")
    resource_id = identifier("The id of what it makes or changes; known from the start.")
    resource_url = fields.String(
        allow_none=True, metadata={"format": "uri", "description": "Where to read the resource; null until it exists."}
    )
    error = fields.Nested(OperationError, allow_none=True)
    version = Int(metadata={"format": "int32"})
    created_at = moment()
    updated_at = moment()
    ended_at = moment(allow_none=True)


class OperationQuery(Paged):
    """Which operations to list."""

    customer_id = identifier("Only this customer's.")
    active = fields.Boolean(metadata={"description": "true: still at work; false: ended."})


OperationList = page_of(Operation)
