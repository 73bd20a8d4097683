"""What travels when a person is told all that is known of them, or is erased."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.personal import Whom

from .people import Person


@dataclass(frozen=True, kw_only=True)
class ExportPerson:
    """Whose data, and who is told when it is there."""

    export_id: UUID
    whom: Whom
    customer_id: UUID
    reseller_id: UUID | None
    delivery_id: UUID
    recipient: Person
    template: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, whom: Whom, customer_id: UUID, reseller_id: UUID | None, recipient: Person) -> ExportPerson:
        """The data of a person, for whoever asked for it."""
        return cls(
            export_id=new_id(), whom=whom, customer_id=customer_id, reseller_id=reseller_id, delivery_id=new_id(),
            recipient=recipient, template="personal_export_ready", facts={"days": 7},
        )  # fmt: skip

    @property
    def label(self) -> str:
        return str(self.whom.person_id)

    @property
    def resource(self) -> tuple[str, UUID]:
        return "personal_export", self.export_id


@dataclass(frozen=True, kw_only=True)
class ErasePerson:
    """Whose data goes."""

    erasure_id: UUID
    whom: Whom
    customer_id: UUID
    reseller_id: UUID | None

    @classmethod
    def of(cls, whom: Whom, customer_id: UUID, reseller_id: UUID | None) -> ErasePerson:
        """A person to be erased, at the wish of themselves or of an owner."""
        return cls(erasure_id=new_id(), whom=whom, customer_id=customer_id, reseller_id=reseller_id)

    @property
    def label(self) -> str:
        return str(self.whom.person_id)

    @property
    def resource(self) -> tuple[str, UUID]:
        return "erasure", self.erasure_id
