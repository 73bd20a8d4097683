"""What travels while a bulk plan is applied: which plan as it was shown, who applies it, and whom that is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.tenancy import Caller
from domains.services.commands import ApprovalAsked

from .people import Person, person_of

B = TypeVar("B", bound="ApplyBulkPlan")


@dataclass(frozen=True, kw_only=True)
class ApplyBulkPlan:
    """The plan, by its digest, and in which role it is applied."""

    plan_id: UUID
    application_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    number: str
    rows: int
    digest: str
    role: str
    applied_by: Person
    recipient: Person
    delivery_id: UUID
    template: str

    @classmethod
    def of(cls: type[B], plan: Any, digest: str, caller: Caller, **more: Any) -> B:
        """A plan that a caller applies."""
        return cls(
            **more, plan_id=plan.id, application_id=new_id(), customer_id=plan.customer_id,
            reseller_id=plan.reseller_id, number=plan.number, rows=plan.rows - plan.invalid, digest=digest,
            role=caller.role, applied_by=person_of(caller), recipient=person_of(caller), delivery_id=new_id(),
            template="bulk_plan_done",
        )  # fmt: skip

    @property
    def label(self) -> str:
        """The plan in a line that needs no language."""
        return f"{self.number} · {self.rows}"

    @property
    def resource(self) -> tuple[str, UUID]:
        return "bulk_plan", self.plan_id


@dataclass(frozen=True, kw_only=True)
class ApplyBulkPlanLater(ApplyBulkPlan):
    """A plan that is applied once somebody has said yes to all of it."""

    approval: ApprovalAsked
    waiting_for: ClassVar[str] = "approval"
