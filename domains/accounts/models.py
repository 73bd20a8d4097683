"""Accounts, what is held for orders under way, and the few facts about customers that decide on both."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Day, Flag, Id, Instant, Json, Minor, Text
from domains.kernel.database import Database
from domains.kernel.errors import N_, Invalid
from domains.kernel.money import Money

db = Database("accounts")
LIVE = ("opening", "active", "suspended", "closing")
MOST_TAGS, LONGEST_TAG = 10, 40
BEYOND = ("block", "warn", "ask")
ASK = "ask"
ALERTS = (80, 100)


class Account(db.Model):
    """One account of a customer. Its currency is fixed when it is opened."""

    __tablename__ = "account"
    __table_args__ = (
        # A closed (or discarded) account frees its name: `name_key` is emptied then.
        UniqueConstraint("customer_id", "name_key"),
        Index("ix_account_reseller_id_id", "reseller_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(120))
    name_key: Mapped[str] = mapped_column(Text(160))
    status: Mapped[str] = mapped_column(Text(16))
    currency: Mapped[str] = mapped_column(Text(3))
    cost_centre: Mapped[str | None] = mapped_column(Text(60))
    po_reference: Mapped[str | None] = mapped_column(Text(60))
    budget_minor: Mapped[int | None] = mapped_column(Minor)
    commitment_minor: Mapped[int | None] = mapped_column(Minor)  # what may be owed until the last term ends
    beyond: Mapped[str | None] = mapped_column(Text(10))  # one of BEYOND; None is the first
    alerts: Mapped[list[int] | None] = mapped_column(Json)  # percents of the budget; None is ALERTS
    stands: Mapped[dict[str, Any] | None] = mapped_column(Json)  # what others were last told of its limits
    ccp_customer: Mapped[dict[str, Any] | None] = mapped_column(Json)
    ccp_user: Mapped[dict[str, Any] | None] = mapped_column(Json)
    ccp_seen_at: Mapped[datetime | None] = mapped_column(Instant)
    tags: Mapped[list[str] | None] = mapped_column(Json)  # words of the customer's own, None for none
    opened_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count)

    @property
    def commitment_limit(self) -> Money | None:
        """What may be owed in all until the last term ends; None without a limit."""
        return None if self.commitment_minor is None else Money.from_minor(self.commitment_minor, self.currency)

    @property
    def when_beyond(self) -> str:
        """What happens to an order that passes a limit: block, warn or ask."""
        return self.beyond or BEYOND[0]

    @property
    def alert_percents(self) -> list[int]:
        """At how many percent of the budget somebody is told."""
        return list(ALERTS) if self.alerts is None else self.alerts

    @property
    def labels(self) -> list[str]:
        """The customer's own words for it."""
        return self.tags or []

    @property
    def budget(self) -> Money | None:
        """What may be committed at one time; None when the account has no budget."""
        return None if self.budget_minor is None else Money.from_minor(self.budget_minor, self.currency)


class Reservation(db.Model):
    """An amount held for one order or change: held until it is settled, then confirmed or released."""

    __tablename__ = "reservation"
    __table_args__ = (Index("ix_reservation_customer_id_state", "customer_id", "state"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(Id, index=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    amount_minor: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(Text(3))
    state: Mapped[str] = mapped_column(Text(10))  # held, confirmed, released
    held_at: Mapped[datetime] = mapped_column(Instant)
    run_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    counted: Mapped[bool | None] = mapped_column(Flag)  # what was bought with it is among the commitments


class Commitment(db.Model):
    """What a subscription of an account costs and for how long, as services last told; for budgets and forecasts."""

    __tablename__ = "commitment"

    subscription_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(Id, index=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(200))
    currency: Mapped[str] = mapped_column(Text(3))
    cycle_minor: Mapped[int] = mapped_column(Minor)  # of all units, for one billing cycle
    billing_cycle: Mapped[str] = mapped_column(Text(10))
    valid_from: Mapped[date] = mapped_column(Day)
    valid_to: Mapped[date] = mapped_column(Day)
    auto_renew: Mapped[bool] = mapped_column(Flag)
    state: Mapped[str] = mapped_column(Text(24))
    version: Mapped[int] = mapped_column(Count)  # of the subscription; older facts are skipped

    @property
    def is_live(self) -> bool:
        """Whether it is paid for: a suspended one is, too."""
        return self.state not in ("pending", "canceled", "expired", "failed")


class BudgetAlert(db.Model):
    """Somebody was told that an account has reached a part of its budget; once for each month and part."""

    __tablename__ = "budget_alert"
    __table_args__ = (UniqueConstraint("account_id", "month", "percent"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    month: Mapped[date] = mapped_column(Day)
    percent: Mapped[int] = mapped_column(Count)
    told_at: Mapped[datetime] = mapped_column(Instant)


class CustomerRef(db.Model):
    """What accounts know of a customer; the owner of these facts is `customers`."""

    __tablename__ = "customer_ref"

    customer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    kind: Mapped[str] = mapped_column(Text(16))
    name: Mapped[str] = mapped_column(Text(120))
    status: Mapped[str] = mapped_column(Text(16))
    currency: Mapped[str] = mapped_column(Text(3))
    country: Mapped[str] = mapped_column(Text(2))
    region: Mapped[str] = mapped_column(Text(8))
    time_zone: Mapped[str] = mapped_column(Text(60))
    credit_minor: Mapped[int | None] = mapped_column(Minor)
    price_book: Mapped[str] = mapped_column(Text(60))
    version: Mapped[int] = mapped_column(Count)

    @property
    def credit_limit(self) -> Money | None:
        """What the customer may owe in its currency; None when there is no limit."""
        return None if self.credit_minor is None else Money.from_minor(self.credit_minor, self.currency)


def clean_name(name: str) -> str:
    """A name without stray spaces; refused when empty or too long."""
    clean = re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()
    if not 1 <= len(clean) <= 120:
        raise Invalid("Give the account a name of 1 to 120 characters.", code="name_invalid", field="name")
    return clean


def clean_tags(tags: Sequence[str]) -> list[str] | None:
    """Tags without stray spaces, each once, whatever its capitals; refused when too many or too long."""
    clean = {" ".join(unicodedata.normalize("NFC", tag).split()).casefold(): tag.strip() for tag in tags}
    clean.pop("", None)
    if len(clean) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in clean.values()):
        text = N_("Give at most %(most)s tags of at most %(longest)s characters each.")
        raise Invalid(text, code="tags_invalid", field="tags", most=MOST_TAGS, longest=LONGEST_TAG)
    return [" ".join(tag.split()) for tag in clean.values()] or None


def key_of(name: str) -> str:
    """What two names must differ in."""
    return unicodedata.normalize("NFKC", name).casefold()[:160]
