"""People, their memberships and logins, programs and their secrets, and what each role may do."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel import envelope
from domains.kernel.columns import Count, Flag, Id, Instant, Json, LongText, Serial, Text
from domains.kernel.database import Database
from domains.kernel.envelope import MARK
from domains.kernel.tenancy import Scope

from .policy import RUN_SCOPES

# Who is calling is found out here, before anybody has a scope, and one person is a member of several customers.
db = Database("users", shielded=False)

THEMES = ("auto", "light", "dark")
LANGUAGES = ("en", "de", "ja")
FORMATS = ("en_GB", "en_AU", "en_SG", "en_IN", "de_DE", "de_CH", "ja_JP", "fr_FR", "nb_NO", "sv_SE")


class Organisation(db.Model):
    """What users know of a customer; the owner of these facts is `customers`."""

    __tablename__ = "organisation"

    customer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    kind: Mapped[str] = mapped_column(Text(16))
    name: Mapped[str] = mapped_column(Text(120))
    region: Mapped[str] = mapped_column(Text(8))
    currency: Mapped[str] = mapped_column(Text(3))
    status: Mapped[str] = mapped_column(Text(16))
    version: Mapped[int] = mapped_column(Count)
    second_factor: Mapped[str] = mapped_column(Text(10), server_default="optional")  # or required, of its people

    def scope_of_program(self, scopes: frozenset[str]) -> Scope:
        """What a program of theirs sees: their own, or all runs for one of the operator's that works on runs only."""
        if self.kind == "operator" and scopes and scopes <= RUN_SCOPES:
            return Scope.operator()
        return Scope.reseller(self.customer_id) if self.kind == "reseller" else Scope.customer(self.customer_id)


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
    purpose: Mapped[str] = mapped_column(Text(20))  # password, invitation, passkey
    user_id: Mapped[UUID | None] = mapped_column(Id, index=True)  # None: whoever it turns out to be
    expires_at: Mapped[datetime] = mapped_column(Instant)


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What a program proves itself with: a secret, of which we keep a digest, or the public half of its own key."""

    id: UUID
    kind: str  # secret, key
    digest: str  # SHA-256: the secrets have 256 bits; of a key, its thumbprint
    hint: str  # how a secret begins; the id of a key
    created_at: datetime
    last_used_at: datetime | None = None
    jwk: dict[str, Any] | None = None

    @classmethod
    def of_secret(cls, hashed: str, hint: str, created_at: datetime) -> Credential:
        """A secret, by its digest; so its id is the same however often it is asked for."""
        return cls(id=UUID(hashed[:32]), kind="secret", digest=hashed, hint=hint, created_at=created_at)


class ApiClient(db.Model):
    """A program that may call the API for a customer. Up to two secrets and two keys are live, to replace one."""

    __tablename__ = "api_client"

    id: Mapped[str] = mapped_column(Text(64), primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(120))
    scopes: Mapped[list[str]] = mapped_column(Json)
    secrets: Mapped[list[str]] = mapped_column(Json)  # digests of the live secrets, newest first
    credentials: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)  # with what is told of them
    status: Mapped[str] = mapped_column(Text(10))  # active, disabled
    epoch: Mapped[int] = mapped_column(Count)
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count, server_default="1")

    @property
    def live(self) -> list[Credential]:
        """Secrets and keys, newest first. A secret from before we told about them is told as what is known of it."""
        known = {one.digest: one for one in msgspec.convert(self.credentials or [], list[Credential])}
        old = [Credential.of_secret(one, "css_", self.created_at) for one in self.secrets if one not in known]
        return [one for one in known.values() if one.kind == "key" or one.digest in self.secrets] + old

    @live.setter
    def live(self, found: list[Credential]) -> None:
        self.credentials = msgspec.to_builtins(found)
        self.secrets = [one.digest for one in found if one.kind == "secret"]

    @property
    def last_used_at(self) -> datetime | None:
        """When the program last got a token, to the minute."""
        return max((one.last_used_at for one in self.live if one.last_used_at), default=None)


class SignOn(db.Model):
    """A customer's own OpenID provider, through which its people sign in. Each customer has one at most."""

    __tablename__ = "sign_on"

    customer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    issuer: Mapped[str] = mapped_column(Text(300))
    client_id: Mapped[str] = mapped_column(Text(200))
    client_secret: Mapped[str] = mapped_column(Text(2000), info=MARK)  # sealed
    provider: Mapped[dict[str, Any]] = mapped_column(Json)  # what we need of its metadata
    role: Mapped[str] = mapped_column(Text(20))  # of people who join by themselves
    joins: Mapped[bool] = mapped_column(Flag)  # whether they may
    forced: Mapped[bool] = mapped_column(Flag)  # members come in by it only; owners keep their own means
    trusted: Mapped[bool] = mapped_column(Flag)  # it asks for a second factor, so we need not
    created_at: Mapped[datetime] = mapped_column(Instant)
    checked_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count)


