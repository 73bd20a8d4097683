"""What accounts tell the other domains."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domains.kernel.messages import Event
from domains.kernel.money import Money


@dataclass(frozen=True)
class AccountOpened(Event):
    """An account may order from now on."""

    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    name: str
    currency: str
    status: str


@dataclass(frozen=True)
class AccountChanged(Event):
    """An account's name or status is another now."""

    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    name: str
    currency: str
    status: str


@dataclass(frozen=True)
class BudgetReached(Event):
    """What an account has committed this month has reached a part of its budget that its owners want to hear of."""

    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    name: str
    percent: int
    committed: Money
    budget: Money


@dataclass(frozen=True)
class BudgetStands(Event):
    """What an account's limits leave, where an order that passes them is to be asked for (`asks`); None: no limit.

    `version` counts what was told of the account in this event.
    """

    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    asks: bool
    budget_left: Money | None
    commitment_left: Money | None
