"""Shapes of what programs send and get: strict about what comes in, open about what goes out.

A request with a field we do not know is refused, so that a typing error is not an order. An answer may gain fields at
any time; those it has are always there, null where there is nothing to say.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, post_load, validates_schema

from domains.kernel import money
from domains.kernel.paging import MAX_LIMIT, Page

from .values import Amount, Int, Whole


class Request(Schema):
    """A body or query that a client sends."""

    class Meta:
        unknown = RAISE


class Patch(Request):
    """A change: what is left out stays as it is, but something must be there."""

    @validates_schema
    def says_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Say what shall be different.")


class Answer(Schema):
    """A body that we send. Every field is required unless it says otherwise."""

    class Meta:
        unknown = EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        if not isinstance(field_obj, fields.Constant):
            field_obj.required = True


class Money(Schema):
    """What is owed, exactly."""

    class Meta:
        unknown = RAISE

    amount = Amount()
    currency = fields.String(
        required=True,
        validate=Whole(r"^[A-Z]{3}$"),
        metadata={"description": "ISO 4217 code.", "examples": ["EUR"]},
    )

    @post_load
    def as_money(self, data: dict[str, Any], **_: Any) -> money.Money:
        return money.Money(Decimal(data["amount"]), data["currency"])


class Paged(Request):
    """Which page of a list."""

    limit = fields.Integer(
        load_default=50,
        metadata={
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "format": "int32",
            "description": "How many items a page holds.",
        },
    )
    cursor = fields.String(
        validate=Whole(r"^[A-Za-z0-9_-]+$", error="This is no cursor of ours: start again without it."),
        metadata={"description": "`next_cursor` of the page before. Give the same filters with it."},
    )


def page_of(item: type[Answer]) -> type[Answer]:
    """The answer of a list operation: items, and how to get the next ones."""
    cursor = fields.String(allow_none=True, metadata={"description": "Pass it as `cursor`; null on the last page."})
    members = {
        "__module__": item.__module__,
        "items": fields.List(fields.Nested(item)),
        "next_cursor": cursor,
        "has_more": fields.Boolean(),
    }
    return type(f"{item.__name__}List", (Answer,), members)


def listing(page: Page[Any]) -> dict[str, Any]:
    """A page of domain objects as the answer of a list operation."""
    return {"items": page.items, "next_cursor": page.next_cursor, "has_more": page.next_cursor is not None}


__all__ = ["Answer", "Int", "Money", "Paged", "Patch", "Request", "listing", "page_of"]