class SignOnDomain(db.Model):
    """An e-mail domain that a customer says is its own; proved by a record that only its owner can publish."""

    __tablename__ = "sign_on_domain"
    __table_args__ = (UniqueConstraint("customer_id", "name"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(253))
    challenge: Mapped[str] = mapped_column(Text(80))  # what the record must hold
    created_at: Mapped[datetime] = mapped_column(Instant)
    verified_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def version(self) -> int:
        """It changes once, when it is proved."""
        return 1 if self.verified_at is None else 2


PROVED = SignOnDomain.verified_at.is_not(None)
Index("uq_sign_on_domain_verified", SignOnDomain.name, unique=True,
      sqlite_where=PROVED, postgresql_where=PROVED, mssql_where=PROVED)  # fmt: skip


class Identity(db.Model):
    """Who a person is at a customer's provider: its issuer and its name for them, never an e-mail address."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("customer_id", "key"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    user_id: Mapped[UUID] = mapped_column(Id, index=True)
    key: Mapped[str] = mapped_column(Text(64))  # digest of both: some databases do not tell small from capital letters
    issuer: Mapped[str] = mapped_column(Text(300))
    subject: Mapped[str] = mapped_column(Text(255))
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class Throttle(db.Model):
    """Failed tries of one address or from one place, so that guessing becomes slow; it works without Redis."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(Text(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Count)
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)


class SupportGrant(db.Model):
    """That the operator's staff may look at a customer's pages for a time: asked for, given, and ended."""

    __tablename__ = "support_grant"
    __table_args__ = (Index("ix_support_grant_customer_id", "customer_id", "id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(Text(10))  # asked, granted, declined, ended
    asked_by: Mapped[UUID | None] = mapped_column(Id, index=True)  # who of the staff; nobody else may use it then
    asked_name: Mapped[str] = mapped_column(Text(200))
    case_id: Mapped[UUID | None] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(Text(500))
    hours: Mapped[int] = mapped_column(Count)
    areas: Mapped[list[str]] = mapped_column(Json)  # what may be changed; none: reading only
    emergency: Mapped[bool] = mapped_column(Flag)  # taken by an administrator without being asked for
    granted_name: Mapped[str] = mapped_column(Text(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_name: Mapped[str] = mapped_column(Text(200))
    version: Mapped[int] = mapped_column(Count)


class SupportUse(db.Model):
    """That one of the staff began to act under a support access."""

    __tablename__ = "support_use"
    __table_args__ = (Index("ix_support_use_grant_id", "grant_id", "id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    user_id: Mapped[UUID] = mapped_column(Id)
    user_name: Mapped[str] = mapped_column(Text(200))
    at: Mapped[datetime] = mapped_column(Instant)


def email_key(email: str) -> str:
    """What makes two e-mail addresses the same."""
    return unicodedata.normalize("NFKC", email.replace("\0", "").strip()).casefold()  # PostgreSQL knows no NUL
