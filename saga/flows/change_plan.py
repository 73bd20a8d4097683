"""A customer changes to another plan: a higher edition, a longer term, or from a trial to what it tried.

The days of the plan before that are not used come back, exact to the day; the new one is charged from the same day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domains.accounts import commands as accounts
from domains.billing import commands as billing
from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider
from domains.services.pricing import PlanTerms

from ..asking import HOLD, HOLD_APPROVED, asked
from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.change import MOVED, Change, WaitingToPay


@dataclass(frozen=True, kw_only=True)
class ChangePlan(Change):
    """To which plan, and what it costs and gives back."""

    plan: PlanTerms

    @property
    def label(self) -> str:
        """From which plan to which, in a line that needs no language."""
        return f"{self.name} → {self.plan.name} · {self.plan.term}"

    @classmethod
    def told_by(cls) -> str:
        return "plan_changed"

    @classmethod
    def also(cls, terms: Any) -> dict[str, Any]:
        return {"plan": terms.plan.name, "term": terms.plan.term, "valid_to": terms.plan.valid_to}


@dataclass(frozen=True, kw_only=True)
class ChangePlanLater(WaitingToPay, ChangePlan):
    """The same, once somebody has said yes."""


_begin = step(services.begin_plan_change, compensation=services.abandon_change, title=N_("Check the change"))
_rest = (
    pivot(provider.send_change, gives=("outcome",), title=N_("Change it at the provider")),
    step(services.apply_change, title=N_("Update the subscription")),
    step(accounts.confirm_reservation, title=N_("Settle the reservation")),
    step(billing.charge_plan, title=N_("Book the charge")),
    step(notifications.notify, title=N_("Tell you")),
)
change_plan = Saga("change-plan", ChangePlan, (_begin, HOLD, *_rest), deadline=PROMISED)

# One that needs an approval. The subscription is held only once it has it; then its days have moved along.
_asked = asked(services.request_plan_change, services.start_plan_change, services.give_up_change, (*MOVED, "plan"))
change_plan_later = Saga("change-plan", ChangePlanLater, (*_asked, _begin, HOLD_APPROVED, *_rest), 2, deadline=PROMISED)
