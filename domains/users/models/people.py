"""People, their memberships, their logins, and by what they prove who they are."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from email.utils import parseaddr
from uuid import UUID

import idna
from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel import envelope
from domains.kernel.columns import Count, Flag, Id, Instant, Json, LongText, Serial, Text
from domains.kernel.crypto import digest

from .organisations import db

LONGEST_EMAIL = 320
THEMES = ("auto", "light", "dark")
DRIFT_MAIL = ("daily", "never")  # whether an owner is told each morning of what stands open in the drift inbox
LANGUAGES = ("en", "de", "ja")
FORMATS = ("en_GB", "en_AU", "en_SG", "en_IN", "de_DE", "de_CH", "ja_JP", "fr_FR", "nb_NO", "sv_SE")


class User(db.Model):
    """A person who may sign in."""

    __tablename__ = "user_"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(Text(320))
    email_key: Mapped[str] = mapped_column(Text(320), unique=True)
    name: Mapped[str] = mapped_column(Text(200))
    password_hash: Mapped[str | None] = mapped_column(Text(200))
    status: Mapped[str] = mapped_column(Text(10))  # invited, active, disabled
    language: Mapped[str] = mapped_column(Text(8))
    formats: Mapped[str] = mapped_column(Text(16))
    time_zone: Mapped[str] = mapped_column(Text(60))
    theme: Mapped[str] = mapped_column(Text(8))
    drift_mail: Mapped[str] = mapped_column(Text(8), server_default="daily", default="daily")  # or never
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count)


class Membership(db.Model):
    """What a person may do for one customer. Until they accept it is an invitation, which grants nothing."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("user_id", "customer_id"), Index("ix_membership_reseller_id", "reseller_id"))

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    role: Mapped[str] = mapped_column(Text(20))
    state: Mapped[str] = mapped_column(Text(10), server_default="active")  # invited, active, disabled
    invited_name: Mapped[str | None] = mapped_column(Text(200))  # as whoever invited typed it
    invited_email: Mapped[str | None] = mapped_column(Text(320))
    created_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)  # of an invitation
    version: Mapped[int] = mapped_column(Count, server_default="1")


class Login(db.Model):
    """One sign-in of a person on one browser. Its token is known only to the browser; here lies its digest."""

    __tablename__ = "login"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[str] = mapped_column(Text(64), unique=True)
    user_id: Mapped[UUID] = mapped_column(Id, index=True)
    customer_id: Mapped[UUID] = mapped_column(Id)  # the user's own id while they are invited only
    acting_for: Mapped[UUID | None] = mapped_column(Id)
    grant_id: Mapped[UUID | None] = mapped_column(Id, index=True)  # the support access under which staff act
    epoch: Mapped[int] = mapped_column(Count)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    ip: Mapped[str] = mapped_column(Text(64))
    user_agent: Mapped[str] = mapped_column(Text(300))
    state: Mapped[str] = mapped_column(Text(16), server_default="active")  # second_factor, enrol: only to finish it
    proved_at: Mapped[datetime | None] = mapped_column(Instant)  # when the person last showed that it is they
    amr: Mapped[list[str] | None] = mapped_column(Json)  # by what: pwd, otp, recovery, passkey, sso
    failures: Mapped[int] = mapped_column(Count, server_default="0")  # wrong second factors
    sign_on_id: Mapped[UUID | None] = mapped_column(Id)  # the customer whose provider let them in: good there only


class Totp(db.Model):
    """A person's authenticator app. Until its first code was right it is only offered."""

    __tablename__ = "totp"

    user_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    seed: Mapped[str] = mapped_column(Text(500), info=envelope.MARK)
    last_step: Mapped[int] = mapped_column(Serial)  # the half-minute of the last code that was taken
    created_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)


class Passkey(db.Model):
    """A key on a device or security key of a person's, which signs instead of a password."""

    __tablename__ = "passkey"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, index=True)
    credential_hash: Mapped[str] = mapped_column(Text(64), unique=True)
    credential_id: Mapped[str] = mapped_column(LongText)
    public_key: Mapped[str] = mapped_column(LongText)
    sign_count: Mapped[int] = mapped_column(Serial)
    transports: Mapped[list[str]] = mapped_column(Json)
    backed_up: Mapped[bool] = mapped_column(Flag)
    name: Mapped[str] = mapped_column(Text(80))
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class RecoveryCode(db.Model):
    """One way in for who has lost the second factor; good once. The code has 120 bits, here lies its digest."""

    __tablename__ = "recovery_code"

    code_hash: Mapped[str] = mapped_column(Text(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class OneTime(db.Model):
    """Something that is good once and for a while: a mailed link, or what a passkey is asked to sign."""

    __tablename__ = "one_time"

    key: Mapped[str] = mapped_column(Text(64), primary_key=True)  # digest; the secret is known only outside
    purpose: Mapped[str] = mapped_column(Text(20))  # password, invitation, passkey, sign_on
    user_id: Mapped[UUID | None] = mapped_column(Id, index=True)  # None: whoever it turns out to be
    expires_at: Mapped[datetime] = mapped_column(Instant)


class Throttle(db.Model):
    """Failed tries of one address or from one place, so that guessing becomes slow; it works without Redis."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(Text(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Count)
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)


def is_address(text: str) -> bool:
    """Whether a text is one e-mail address, to which a letter can go: not two, and nothing that adds to its head."""
    local, _, host = text.rpartition("@")
    bare = parseaddr(text)[1] == text and text.isprintable() and " " not in text
    return bool(local and "." in host and bare) and max(len(text), len(email_key(text))) <= LONGEST_EMAIL


def email_key(email: str) -> str:
    """What makes two e-mail addresses the same: nothing that mail would bring to two different people.

    So capital letters, and the two ways to write a domain of another alphabet (UTS 46, as browsers and mail know it
    today), but not letters that look alike or that older rules took for others, such as ß for ss.
    """
    plain = email.replace("\0", "").strip()  # PostgreSQL knows no NUL
    if len(plain) > LONGEST_EMAIL:
        return digest("long address", plain.encode("utf-8", "replace"))  # nobody's: none that is kept is as long
    local, at, domain = unicodedata.normalize("NFC", plain).rpartition("@")
    return f"{local.lower()}{at}{ascii_domain(domain) or domain}"


def ascii_domain(domain: str) -> str:
    """A domain in small ASCII letters, other alphabets by their ASCII name; empty when it is none."""
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode() if len(domain) <= LONGEST_EMAIL else ""
    except (idna.IDNAError, UnicodeError):
        return ""
