"""Programs, their secrets and keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Id, Instant, Json, Text

from .organisations import db


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
