"""Files in quarantine are searched one by one, outside any transaction, and the clean ones put into the store."""

from __future__ import annotations

import logging

from domains.kernel import files, scanning
from domains.kernel.chores import Chore

from . import commands
from .models import PUT_AWAY, Attachment, db

log = logging.getLogger(__name__)
FOLDER = "attachments"


def search_waiting(*, most: int = 20) -> int:
    """Search the files whose time has come, at most so many; returns how many were settled.

    A crash leaves a file in quarantine, where it is searched again; stored twice, it is the same file.
    """
    settled = 0
    for _ in range(most):
        with db.begin() as session:
            waiting = commands.claim_unsearched(session)
        if waiting is None:
            break
        settled += _drop(waiting) if waiting.state == PUT_AWAY else _search(waiting)
    return settled


def _drop(gone: Attachment) -> bool:
    """Let a file of somebody who was erased leave the store, unless somebody else has put the same one to a case."""
    with db.begin_read() as session:
        shared = commands.has_twin(session, gone)
    if not shared:
        files.remove(FOLDER, gone.sha256)
    with db.begin() as session:
        commands.drop_file(session, attachment_id=gone.id)
    return True


def _search(waiting: Attachment) -> bool:
    try:
        finding = scanning.finding_in(waiting.content or b"")
    except scanning.CannotSearch as why:
        log.warning("a file stays in quarantine for now", extra={"attachment": str(waiting.id), "why": str(why)})
        return False
    if finding:
        log.warning("malware found", extra={"attachment": str(waiting.id), "finding": finding})
    else:
        files.keep(FOLDER, waiting.content or b"")
    with db.begin() as session:
        commands.mark_searched(session, attachment_id=waiting.id, finding=finding)
    return True


def content_of(attachment: Attachment) -> bytes:
    """The content of a clean file, unharmed. Raises files.Damaged."""
    return files.read(FOLDER, attachment.sha256)


CHORES = (Chore(every=1.0, run=search_waiting),)
