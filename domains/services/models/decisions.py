"""What was decided about the end of each term, by whom and until when it could be; and what has happened since."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Day, Flag, Id, Instant, Json, Text

from ..pricing import months_of
from .database import db
from .facts import EndRules
from .subscriptions import Subscription

MODES = ("renew", "cancel", "bridge")
RUNNING = ("active", "suspended")
GOES_ON = ("renewed", "bridged")  # outcomes after which a new term runs, and is priced and charged


def over_at(last: date) -> datetime:
    """The moment at which a term is over whose last day, inclusive, is `last`: in UTC, as terms go (ADR 25)."""
    return datetime.combine(last + timedelta(days=1), time(), UTC)


def rules_of(row: Subscription) -> EndRules:
    """What the provider allows at the end of the term; where it does not say, what follows from what it does say."""
    policy = row.allowed
    if policy.end_of_term is not None:
        return policy.end_of_term
    modes = MODES[:2] if policy.cancel_at_end_allowed else MODES[:1]
    return EndRules(modes, "renew" if row.auto_renew else "cancel", None, None, policy.locked_from)


def is_bridged(row: Subscription) -> bool:
    """Whether it runs on by a bridge, from one month to the next, and not by a term that could be renewed."""
    modes = rules_of(row).modes
    return "bridge" in modes and "renew" not in modes


def first_of(row: Subscription) -> date:
    """The first day of the term that runs: the one whose last day is known, counted back."""
    months = months_of(row.term)
    return max(row.valid_from, row.valid_to + timedelta(days=1) - relativedelta(months=months))


def if_nothing(row: Subscription) -> str:
    """What happens at the end of the term when nobody says anything any more."""
    if row.state == "suspended" and row.allowed.suspended_at_end == "expires":
        return "cancel"
    rules = rules_of(row)
    word = rules.set_to or rules.default
    return word if word in MODES else "renew" if row.auto_renew else "cancel"


def deadline_of(row: Subscription) -> datetime:
    """The last moment at which the provider still hears of a decision: its lock, or the end of the term."""
    over = over_at(row.valid_to)
    lock = rules_of(row).locked_from
    return min(lock, over) if lock is not None else over


class Decision(db.Model):
    """What shall happen at the end of a term: one for each term, settled when the term is over.

    `mode` is None until somebody has decided; `standing` carries it on to the next term. `reminded` is the rung that
    was sent last, `next_reminder_at` when the next one is due; `outcome` says what has come of it (renewed, bridged,
    ended, withdrawn), and `finished_at` when all that follows from it was done.
    """

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_customer_id_deadline", "customer_id", "deadline"),
        Index("ix_decision_reseller_id_deadline", "reseller_id", "deadline"),
        Index("ix_decision_next_reminder_at", "next_reminder_at"),
        Index("ix_decision_settled_at_term_end", "settled_at", "term_end"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(Id, index=True)
    account_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    term_first: Mapped[date] = mapped_column(Day)
    term_end: Mapped[date] = mapped_column(Day)  # inclusive
    deadline: Mapped[datetime] = mapped_column(Instant)
    mode: Mapped[str | None] = mapped_column(Text(12))
    standing: Mapped[bool] = mapped_column(Flag)
    note: Mapped[str | None] = mapped_column(Text(500))
    owner_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    owner: Mapped[str | None] = mapped_column(Text(200))
    decided_by_id: Mapped[UUID | None] = mapped_column(Id)
    decided_by: Mapped[str | None] = mapped_column(Text(200))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    reminded: Mapped[int | None] = mapped_column(Count)
    next_reminder_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(Text(12))
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count)

    @property
    def owned(self) -> dict[str, str]:
        """Whose decision it is, as the history keeps it."""
        return {"owner": self.owner or "", "owner_id": str(self.owner_id or "")}

    def decide(self, mode: str, by_id: UUID | None, by: str, at: datetime, *, standing: bool = False) -> None:
        """Note who has decided what. Nobody is reminded any more."""
        self.mode, self.standing = mode, standing
        self.decided_by_id, self.decided_by, self.decided_at = by_id, by, at
        self.next_reminder_at = None
        self.version += 1

    def reopen(self) -> None:
        """What was decided no longer holds: it is open again."""
        self.mode, self.standing = None, False
        self.decided_by_id, self.decided_by, self.decided_at = None, None, None
        self.version += 1


class HistoryLine(db.Model):
    """Something that has happened to a subscription and stands in no other table. Lines are added, never changed."""

    __tablename__ = "history_line"
    __table_args__ = (Index("ix_history_line_subscription_id", "subscription_id", "id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(Text(20))  # decision, owner, reminder, renewal, provider
    facts: Mapped[Any] = mapped_column(Json)
    by_id: Mapped[UUID | None] = mapped_column(Id)
    by: Mapped[str] = mapped_column(Text(200))
    run_id: Mapped[UUID | None] = mapped_column(Id)
