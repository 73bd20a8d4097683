"""Facts that travel while a drift is settled: what is held, what was seen at the last look, what is charged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domains.kernel.money import Money, UnitPrice

from .differences import Seen
from .facts import ChangeOutcome


@dataclass(frozen=True)
class Bought:
    """What was bought directly at the provider, as it is sold here; None where it is a subscription that we have."""

    offer_id: UUID
    provider_offer_id: str
    name: str
    vendor: str
    kind: str
    unit: str
    term: str
    billing_cycle: str
    unit_price: UnitPrice
    terms_of_offer: dict[str, Any]
    payer_price: UnitPrice | None = None


@dataclass(frozen=True)
class Held:
    """A drift that is being settled; `evidence` is what a case about it would say."""

    bought: Bought | None
    evidence: str
    subject: str
    known: bool  # whether the subscription is one of ours


@dataclass(frozen=True)
class Loss:
    """Units that went back at the provider, from a day on."""

    quantity: int
    on: date


@dataclass(frozen=True)
class Confirmed:
    """How a subscription stands at the provider while its drift is settled: as it was when somebody decided.

    `look` is None when it is gone. `losses` are the units that the provider has given money back for.
    """

    seen: Seen | None
    look: ChangeOutcome | None
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True)
class AdoptedCharge:
    """One charge for what is adopted. `effective_on` is its first day, `until` its last, where it is known."""

    id: UUID
    kind: str
    quantity: int
    unit_price: UnitPrice
    amount: Money
    effective_on: date
    until: date | None = None
    payer_price: UnitPrice | None = None


@dataclass(frozen=True)
class Adopted:
    """What a drift that was adopted costs the customer."""

    charges: tuple[AdoptedCharge, ...]
    number: str
    adopted_at: datetime
