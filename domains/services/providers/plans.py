"""What a provider says about other plans: which a subscription can have, and what its next term begins with."""

from __future__ import annotations

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
