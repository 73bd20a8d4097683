"""Support cases on the wire: what is wrong, what it is about, and what was said."""

from __future__ import annotations

from flask_smorest.fields import Upload
from marshmallow import fields, validate

from . import Answer, Paged, Patch, Request, page_of
from .values import Choice, Int, Word, identifier, moment, text

STATUSES = ("new", "open", "waiting_customer", "waiting_provider", "resolved", "closed")
IMPACTS = ("low", "normal", "high", "critical")
KINDS = ("account", "order", "subscription", "operation")


class CaseLink(Answer):
    """Something a case is about."""

    kind = Word(*KINDS)
    id = identifier(attribute="target_id")
    label = fields.String(metadata={"description": "For people."})


class CaseSummary(Answer):
    """A case as a list shows it."""

    id = identifier()
    number = fields.String(metadata={"description": "For people.", "examples": ["CS-2026-000123"]})
    customer_id = identifier()
    account_id = identifier(allow_none=True)
    subject = fields.String()
    impact = Word(*IMPACTS)
    status = Word(*STATUSES)
    opened_by = fields.String()
    created_at = moment()
    updated_at = moment()
    version = Int(metadata={"format": "int32"})


class Case(CaseSummary):
    """A request for help, with what it is about."""

    description = fields.String()
    links = fields.List(fields.Nested(CaseLink))


class CaseList(Answer):
    """A page of cases."""

    items = fields.List(fields.Nested(CaseSummary))
    next_cursor = fields.String(
        allow_none=True, metadata={"description": "Pass it as `cursor`; null on the last page."}
    )
    has_more = fields.Boolean()


class CaseQuery(Paged):
    """Which cases to list."""

    customer_id = identifier("Only this customer's.")
    status = text(20, description="Only those in this status, or `unsolved`.", examples=["open"])
    q = text(200, description="Words in the subject or the number.")


class CaseLinkRequest(Request):
    """Something the case is about; it must be yours."""

    kind = Choice("CaseLinkKind", KINDS, required=True)
    id = identifier(required=True)


class CaseRequest(Request):
    """What is wrong. A case belongs to the customer whose things it is about."""

    subject = text(200, required=True, examples=["Seats are not there"])
    description = text(20_000, lines=True, required=True, examples=["We ordered ten seats and see none."])
    impact = Choice("CaseImpact", IMPACTS, load_default="normal")
    account_id = identifier("The account it is about.")
    links = fields.List(fields.Nested(CaseLinkRequest), load_default=list, validate=validate.Length(max=20))


class CasePatch(Patch):
    """Where the case shall stand: solved for you, or open again."""

    status = Choice("CaseStatus", ("open", "resolved"), required=True)


class Reply(Answer):
    """Something said in a case."""

    id = identifier()
    case_id = identifier()
    author = fields.String()
    author_kind = Word("customer", "agent")
    body = fields.String()
    at = moment()


ReplyList = page_of(Reply)


class ReplyQuery(Paged):
    """Which page of replies."""


class ReplyRequest(Request):
    """What to say."""

    body = text(20_000, lines=True, required=True, examples=["It works again, thank you."])


class AttachmentRequest(Request):
    """A file, as a form sends one."""

    file = Upload(required=True, metadata={"description": "Its name's ending and its content must agree."})


class Attachment(Answer):
    """A file that was put to a case. It can be downloaded once it is `clean`."""

    id = identifier()
    case_id = identifier()
    name = fields.String(metadata={"description": "Without what could do harm in a name.", "examples": ["error.png"]})
    media_type = fields.String(metadata={"examples": ["image/png"]})
    size = Int(metadata={"format": "int32", "description": "Bytes."})
    sha256 = fields.String()
    state = Word("quarantined", "clean", "infected")
    author = fields.String()
    at = moment()


class AttachmentList(Answer):
    """All files of a case, oldest first."""

    items = fields.List(fields.Nested(Attachment))
