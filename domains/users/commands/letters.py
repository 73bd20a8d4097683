"""Letters about a way in: an invitation, a link to choose a password, and word of what was changed.

A link is good once. Only its reader knows it: here lies its digest. It never is the password, and it does not stand in
for a second factor.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from domains.kernel import clock, config
from domains.kernel.crypto import digest, token
from domains.kernel.database import locked
from domains.kernel.errors import Refused

from ..events import Recipient
from ..models import Membership, OneTime, Organisation, User, email_key
from . import throttles
from .invitations import INVITATION_LASTS
from .live import end_others, home_of
from .logins import Denied, SignedIn
from .passwords import take_password, verified
from .proving import failed, finished, held
from .telling import tell_of_change, write
from .trail import note_by

LINK_LASTS = timedelta(minutes=30)
LETTERS_FREE = 5  # of those that anybody may ask for, to one address


def invite_by_letter(session: Session, user: User, member: Membership) -> None:
    """Write to somebody who is invited: the same words whether they are known here or not."""
    code, until = token(), clock.now(session) + INVITATION_LASTS
    session.add(OneTime(key=_key(code), purpose="invitation", user_id=user.id, expires_at=until))
    place = session.get_one(Organisation, member.customer_id)
    who = Recipient(user.id, member.invited_name or "", user.email, user.language)
    write(session, place, who, "invitation", {"customer": place.name, "link": _link("/login/invitation", code)})


def ask_for_link(session: Session, *, email: str) -> None:
    """Write to whoever has this address, with a link to choose a password. For an address nobody has, as much is done.

    More than a few letters to one address must wait, so that nobody is buried in them.
    """
    now = clock.now(session)
    limits = (throttles.Limit(digest("letter", email_key(email)), LETTERS_FREE),)
    waits = throttles.wait(session, limits, now) > 0
    throttles.note_failures(session, limits, now)
    user = session.scalars(select(User).where(User.email_key == email_key(email))).one_or_none()
    home = home_of(session, user.id) if user is not None else None
    code, until = token(), now + LINK_LASTS
    known = user is not None and home is not None and user.status in ("invited", "active") and not waits
    owner = user.id if known and user is not None else None
    session.add(OneTime(key=_key(code), purpose="password", user_id=owner, expires_at=until))
    who = Recipient(user.id, user.name, user.email, user.language) if known and user else Recipient(None, "", "", "en")
    place = session.get(Organisation, home) if home is not None else None
    write(session, place, who, "password_link", {"link": _link("/login/password", code)})
    if known and user is not None and home is not None:
        note_by(session, user, "users.ask_for_link", home, user.id, "user")


def link_is_good(session: Session, code: str) -> tuple[User, str] | None:
    """Whose link this is and what for; None when it is used up or late."""
    kept = session.get(OneTime, _key(code))
    if kept is None or kept.user_id is None or kept.purpose not in ("password", "invitation"):
        return None
    user = session.get(User, kept.user_id)
    late = kept.expires_at <= clock.now(session) or user is None or home_of(session, user.id) is None
    if late or user is None or (kept.purpose == "invitation" and user.status != "invited"):
        return None
    return user, kept.purpose


def choose_password(session: Session, *, code: str, password: str) -> None:
    """Take a link at its word, once: its owner has a new password, and must sign in with it, wherever they are."""
    session.scalars(locked(select(OneTime).where(OneTime.key == _key(code)), OneTime)).one_or_none()
    found = link_is_good(session, code)
    if found is None:
        raise Refused("This link is no longer good. Ask for another one.", code="link_ended")
    user, _ = found
    take_password(session, user, password, "users.reset_password")
    session.execute(delete(OneTime).where(OneTime.user_id == user.id, OneTime.purpose.in_(("password", "invitation"))))
    end_others(session, user.id)
    tell_of_change(session, user_id=user.id, template="password_changed")


def change_password(session: Session, *, login_id: UUID, password: str, new: str, end: bool) -> SignedIn | Denied:
    """Take a new password from who knows the old one, and end the person's other logins if they want that."""
    login, user = held(session, login_id)
    if login is None or user is None or login.state != "active":
        return Denied("login_ended")
    now = clock.now(session)
    if seconds := throttles.wait(session, throttles.of_person(user.id, login.sign_on_id), now):
        return Denied("too_many_attempts", seconds)
    if not verified(user.password_hash, password):
        return failed(session, login, user, now, "users.confirm_failed")
    take_password(session, user, new, "users.set_password", field="new")
    if end:
        end_others(session, user.id, but=login.id)
    tell_of_change(session, user_id=user.id, template="password_changed")
    return finished(session, login, user, "pwd", now)


def _key(code: str) -> str:
    return digest("link", code)


def _link(path: str, code: str) -> str:
    return f"{config.current().public_url}{path}?code={code}"
