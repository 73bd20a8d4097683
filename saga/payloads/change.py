"""What the changes of a subscription have in common: their terms, their ids and whom they report to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.errors import Refused
from domains.kernel.tenancy import Caller
from domains.services.commands import ApprovalAsked
from domains.services.pricing import ChangeTerms

from ..definition import N_, Saga, known, saga_of
from .people import Person, person_of

C = TypeVar("C", bound="Change")
# What a change that has waited is told anew: its days have moved along.
MOVED = (
    "charge_now", "refund", "every_month", "commitment", "reserve", "effective_on", "undo_until", "tax_estimate",
    "next_invoice", "facts",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Change(ChangeTerms):
    """A change the customer agreed to. `expected_version` is the subscription's version that the customer saw."""

    reservation_id: UUID
    provider_operation_id: UUID
    delivery_id: UUID
    requested_by: Person
    recipient: Person
    template: str
    facts: dict[str, Any]
    expected_version: int | None

    @classmethod
    def of(cls: type[C], terms: ChangeTerms, caller: Caller, expected_version: int | None = None, **more: Any) -> C:
        """A change of these terms by this caller."""
        person, ids = person_of(caller), (new_id(), new_id(), new_id())
        facts = {
            "name": terms.name, "number": terms.number, "account": terms.account_name,
            "valid_to": terms.effective_on if terms.mode == "now" else terms.valid_to_wish or terms.valid_to,
            "from_quantity": terms.from_quantity, "to_quantity": terms.to_quantity, "charge_now": terms.charge_now,
            "subscription_id": terms.subscription_id, "mode": terms.mode, **cls.also(terms),
        }  # fmt: skip
        return cls(**vars(terms), reservation_id=ids[0], provider_operation_id=ids[1], delivery_id=ids[2],
                   requested_by=person, recipient=person, template=cls.told_by(), facts=facts,
                   expected_version=expected_version, **more)  # fmt: skip

    @classmethod
    def told_by(cls) -> str:
        """The notification that tells of the outcome."""
        raise NotImplementedError

    @classmethod
    def also(cls, terms: Any) -> dict[str, Any]:
        """What the notification says besides, of a kind of change of its own."""
        return {}

    @property
    def label(self) -> str:
        """The subscription in a line that needs no language."""
        if self.from_quantity != self.to_quantity:
            return f"{self.name} · {self.from_quantity} → {self.to_quantity}"
        return f"{self.name} · {self.account_name}"

    @property
    def resource(self) -> tuple[str, UUID]:
        return "subscription", self.subscription_id


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What a change needs besides that waits for an approval."""

    approval: ApprovalAsked
    waiting_for: ClassVar[str] = "approval"


@dataclass(frozen=True, kw_only=True)
class WaitingToPay(Waiting):
    """The same, where the yes may be one to passing the account's budget, too (`over_budget`)."""

    over_budget: bool


def changing(
    flow: Saga, terms: ChangeTerms, caller: Caller, expected_version: int | None, approval: ApprovalAsked | None
) -> tuple[Saga, Change]:
    """The flow of a change and its payload: the newest version is the one that waits for an approval."""
    newest = max(version for name, version in known() if name == flow.name)
    if approval is not None and newest == flow.version:
        text = N_("This commits to more than you may by yourself, and cannot wait for an approval. Ask who may do it.")
        raise Refused(text, code="approval_required")
    found = flow if approval is None else saga_of(flow.name, newest)
    more: dict[str, Any] = {} if approval is None else {"approval": approval}
    if approval is not None and "over_budget" in found.payload_types:
        more["over_budget"] = approval.over_budget
    return found, found.payload.of(terms, caller, expected_version, **more)  # type: ignore[attr-defined]
