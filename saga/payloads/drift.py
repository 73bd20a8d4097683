"""What travels while an account is compared with its provider, and while a difference is settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.tenancy import Caller

from .people import Person, person_of

RULE = Person(None, "Rule of the account", "", "en")  # who adopts what an account's rule covers


@dataclass(frozen=True, kw_only=True)
class ReconcileAccount:
    """Whose subscriptions are compared."""

    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    label: str

    @classmethod
    def of(cls, account: Any) -> ReconcileAccount:
        """The comparison of an account, as either domain knows it."""
        return cls(account_id=account.id, customer_id=account.customer_id, reseller_id=account.reseller_id,
                   label=account.name)  # fmt: skip

    @property
    def resource(self) -> tuple[str, UUID]:
        return "account", self.account_id


@dataclass(frozen=True, kw_only=True)
class SettleDrift:
    """Which drift, as it was seen, and what somebody has decided about it."""

    drift_id: UUID
    settlement_id: UUID
    subscription_id: UUID
    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    account_name: str
    name: str
    provider_subscription_id: str
    decision: str
    reason: str | None
    expected_version: int | None
    settled_by: Person
    provider_operation_id: UUID
    case_id: UUID

    @classmethod
    def of(
        cls, drift: Any, decision: str, reason: str | None, caller: Caller | None, version: int | None = None
    ) -> SettleDrift:
        """The decision of a caller, or (None) of the account's rule."""
        return cls(
            drift_id=drift.id, settlement_id=new_id(), subscription_id=drift.subscription_id,
            account_id=drift.account_id, customer_id=drift.customer_id, reseller_id=drift.reseller_id,
            account_name=drift.account_name, name=drift.name,
            provider_subscription_id=drift.provider_subscription_id, decision=decision, reason=reason,
            expected_version=version, settled_by=person_of(caller) if caller is not None else RULE,
            provider_operation_id=new_id(), case_id=new_id(),
        )  # fmt: skip

    @property
    def label(self) -> str:
        """The subscription in a line that needs no language."""
        return f"{self.name} · {self.account_name}"

    @property
    def resource(self) -> tuple[str, UUID]:
        return "drift", self.drift_id


@dataclass(frozen=True, kw_only=True)
class TellOfDrift:
    """Whose owners are told of what waits, in the accounts of which time zone."""

    customer_id: UUID
    reseller_id: UUID | None
    zone: str
    delivery_id: UUID
    label: str

    @property
    def resource(self) -> tuple[str, UUID]:
        return "customer", self.customer_id
