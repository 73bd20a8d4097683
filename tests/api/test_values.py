"""Fields on the wire: what the document says of a text is what is let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from marshmallow import ValidationError, fields, validate

from api.schemas import Money, Request
from api.schemas.customers import CustomerPatch
from api.schemas.values import Whole

from .program import Program, a_caller
from .test_customers import a_customer


def patterns(schema: Any) -> Iterator[tuple[str, validate.Validator]]:
    """Every pattern that a request is held to, by its field."""
    for name, field in schema().fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        for one in inner.validators:
            if isinstance(one, validate.Regexp):
                yield f"{schema.__name__}.{name}", one
    for further in schema.__subclasses__():
        yield from patterns(further)


def test_every_pattern_of_a_request_is_for_the_whole_text(app: Flask) -> None:
    found = [*patterns(Request), *patterns(Money)]

    assert len(found) > 30
    assert [name for name, one in found if not isinstance(one, Whole)] == []


@pytest.mark.parametrize("text", ["EUR\n", "\nEUR", "EURO", "eur", ""])
def test_a_pattern_lets_no_line_end_through(text: str) -> None:
    with pytest.raises(ValidationError):
        Whole(r"^[A-Z]{3}$")(text)


@pytest.mark.parametrize("name", ["Fourth Coffee\n", "Fourth\nCoffee"])
def test_a_name_of_one_line_has_none_at_its_end(app: Flask, name: str) -> None:
    customer_id = a_customer()
    program = Program(app, a_caller(customer_id))

    answer = program.patch(f"/customers/{customer_id}", {"name": name}, If_Match="*")

    assert answer.status_code == 422
    assert CustomerPatch().load({"name": "Fourth Coffee"})
