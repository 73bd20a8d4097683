"""What travels when a sandbox is made, its clock moved, or its faults set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domains.kernel.database import new_id


@dataclass(frozen=True, kw_only=True)
class OpenSandbox:
    """Whose sandbox is made, and under which id. The run belongs to the live customer."""

    customer_id: UUID
    reseller_id: UUID | None
    sandbox_id: UUID
    label: str

    @classmethod
    def of(cls, live: Any) -> OpenSandbox:
        """A new sandbox of a live customer."""
        return cls(customer_id=live.id, reseller_id=live.reseller_id, sandbox_id=new_id(), label=live.name)

    @property
    def resource(self) -> tuple[str, UUID]:
        return "sandbox", self.sandbox_id


@dataclass(frozen=True, kw_only=True)
class AdvanceClock:
    """Which sandbox's clock is to run how many seconds ahead of real time."""

    customer_id: UUID
    reseller_id: UUID | None
    ahead: int
    label: str

    @classmethod
    def of(cls, sandbox: Any, ahead: int) -> AdvanceClock:
        """A sandbox's clock is to run so far ahead."""
        return cls(customer_id=sandbox.id, reseller_id=None, ahead=ahead, label=sandbox.name)

    @property
    def resource(self) -> tuple[str, UUID]:
        return "sandbox", self.customer_id


@dataclass(frozen=True, kw_only=True)
class SetFaults:
    """Which faults the provider is to show a sandbox, in place of those before."""

    customer_id: UUID
    reseller_id: UUID | None
    faults: list[dict[str, Any]]
    label: str

    @classmethod
    def of(cls, sandbox: Any, faults: list[dict[str, Any]]) -> SetFaults:
        """These faults, and no others, for a sandbox."""
        return cls(customer_id=sandbox.id, reseller_id=None, faults=faults, label=sandbox.name)

    @property
    def resource(self) -> tuple[str, UUID]:
        return "sandbox", self.customer_id
