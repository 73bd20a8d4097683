"""What travels when somebody decides about the end of a term, when it is over, and when somebody is reminded of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.tenancy import Caller
from domains.services.queries import EndOfTerm

from .people import Person, person_of


@dataclass(frozen=True, kw_only=True)
class SetEndOfTerm:
    """What was decided, by whom. `expected_version` is the decision's version that they saw."""

    change_id: UUID
    subscription_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    end_mode: str
    standing: bool
    remark: str | None
    expected_version: int | None
    provider_operation_id: UUID
    delivery_id: UUID
    requested_by: Person
    recipient: Person
    template: str
    facts: dict[str, Any]
    name: str

    @classmethod
    def of(
        cls, it: EndOfTerm, caller: Caller, *, mode: str, standing: bool = False, remark: str | None = None,
        expected_version: int | None = None,
    ) -> SetEndOfTerm:  # fmt: skip
        """A decision of this caller's about what it has seen."""
        person = person_of(caller)
        cost = next((way.cost for way in it.ways if way.mode == mode), it.nothing_costs)
        facts = {"name": it.name, "number": it.number, "account": it.account_name, "term_end": it.term_end,
                 "cost": cost, "subscription_id": it.subscription_id}  # fmt: skip
        return cls(
            change_id=new_id(), subscription_id=it.subscription_id, customer_id=it.customer_id,
            reseller_id=it.reseller_id, end_mode=mode, standing=standing, remark=remark,
            expected_version=expected_version if expected_version is not None else it.version,
            provider_operation_id=new_id(), delivery_id=new_id(), requested_by=person, recipient=person,
            template=f"end_of_term_{mode}", facts=facts, name=it.name,
        )  # fmt: skip

    @property
    def label(self) -> str:
        return self.name

    @property
    def resource(self) -> tuple[str, UUID]:
        return "subscription", self.subscription_id


@dataclass(frozen=True, kw_only=True)
class GiveDecision:
    """Whose a decision shall be: a person by id or e-mail address, or with neither the customer's owners."""

    subscription_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    user_id: UUID | None
    email: str | None
    expected_version: int
    given_by: Person
    name: str

    @classmethod
    def of(
        cls, it: EndOfTerm, caller: Caller, *, user_id: UUID | None = None, email: str | None = None
    ) -> GiveDecision:
        """A decision that this caller has seen and gives away."""
        return cls(
            subscription_id=it.subscription_id, customer_id=it.customer_id, reseller_id=it.reseller_id,
            user_id=user_id, email=email, expected_version=it.version, given_by=person_of(caller), name=it.name,
        )  # fmt: skip

    @property
    def label(self) -> str:
        return self.name

    @property
    def resource(self) -> tuple[str, UUID]:
        return "subscription", self.subscription_id


@dataclass(frozen=True, kw_only=True)
class RenewSubscription:
    """Which subscription's term is over."""

    subscription_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    delivery_id: UUID
    label: str

    @property
    def resource(self) -> tuple[str, UUID]:
        return "subscription", self.subscription_id


@dataclass(frozen=True, kw_only=True)
class RemindOfDecision:
    """Which decision is open."""

    decision_id: UUID
    subscription_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    delivery_id: UUID
    label: str

    @property
    def resource(self) -> tuple[str, UUID]:
        return "subscription", self.subscription_id
