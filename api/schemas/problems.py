"""The one shape of every answer that is not a yes (RFC 9457), and what each code means.

`code` is contract: programs branch on it. `detail` is for people and may be reworded at any time.
"""

from __future__ import annotations

from marshmallow import fields

from . import Answer
from .values import Word


class ProblemError(Answer):
    """One thing that is wrong with a request."""

    pointer = fields.String(metadata={"description": "JSON pointer into the body, or `/name` of a parameter."})
    location = Word("body", "query", "header", "path")
    code = Word("required", "unknown_field", "null_not_allowed", "invalid")
    detail = fields.String()


class Problem(Answer):
    """An error, as RFC 9457 describes it."""

    type = fields.String(
        metadata={
            "format": "uri-reference",
            "description": "Path of a page that explains the code; resolve it against this host.",
            "examples": ["/api/docs/problems/budget_exceeded"],
        }
    )
    title = fields.String(metadata={"description": "The same for every problem of this code."})
    status = fields.Integer(metadata={"format": "int32", "examples": [422]})
    code = fields.String(metadata={"description": "Stable word to branch on.", "examples": ["budget_exceeded"]})
    detail = fields.String(metadata={"description": "What is wrong and how to mend it, for people."})
    instance = fields.String(metadata={"format": "uri-reference", "description": "Path of the request."})
    request_id = fields.String(metadata={"description": "Quote it in a support case."})
    errors = fields.List(fields.Nested(ProblemError), metadata={"description": "Empty unless fields are at fault."})
