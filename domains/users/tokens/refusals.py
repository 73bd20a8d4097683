"""Who was refused: noted once by each process, so that a flood costs no more than looking into a list."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from .. import commands
from ..models import db

log = logging.getLogger(__name__)
AGAIN_AFTER = 60.0  # seconds until this process asks the database again whether it is to be noted
MOST = 5_000
_noted: dict[tuple[str, ...], float] = {}
_lock = threading.Lock()


def note_refusal(action: str, why: str, *, client_id: str = "", **more: Any) -> None:
    """Have a refusal stand in the trail of whom it concerns. What is refused stays so when that cannot be written."""
    key, now = (action, why, client_id[:64], str(more.get("customer_id", ""))), time.monotonic()
    with _lock:
        if _noted.get(key, 0.0) > now:
            return
        while len(_noted) >= MOST:
            _noted.pop(next(iter(_noted)))
        _noted[key] = now + AGAIN_AFTER
    log.info("refused", extra={"action": action, "why": why})
    try:
        with db.begin() as session:
            commands.note_refusal(session, action=action, why=why, client_id=client_id[:64], **more)
    except SQLAlchemyError as away:
        log.warning("a refusal could not be noted", exc_info=away)
        _noted.pop(key, None)


def forget_noted() -> None:
    """Note everything anew, as a process that has just begun."""
    _noted.clear()
