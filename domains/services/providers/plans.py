"""What a provider says about other plans and the end of a term: what a subscription can have, and what comes next."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from .border import ProviderId, Whole, Word


class HeldNextTerm(Word, frozen=True):
    """What the next term begins with, where something else was asked for; None: as it is."""

    most = {"term": 10, "billing_cycle": 10}

    quantity: Whole | None = None
    offer_id: ProviderId | None = None
    term: str | None = None
    billing_cycle: str | None = None


class PlanChoice(Word, frozen=True):
    """A plan that a subscription can change to, now or at its renewal; `kind` is the provider's word for the step.

    `new_term`: a term of its own begins; `reopens_window`: so do the windows to cancel and to give back.
    """

    most = {"kind": 20, "term": 10, "billing_cycle": 10}

    offer_id: ProviderId
    term: str
    billing_cycle: str
    kind: str = "plan"
    new_term: bool = False
    reopens_window: bool = False
    min_quantity: Whole = 1
    max_quantity: Whole | None = None


class EndOfTerm(Word, frozen=True):
    """What may be decided about the end of a term. A way that we do not know is not offered."""

    most = {"default": 12, "set_to": 12}

    modes: tuple[str, ...] = ("renew", "cancel")
    default: str = "renew"
    set_to: str | None = None
    surcharge_percent: Decimal | None = None
    locked_from: datetime | None = None

    def tidied(self, name: str, said: Any) -> Any:
        if name == "modes":
            return tuple(mode for mode in said if mode in ("renew", "cancel", "bridge"))
        if name == "surcharge_percent" and said is not None and not 0 <= said <= 1000:
            raise ValueError("a surcharge that nobody can mean")
        return said
