"""What is only looked at and still stands in a trail: staff at a customer's, and whoever shows an ended login."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest
from domains.kernel.database import insert_new
from domains.kernel.messages import context

from ..models import Login, User, db
from .trail import note, note_by


def note_reading(session: Session, *, customer_id: UUID, path: str, each: bool = False) -> None:
    """Append that whoever acts has looked at a customer, and at which page first; once for each hour by the clock.

    With `each` it is once for each page: for lists over all customers, which stand in the operator's own trail.
    """
    now, reader = clock.now(session), context().actor
    key = digest("reading", reader.id, str(customer_id), now.strftime("%Y-%m-%dT%H"), path if each else "")
    row = {"key": key, "request_digest": key, "status": 0, "at": now}
    if insert_new(session, db.idempotency, row, "key"):
        note(session, "users.read", customer_id, ("customer", customer_id), after={"path": path})


def ended_login_key(login_id: UUID, now: datetime) -> str:
    """What the use of a login that has ended is counted by: once for each hour by the clock."""
    return digest("ended login", str(login_id), now.strftime("%Y-%m-%dT%H"))


def note_ended_login(session: Session, *, login_id: UUID) -> None:
    """Append that somebody has shown the token of a login that was ended: a stolen cookie looks like that."""
    login, now = session.get_one(Login, login_id), clock.now(session)
    user, key = session.get(User, login.user_id), ended_login_key(login_id, now)
    if user is not None and insert_new(
        session, db.idempotency, {"key": key, "request_digest": key, "status": 0, "at": now}, "key"
    ):
        note_by(session, user, "users.ended_login_used", login.customer_id, login_id)
