"""Files that are put to a case: taken in quarantine, searched for malware, and only then given to anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, undefer

from domains.kernel import audit, clock, config, uploads
from domains.kernel.crypto import fingerprint
from domains.kernel.database import claimed, insert_new, locked
from domains.kernel.errors import Conflict, NotFound, Refused
from domains.kernel.scrubbing import ERASED_NAME, ERASED_TEXT
from domains.kernel.tenancy import Actor, Scope

from .. import queries
from ..models import PUT_AWAY, Attachment

MOST = 20  # files of one case
LEASE = timedelta(minutes=2)  # within which a search says how it went, or is made again


def attach(
    session: Session,
    *,
    scope: Scope,
    attachment_id: UUID,
    case_id: UUID,
    name: str,
    content: bytes,
    author: Actor,
) -> Attachment:
    """Put a file to a case, in quarantine; the same id again is the same file.

    Refuses what is too large, of a kind that is not taken or not what its name says, and more than a case may have.
    NotFound for the id of a file that the caller may not know of.
    """
    case = queries.get(session, scope, case_id, for_change=True)
    digest = fingerprint(content)
    known = session.get(Attachment, attachment_id)
    if known is not None and scope.allows(known.customer_id, known.reseller_id):
        return _same(known, case_id, digest)
    if case.status == "closed":
        raise Refused("This case is closed: open a new one.", code="case_closed")
    _refuse_more(session, case_id)
    taken, now = uploads.examined(name, content), clock.now(session)
    facts = {
        "id": attachment_id, "case_id": case_id, "customer_id": case.customer_id, "reseller_id": case.reseller_id,
        "name": taken.name, "media_type": taken.media_type, "size": len(content), "sha256": digest,
        "state": "quarantined", "author": author.name, "author_id": author.id, "at": now, "content": content,
        "search_at": now, "searches": 0,
    }  # fmt: skip
    if not insert_new(session, Attachment.__table__, facts, "id"):  # it is of another's case, which is not seen here
        raise NotFound("There is no such file.", code="attachment_not_found", field="attachment_id")
    attachment = session.get_one(Attachment, attachment_id)
    _audit(session, "support.attach", attachment)
    return attachment


def _refuse_more(session: Session, case_id: UUID) -> None:
    if config.current().is_production and not config.current().clamd:  # who cannot search takes nothing in
        raise Refused("Files cannot be searched for malware here, so none are taken.", code="attachments_off")
    count = session.scalar(select(func.count()).select_from(Attachment).where(Attachment.case_id == case_id)) or 0
    if count >= MOST:
        raise Refused("A case takes %(most)s files.", code="too_many_attachments", field="file", most=MOST)


def _same(attachment: Attachment, case_id: UUID, digest: str) -> Attachment:
    if (attachment.case_id, attachment.sha256) != (case_id, digest):
        raise Conflict("This id belongs to another file.", code="attachment_id_taken")
    return attachment


def claim_unsearched(session: Session) -> Attachment | None:
    """Take the file that has waited longest for its search; it comes again if nobody says how the search went."""
    now = clock.now(session)
    query = select(Attachment).where(Attachment.search_at <= now).order_by(Attachment.search_at).limit(1)
    query = query.options(undefer(Attachment.content))
    found: Attachment | None = session.scalars(claimed(query, Attachment)).one_or_none()
    if found is not None:
        found.searches += 1
        found.search_at = now + min(LEASE * found.searches, timedelta(hours=1))
    return found


def mark_searched(session: Session, *, attachment_id: UUID, finding: str | None) -> None:
    """Say what a search has found: nothing, so that the file may be had, or malware, whose content is dropped."""
    query = select(Attachment).where(Attachment.id == attachment_id, Attachment.state == "quarantined")
    attachment = session.scalars(locked(query, Attachment)).one_or_none()
    if attachment is None:
        return  # another search was faster
    attachment.state = "infected" if finding else "clean"
    attachment.finding, attachment.content, attachment.search_at = finding, None, None
    _audit(session, "support.search_attachment", attachment)


def put_away_files_of(session: Session, *, author_id: str) -> int:
    """Put away all files of somebody who is erased; returns how many. Nobody gets them any more from now on.

    Each row stays, without its words, until its content has left the document store as well (`drop_file`).
    """
    gone = update(Attachment).where(Attachment.author_id == author_id, Attachment.state != PUT_AWAY)
    said = {"name": ERASED_TEXT, "author": ERASED_NAME, "finding": None, "content": None}
    done: Any = session.execute(gone.values(state=PUT_AWAY, search_at=clock.now(session), searches=0, **said))
    return int(done.rowcount)


def has_twin(session: Session, attachment: Attachment) -> bool:
    """Whether the content of a file is also that of one which stays."""
    others = select(Attachment.id).where(Attachment.sha256 == attachment.sha256, Attachment.state != PUT_AWAY)
    return session.scalars(others.order_by(Attachment.id).limit(1)).first() is not None


def drop_file(session: Session, *, attachment_id: UUID) -> None:
    """Delete the row of a file that was put away and whose content is gone."""
    session.execute(delete(Attachment).where(Attachment.id == attachment_id, Attachment.state == PUT_AWAY))


def note_download(session: Session, *, scope: Scope, case_id: UUID, attachment_id: UUID) -> Attachment:
    """The facts of a file for one download, which the audit trail knows of. NotFound until it was found clean."""
    queries.get(session, scope, case_id)
    query = select(Attachment).where(
        Attachment.id == attachment_id, Attachment.case_id == case_id, Attachment.state != PUT_AWAY,
        scope.covers(Attachment),
    )  # fmt: skip
    attachment: Attachment | None = session.scalars(query).one_or_none()
    if attachment is None:
        raise NotFound("There is no such file.", code="attachment_not_found", field="attachment_id")
    if attachment.state == "infected":
        raise NotFound("Malware was found in this file, so nobody gets it.", code="attachment_infected")
    if attachment.state != "clean":
        raise NotFound("The file is being searched. Try again in a minute.", code="attachment_not_ready")
    _audit(session, "support.download_attachment", attachment)
    return attachment


def _audit(session: Session, action: str, attachment: Attachment) -> None:
    after = {"case": str(attachment.case_id), "sha256": attachment.sha256, "state": attachment.state}
    subject = ("attachment", attachment.id)
    audit.record(session, action, customer_id=attachment.customer_id, subject=subject, after=after)
