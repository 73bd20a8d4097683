"""Drift: what customers did directly at the provider until somebody settles it, and the rule that settles by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Id, Instant, Json, Text
from domains.kernel.errors import Said

from .database import db
from .differences import CANCELED, CHANGED, GONE, NEW, Difference, Seen

STANDING = ("open", "settling", "case_opened", "ignored")  # the difference is still there
SETTLEABLE = ("open", "case_opened", "ignored")
STATES = (*STANDING, "adopted", "reverted", "vanished")
DECISIONS = ("adopt", "revert", "case", "ignore")
RULES = ("nothing", "increases", "all")


class Drift(db.Model):
    """One subscription that stands otherwise at the provider than with us; of one subscription one row stands.

    `subscription_id` is ours; of one that was bought directly it is the id that it will have once it is adopted.
    """

    __tablename__ = "drift"
    __table_args__ = (
        Index("ix_drift_customer_id_id", "customer_id", "id"),
        Index("ix_drift_reseller_id_id", "reseller_id", "id"),
        Index("ix_drift_account_id_state", "account_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    account_id: Mapped[UUID] = mapped_column(Id)
    account_name: Mapped[str] = mapped_column(Text(200))
    subscription_id: Mapped[UUID] = mapped_column(Id, index=True)
    number: Mapped[str | None] = mapped_column(Text(20))  # of our subscription
    name: Mapped[str] = mapped_column(Text(200))
    provider: Mapped[str] = mapped_column(Text(40))  # its key
    provider_subscription_id: Mapped[str] = mapped_column(Text(80), index=True)
    kind: Mapped[str] = mapped_column(Text(12))  # new, changed, canceled, gone
    differences: Mapped[Any] = mapped_column(Json)
    seen: Mapped[Any | None] = mapped_column(Json)  # all that the provider said of it then; None when it is gone
    digest: Mapped[str] = mapped_column(Text(64))
    state: Mapped[str] = mapped_column(Text(12))
    found_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)  # when it was found to be still so
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    decision: Mapped[str | None] = mapped_column(Text(12))
    reason: Mapped[str | None] = mapped_column(Text(500))
    settlement_id: Mapped[UUID | None] = mapped_column(Id)  # of the try to settle it that is under way, or was last
    run_id: Mapped[UUID | None] = mapped_column(Id)
    settled_by_id: Mapped[UUID | None] = mapped_column(Id)
    settled_by: Mapped[str | None] = mapped_column(Text(200))
    case_id: Mapped[UUID | None] = mapped_column(Id)
    error_code: Mapped[str | None] = mapped_column(Text(80))
    error_detail: Mapped[str | None] = mapped_column(Text(1000))
    version: Mapped[int] = mapped_column(Count, default=1)

    @property
    def found(self) -> tuple[Difference, ...]:
        """The differences as facts."""
        return tuple(msgspec.convert(self.differences, list[Difference]))

    @property
    def as_seen(self) -> Seen | None:
        """What the provider said of it then."""
        return msgspec.convert(self.seen, Seen, strict=False) if self.seen is not None else None

    @property
    def grows_only(self) -> bool:
        """Whether it only adds units to a subscription that we know."""
        found = self.found
        if self.kind != CHANGED or [one.field for one in found] != ["quantity"]:
            return False
        return int(found[0].theirs or 0) > int(found[0].ours or 0)

    @property
    def is_plain(self) -> bool:
        """Whether it may be adopted by a rule: nothing that has ended or that we have no word for."""
        strange = any((one.theirs or "").startswith("unknown:") for one in self.found)
        return self.kind in (NEW, CHANGED) and not strange

    def falls_under(self, rule: str) -> bool:
        """Whether an account's rule adopts it without asking anybody."""
        return self.is_plain and (rule == "all" or (rule == "increases" and self.grows_only))


class Reconciliation(db.Model):
    """How an account's subscriptions were last compared with the provider's, and what its rule adopts by itself."""

    __tablename__ = "reconciliation"

    account_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    rule: Mapped[str] = mapped_column(Text(12), default="nothing")
    at: Mapped[datetime | None] = mapped_column(Instant)
    compared: Mapped[int] = mapped_column(Count, default=0)  # subscriptions over there
    standing: Mapped[int] = mapped_column(Count, default=0)  # of them differ
    version: Mapped[int] = mapped_column(Count, default=1)


@dataclass(frozen=True)
class Choice:
    """A way to settle a drift, and whether it is open now; if not, why, for programs and for people."""

    decision: str
    enabled: bool
    reason_code: str | None = None
    reason: str | None = None


def choices(drift: Drift) -> tuple[Choice, ...]:
    """How a drift can be settled: adopt, revert, case and ignore, in this order. Nothing while it is being settled."""
    if drift.state not in SETTLEABLE:
        code, why = _SETTLING if drift.state == "settling" else _SETTLED
        return tuple(Choice(name, False, code, why) for name in DECISIONS)
    barred = {"adopt": _not_adopted(drift), "revert": _not_reverted(drift)}
    if drift.state == "case_opened":
        barred["case"] = ("case_open", Said("There is a case about it already."))
    return tuple(Choice(name, not barred.get(name), *(barred.get(name) or (None, None))) for name in DECISIONS)


_SETTLING = ("drift_settling", Said("Somebody is settling it already."))
_SETTLED = ("drift_settled", Said("It has been settled, or is not there any more."))
_PLAN = ("offer", "term", "billing_cycle")


def _not_adopted(drift: Drift) -> tuple[str, str] | None:
    if drift.kind == CHANGED and any(one.field in _PLAN for one in drift.found):
        return "plan_changed", Said("The offer or its term is another one: what that costs is settled in a case.")
    seen = drift.as_seen
    if drift.kind == NEW and (seen is None or None in (seen.offer, seen.term, seen.billing_cycle, seen.valid_from)):
        return "plan_not_said", Said("The provider does not say what was bought: open a case.")
    return None


def _not_reverted(drift: Drift) -> tuple[str, str] | None:
    fields = {one.field for one in drift.found}
    if drift.kind in (CANCELED, GONE):
        return "has_ended", Said("What has ended at the provider cannot be brought back: order it anew.")
    if drift.kind == NEW:
        return None
    if fields & set(_PLAN):
        return "plan_changed", Said("The offer or its term is another one: open a case.")
    if "valid_to" in fields:
        return "end_moved", Said("A last day cannot be moved back at the provider.")
    if any((one.theirs or "").startswith("unknown:") for one in drift.found):
        return "state_unknown", Said("We do not know what its state at the provider means: open a case.")
    return None
