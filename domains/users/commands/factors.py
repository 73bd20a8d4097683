"""Second factors: authenticator apps (RFC 6238) and the recovery codes for who has lost theirs."""

from __future__ import annotations

import hmac
from base64 import b32encode
from datetime import datetime
from typing import Any
from uuid import UUID

from pyotp import TOTP, random_base32
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from domains.kernel import clock, envelope
from domains.kernel.crypto import digest, token_of
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.errors import Refused

from ..models import Passkey, RecoveryCode, Totp, User
from .live import home_of
from .requirement import has_factor, hold_to_rules, needs_second_factor
from .telling import tell_of_change
from .trail import note_by

PURPOSE = "users.totp"
STEP = 30  # seconds that a code is good; the one before and after are taken, too, for clocks that differ
CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # 31 letters that are not mistaken for others: 24 of them have 118 bits
BLOCK = 6


def offer_app(session: Session, *, user_id: UUID, login_id: UUID) -> str:
    """The seed that a person's authenticator app shall take; for each login another one, until a code was right.

    Whoever has stolen a password may have looked here before: what they were shown must never become the seed.
    """
    sealed = envelope.seal(random_base32(), purpose=PURPOSE, owner=user_id)
    row = {"user_id": user_id, "seed": sealed, "last_step": 0, "created_at": clock.now(session)}
    insert_new(session, Totp.__table__, row, "user_id")
    known = session.scalars(locked(select(Totp).where(Totp.user_id == user_id), Totp)).one()
    if known.confirmed_at is not None:
        raise Refused("You have an authenticator app already: remove it first.", code="factor_known")
    return _offered(known, login_id)


def _offered(app: Totp, login_id: UUID) -> str:
    return b32encode(hmac.digest(seed_of(app).encode(), login_id.bytes, "sha256")[:20]).decode()


def seed_of(app: Totp) -> str:
    """What an app and we both know."""
    return envelope.opened(app.seed, purpose=PURPOSE, owner=app.user_id)


def address_of(seed: str, email: str) -> str:
    """The `otpauth:` address that an app reads from a picture."""
    return TOTP(seed).provisioning_uri(name=email, issuer_name="Cloud Sales System")


def confirm_app(session: Session, *, user_id: UUID, login_id: UUID, code: str) -> None:
    """Begin to ask for the codes of the app that was offered to a login; refused until one of them was right."""
    app = session.scalars(locked(select(Totp).where(Totp.user_id == user_id), Totp)).one_or_none()
    now = clock.now(session)
    seed = _offered(app, login_id) if app is not None and app.confirmed_at is None else None
    if app is None or seed is None or _taken(app, seed, code, now) != "right":
        raise Refused("This is not the code that the app shows now.", code="code_wrong", field="code")
    app.seed, app.confirmed_at = envelope.seal(seed, purpose=PURPOSE, owner=user_id), now
    note_factor(session, user_id, "users.add_factor", kind="totp")


def set_up_app(session: Session, *, user_id: UUID) -> str:
    """Set up an app for somebody who shall find one: the demo's people. Gives its seed."""
    known = {"user_id": user_id, "login_id": new_id()}
    seed = offer_app(session, **known)
    confirm_app(session, **known, code=TOTP(seed).at(clock.now(session)))
    hold_to_rules(session, [user_id])
    return seed


def take_code(session: Session, user: User, code: str, now: datetime) -> str:
    """What a code of a person's app is: right (and good no more), replayed, or wrong."""
    app = session.scalars(locked(select(Totp).where(Totp.user_id == user.id), Totp)).one_or_none()
    return "wrong" if app is None or app.confirmed_at is None else _taken(app, seed_of(app), code, now)


def _taken(app: Totp, seed: str, code: str, now: datetime) -> str:
    typed, current = "".join(code.split()), int(now.timestamp()) // STEP
    otp = TOTP(seed)
    shown = [step for step in (current - 1, current, current + 1) if _same(otp.generate_otp(step), typed)]
    if not shown:
        return "wrong"
    if shown[-1] <= app.last_step:
        return "replayed"
    app.last_step = shown[-1]
    return "right"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def remove_app(session: Session, *, user_id: UUID) -> None:
    """Forget a person's app; refused when it is the last second factor of somebody who needs one."""
    check_not_last(session, user_id, "app")
    session.execute(delete(Totp).where(Totp.user_id == user_id))
    note_removal(session, user_id, "totp")


def note_removal(session: Session, user_id: UUID, kind: str) -> None:
    """Append that a factor is gone; with the last one go the recovery codes, which stand in for it."""
    note_factor(session, user_id, "users.remove_factor", kind=kind)
    if not has_factor(session, user_id):
        session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def check_not_last(session: Session, user_id: UUID, kind: str) -> None:
    """Refuse to take away the only second factor of somebody who must have one."""
    keys = session.scalar(select(func.count()).select_from(Passkey).where(Passkey.user_id == user_id)) or 0
    apps = session.scalar(
        select(func.count()).select_from(Totp).where(Totp.user_id == user_id, Totp.confirmed_at.is_not(None))
    )
    left = keys + (apps or 0) - 1
    if left < 1 and needs_second_factor(session, user_id):
        raise Refused("You need a second factor: add another one before you remove this.", code="factor_needed")


def renew_recovery_codes(session: Session, *, user_id: UUID) -> list[str]:
    """Ten new recovery codes, which are shown once; those before are good no more."""
    codes = [token_of(ALPHABET, BLOCK * 4) for _ in range(CODES)]
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(RecoveryCode(code_hash=_hash_of(user_id, code), user_id=user_id) for code in codes)
    note_factor(session, user_id, "users.renew_recovery_codes")
    return ["-".join(code[start : start + BLOCK] for start in range(0, len(code), BLOCK)) for code in codes]


def take_recovery_code(session: Session, user: User, typed: str) -> bool:
    """Whether this is a recovery code of the person that was not used before; it is now."""
    code = "".join(letter for letter in typed.casefold() if letter.isalnum())
    mine = (RecoveryCode.code_hash == _hash_of(user.id, code), RecoveryCode.used_at.is_(None))
    used: Any = session.execute(update(RecoveryCode).where(*mine).values(used_at=clock.now(session)))
    if used.rowcount != 1:
        return False
    note_factor(session, user.id, "users.use_recovery_code")
    tell_of_change(session, user_id=user.id, template="factors_changed")
    return True


def _hash_of(user_id: UUID, code: str) -> str:
    return digest("recovery", str(user_id), code)


def note_factor(session: Session, user_id: UUID, action: str, **what: str) -> None:
    """Append that somebody has changed or used a way in of theirs."""
    user = session.get_one(User, user_id)
    home = home_of(session, user_id) or user_id
    note_by(session, user, action, home, user_id, "user", after=what or None)
