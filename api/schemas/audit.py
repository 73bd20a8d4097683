"""The audit log on the wire."""

from __future__ import annotations

from marshmallow import fields

from . import Answer, Paged, Request, page_of
from .values import Choice, Int, Word, identifier, moment, text


class AuditEntry(Answer):
    """One thing that somebody did."""

    id = identifier()
    at = moment()
    domain = fields.String(metadata={"description": "In whose chain it is sealed.", "examples": ["accounts"]})
    seq = Int(metadata={"format": "int32", "description": "Its place in that chain."})
    action = fields.String(metadata={"examples": ["accounts.update"]})
    customer_id = identifier("In whose log it stands.")
    actor_kind = Word("user", "client", "system")
    actor_id = fields.String()
    actor_name = fields.String(metadata={"description": "Empty once that person's data was erased."})
    place = fields.String(
        metadata={"description": "A network address; of IPv6 its network.", "examples": ["192.0.2.7"]}
    )
    program = fields.String(metadata={"examples": ["Firefox 128, Windows"]})
    home_id = identifier("Whose person or program it was, when another organisation's.", allow_none=True)
    on_behalf_id = identifier("For whom they acted, when not for their own organisation.", allow_none=True)
    grant_id = identifier("The support access under which they did.", allow_none=True)
    subject_kind = fields.String(metadata={"examples": ["account"]})
    subject_id = identifier()
    request_id = fields.String(allow_none=True)
    run_id = identifier("The operation it was part of.", allow_none=True)
    before = fields.Raw(allow_none=True, metadata={"description": "What it was, by name."})
    after = fields.Raw(allow_none=True, metadata={"description": "What it is, by name."})


AuditEntryList = page_of(AuditEntry)


class _Sought(Request):
    customer_id = identifier("Only this organisation's log.")
    actor_id = text(64, description="Only what this person or program did.")
    action = text(
        80, description="An action, or a domain's with a dot at its end: `users.`", examples=["users.sign_in"]
    )
    subject_id = identifier("Only what was done to this.")
    run_id = identifier("Only what this operation did.")
    grant_id = identifier("Only what was done under this support access.")
    since = moment("From then on.")
    until = moment("Before then.")
    q = text(200, description="Words that an entry holds, each of them.")


class AuditQuery(_Sought, Paged):
    """Which entries to list."""


class AuditExport(_Sought):
    """Which entries to export, and how."""

    format = Choice("ExportFormat", ("csv", "jsonl"), required=True)
