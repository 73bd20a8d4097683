"""Fields as they look on the wire: money as decimal text, words that may grow, whole numbers that are whole numbers.

Generated clients decide how: a decimal documented as a number becomes a double, and a closed list of words in an
answer breaks a client on the day we add one.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from apispec.ext.marshmallow import OpenAPIConverter
from flask import g
from marshmallow import ValidationError, fields, validate

from domains.kernel.money import precision

ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
OWN_PRICE = "What a reseller pays, where its end-customer pays another price; told to the reseller alone."
AMOUNT = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"


class Whole(validate.Regexp):
    """A pattern for the whole text: Python's `$` would let a line's end through, ECMA's, as documented, does not."""

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


class Amount(fields.String):
    """A decimal amount as text, with at least the decimals of the currency beside it."""

    def __init__(self, **options: Any) -> None:
        metadata = {"description": "Decimal amount; never a float.", "examples": ["12.50"]}
        super().__init__(required=True, validate=Whole(AMOUNT), metadata=metadata, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> str | None:
        return None if value is None else as_text(value, precision(obj.currency))


def as_text(amount: Decimal, least: int) -> str:
    """A decimal without needless zeros, but with at least `least` decimals (12.5 EUR is 12.50)."""
    plain = f"{amount:f}"
    whole, _, decimals = plain.partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else whole


class ToldToResellers(fields.Nested):
    """Something that a reseller alone is told: null for everybody else, whatever the object holds."""

    def __init__(self, nested: Any, description: str = OWN_PRICE, **options: Any) -> None:
        super().__init__(nested, allow_none=True, metadata={"description": description}, **options)

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **options: Any) -> Any:  # type: ignore[override]
        caller = g.get("caller")
        told = caller is not None and caller.scope.kind == "reseller"
        return super()._serialize(nested_obj, attr, obj, **options) if told else None


class Int(fields.Integer):
    """A whole number in JSON: 5 and 5.0 are, "5", 5.5 and true are not."""

    def _validated(self, value: Any) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if not whole or isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return int(value)


class Word(fields.String):
    """A word of an answer from a list that may grow; clients must accept words they do not know."""

    def __init__(self, *words: str, description: str = "", **options: Any) -> None:
        metadata: dict[str, Any] = {"x-extensible-enum": list(words), "examples": [words[0]]}
        if description:
            metadata["description"] = description
        super().__init__(metadata=metadata, **options)


class Choice(fields.String):
    """A word of a request from a closed list, documented as a component of its own so that clients get one type."""

    def __init__(self, component: str, words: Sequence[str], *, description: str = "", **options: Any) -> None:
        self.component, self.words = component, tuple(words)
        metadata = {"description": description} if description else {}
        super().__init__(validate=validate.OneOf(self.words), metadata=metadata, **options)


def choice_as_component(converter: OpenAPIConverter, field: Any, ret: dict[str, Any]) -> dict[str, Any]:
    """Document a Choice as a reference to its named component."""
    if not isinstance(field, Choice):
        return {}
    if field.component not in converter.spec.components.schemas:
        converter.spec.components.schema(field.component, {"type": "string", "enum": list(field.words)})
    ret.pop("type", None)
    ret.pop("enum", None)
    return {"$ref": f"#/components/schemas/{field.component}"}


def text(longest: int, *, shortest: int = 1, lines: bool = False, pattern: str = "", **options: Any) -> fields.String:
    """Text of one line, or of several, without control characters (some databases refuse them)."""
    metadata: dict[str, Any] = {key: options.pop(key) for key in ("description", "examples") if key in options}
    allowed = Whole(pattern or (LINES if lines else ONE_LINE))
    return fields.String(validate=[validate.Length(shortest, longest), allowed], metadata=metadata, **options)


def count(least: int = 0, most: int = 1_000_000, **options: Any) -> Int:
    """A whole number in a request or an answer."""
    metadata = {"format": "int32"} | {key: options.pop(key) for key in ("description", "examples") if key in options}
    return Int(validate=validate.Range(least, most), metadata=metadata, **options)


def identifier(description: str = "", **options: Any) -> fields.UUID:
    """The id of a resource (a UUID)."""
    return fields.UUID(metadata={"description": description} if description else {}, **options)


def moment(description: str = "", **options: Any) -> fields.AwareDateTime:
    """An instant with its offset, RFC 3339."""
    metadata = {"description": description} if description else {}
    return fields.AwareDateTime(format="iso", metadata=metadata, **options)


def day(description: str = "", **options: Any) -> fields.Date:
    """A calendar day in the customer's time zone."""
    return fields.Date(metadata={"description": description} if description else {}, **options)
