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

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.change import Change


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


change_plan = Saga("change-plan", ChangePlan, (
    step(services.begin_plan_change, compensation=services.abandon_change, title=N_("Check the change")),
    step(accounts.reserve_spend, compensation=accounts.release_reservation, title=N_("Reserve the amount")),
    pivot(provider.send_change, gives=("outcome",), title=N_("Change it at the provider")),
    step(services.apply_change, title=N_("Update the subscription")),
    step(accounts.confirm_reservation, title=N_("Settle the reservation")),
    step(billing.charge_plan, title=N_("Book the charge")),
    step(notifications.notify, title=N_("Tell you")),
), deadline=PROMISED)  # fmt: skip
