"""Bulk plans on the wire: many changes in one request, what they cost together, and what became of each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, pre_dump, validate, validates_schema

from domains.kernel import money

from . import Answer, Money, Paged, Request, page_of
from .orders import Failure
from .values import Choice, Int, Word, count, identifier, moment, text

STATES = ("ready", "waiting", "applying", "done", "canceled")
ROW_STATES = ("ready", "invalid", "applying", "done", "refused", "conflict", "canceled")
MOST_ROWS, LONGEST_FILE = 1000, 500_000


class BulkRowRequest(Request):
    """One change: which subscription, what to do with it, and the value that goes with it."""

    subscription = text(80, required=True, description="Its number or its id.", examples=["SUB-2026-000123"])
    action = text(40, required=True, description="change_quantity, cancel or extend.", examples=["change_quantity"])
    value = text(80, shortest=0, load_default="",
                 description="The quantity, `now` or `end_of_term`, or the new last day.", examples=["25"])  # fmt: skip


class BulkPlanRequest(Request):
    """The changes, as rows or as the text of a CSV file; one of both."""

    rows = fields.List(fields.Nested(BulkRowRequest), validate=validate.Length(1, MOST_ROWS))
    csv = fields.String(
        validate=validate.Length(1, LONGEST_FILE),
        metadata={"description": "With the columns subscription, action and value, which its first line names."},
    )

    @validates_schema
    def one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("Send either rows or csv.", "rows")


class BulkTotal(Answer):
    """What all rows in one currency mean together."""

    currency = fields.String()
    charge_now = fields.Nested(Money)
    refund = fields.Nested(Money)
    every_month = fields.Nested(Money, metadata={"description": "More, or less, each month."})
    commitment = fields.Nested(Money, metadata={"description": "More, or less, over the whole terms."})


class BulkPlan(Answer):
    """Many changes that were checked and priced together. Its prices hold until `expires_at`."""

    id = identifier()
    number = fields.String(metadata={"examples": ["BP-2026-000007"]})
    customer_id = identifier()
    state = Word(*STATES)
    is_expired = fields.Boolean()
    rows = count()
    invalid = count(description="Rows that cannot be made as they are.")
    done = count()
    failed = count(description="Rows that came to nothing.")
    totals = fields.List(fields.Nested(BulkTotal))
    digest = fields.String(metadata={"description": "Of all rows and prices; send it back to apply exactly this."})
    made_by = fields.String()
    applied_by = fields.String(allow_none=True)
    operation_id = identifier(allow_none=True)
    approval_id = identifier("What it waits or has waited for.", allow_none=True)
    created_at = moment()
    expires_at = moment()
    applied_at = moment(allow_none=True)
    ended_at = moment(allow_none=True)
    version = Int(metadata={"format": "int32"})

    @pre_dump
    def flattened(self, found: Any, **_: Any) -> dict[str, Any]:
        plan, counts = found.plan, found.counts
        failed = counts.get("refused", 0) + counts.get("conflict", 0)
        known = {name: getattr(plan, name) for name in self.fields if hasattr(plan, name)}
        known |= {"is_expired": found.is_expired, "done": counts.get("done", 0), "failed": failed}
        known |= {"digest": plan.signature, "operation_id": plan.run_id, "totals": [_total(one) for one in plan.totals]}
        return known


def _total(kept: dict[str, Any]) -> dict[str, Any]:
    """Sums as they were kept, with their currency."""
    return {
        name: value if name == "currency" else money.Money(Decimal(value["amount"]), value["currency"])
        for name, value in kept.items()
    }


BulkPlanList = page_of(BulkPlan)


class BulkRow(Answer):
    """One row of a plan, with what it costs and what became of it."""

    position = count(1)
    subscription = fields.String(metadata={"description": "As it was sent."})
    action = fields.String()
    value = fields.String()
    subscription_id = identifier(allow_none=True)
    number = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    account_name = fields.String(allow_none=True)
    before = fields.String(allow_none=True, metadata={"description": "What the value was when the plan was made."})
    charge_now = fields.Nested(Money, allow_none=True, metadata={"description": "Negative for a refund."})
    state = Word(*ROW_STATES)
    error = fields.Nested(Failure, allow_none=True)
    operation_id = identifier(allow_none=True)
    ended_at = moment(allow_none=True)

    @pre_dump
    def with_error(self, row: Any, **_: Any) -> dict[str, Any]:
        known = {name: getattr(row, name) for name in self.fields if hasattr(row, name)}
        error = {"code": row.error_code, "detail": row.error_detail} if row.error_code else None
        return known | {"error": error, "operation_id": row.run_id}


BulkRowList = page_of(BulkRow)


class BulkRowQuery(Paged):
    """Which rows to list."""

    state = Choice("BulkRowState", ROW_STATES)


class ApplyBulkPlanRequest(Request):
    """Exactly the plan that was shown."""

    digest = text(64, required=True, description="The plan's `digest`.")
