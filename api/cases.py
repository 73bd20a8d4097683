"""Open support cases about your orders and subscriptions, and answer them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g
from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.kernel.uploads import LARGEST, as_download
from domains.support import commands, db, exchanges, queries

from .about import what_it_is_about
from .auth import requires
from .blueprint import Blueprint
from .etags import if_match
from .idempotency import once
from .schemas import listing
from .schemas.support import (
    Attachment,
    AttachmentList,
    AttachmentRequest,
    Case,
    CaseList,
    CasePatch,
    CaseQuery,
    CaseRequest,
    Reply,
    ReplyList,
    ReplyQuery,
    ReplyRequest,
)

blp = Blueprint("cases", __name__, url_prefix="/cases", description=__doc__)


@blp.get("")
@requires("cases:read")
@blp.query(CaseQuery)
@blp.response(200, CaseList)
def list_cases(wish: dict[str, Any]) -> Any:
    """List cases, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_cases(session, g.caller.scope, **wish))


@blp.get("/<uuid:case_id>")
@requires("cases:read")
@blp.response(200, Case, etag=True)
def get_case(case_id: UUID) -> Any:
    """Get a case with what it is about."""
    with db.begin_read() as session:
        return _detail(session, case_id)


@blp.post("")
@requires("cases:write")
@blp.arguments(CaseRequest)
@once(db)
@blp.response(201, Case, etag=True)
def open_case(session: Session, wish: dict[str, Any]) -> Any:
    """Open a case. Link what it is about: whoever answers sees it beside the case."""
    about = what_it_is_about(session, g.caller, wish.pop("links"), wish.get("account_id"))
    facts = {"account_id": None, **wish, **about._asdict(), "opened_by": g.caller.actor}
    case = commands.open_case(session, case_id=new_id(), scope=g.caller.scope, **facts)
    return _detail(session, case.id)


@blp.patch("/<uuid:case_id>")
@requires("cases:write")
@blp.arguments(CasePatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, Case, etag=True)
def update_case(session: Session, changes: dict[str, Any], case_id: UUID, expected_version: int | None) -> Any:
    """Say that a case is solved, or open it again."""
    known: dict[str, Any] = {"case_id": case_id, "expected_version": expected_version}
    known["as_agent"] = g.caller.may("support:work")
    commands.change_status(session, scope=g.caller.scope, **known, **changes)
    return _detail(session, case_id)


@blp.get("/<uuid:case_id>/replies")
@requires("cases:read")
@blp.query(ReplyQuery)
@blp.response(200, ReplyList)
def list_replies(wish: dict[str, Any], case_id: UUID) -> Any:
    """List what was said in a case, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_replies(session, g.caller.scope, case_id, **wish))


@blp.post("/<uuid:case_id>/replies")
@requires("cases:write")
@blp.arguments(ReplyRequest)
@once(db)
@blp.response(201, Reply)
def add_reply(session: Session, wish: dict[str, Any], case_id: UUID) -> Any:
    """Say something in a case. A case that waited for you, or was solved, is open again."""
    known = {"reply_id": new_id(), "case_id": case_id, "as_agent": g.caller.may("support:work")}
    return commands.add_reply(session, scope=g.caller.scope, **known, author=g.caller.actor, body=wish["body"])


@blp.get("/<uuid:case_id>/attachments")
@requires("cases:read")
@blp.response(200, AttachmentList)
def list_attachments(case_id: UUID) -> Any:
    """List the files of a case, oldest first."""
    with db.begin_read() as session:
        return {"items": queries.attachments_of(session, g.caller.scope, case_id)}


@blp.post("/<uuid:case_id>/attachments")
@requires("cases:write")
@blp.arguments(AttachmentRequest, location="files")
@once(db)
@blp.response(201, Attachment)
def add_attachment(session: Session, wish: dict[str, Any], case_id: UUID) -> Any:
    """Put a file of up to 10 MB to a case. It is searched for malware before anybody can have it.

    PDF, PNG, JPEG, GIF, WebP, text, CSV, JSON, Office files and archives are taken; the content must be what the name
    says.
    """
    file, known = wish["file"], {"attachment_id": new_id(), "case_id": case_id, "author": g.caller.actor}
    content = file.stream.read(LARGEST + 1)
    return commands.attach(session, scope=g.caller.scope, **known, name=file.filename or "", content=content)


@blp.get("/<uuid:case_id>/attachments/<uuid:attachment_id>")
@requires("cases:read")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def download_attachment(case_id: UUID, attachment_id: UUID) -> Response:
    """Download a file of a case, once it was found clean.

    Every download is kept in the audit trail.
    """
    with db.begin() as session:
        known = {"case_id": case_id, "attachment_id": attachment_id}
        attachment = commands.note_download(session, scope=g.caller.scope, **known)
    headers = as_download(attachment.name)
    return Response(exchanges.content_of(attachment), mimetype="application/octet-stream", headers=headers)


def _detail(session: Session, case_id: UUID) -> dict[str, Any]:
    case = queries.get(session, g.caller.scope, case_id)
    names = ("id", "number", "customer_id", "account_id", "subject", "impact", "status", "opened_by", "description")
    facts = {name: getattr(case, name) for name in (*names, "created_at", "updated_at", "version")}
    return facts | {"links": queries.links_of(session, g.caller.scope, case_id)}
