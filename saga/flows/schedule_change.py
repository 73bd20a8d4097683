"""A customer plans what the next term of a subscription begins with, or takes that back. Nothing is charged before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domains.kernel.money import Money
from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider
from domains.services.pricing import NextTerm

from ..asking import asked
from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.change import Change, Waiting


@dataclass(frozen=True, kw_only=True)
class ScheduleChange(Change):
    """What the next term begins with; None: as it is."""

    next_term: NextTerm | None
    next_cycle_price: Money

    @classmethod
    def told_by(cls) -> str:
        return "change_scheduled"

    @classmethod
    def also(cls, terms: Any) -> dict[str, Any]:
        return {"begins_on": terms.effective_on, "planned": said(terms.next_term)}


def said(plan: NextTerm | None) -> str:
    """What is planned, in figures and names that need no language; a dash for nothing."""
    if plan is None:
        return "–"
    parts = (plan.name, plan.quantity and f"× {plan.quantity}", plan.term, plan.billing_cycle)
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class ScheduleChangeLater(Waiting, ScheduleChange):
    """The same, once somebody has said yes to a dearer next term."""


_steps = (
    step(services.begin_schedule, compensation=services.abandon_change, title=N_("Check the change")),
    pivot(provider.send_change, gives=("outcome",), title=N_("Plan it at the provider")),
    step(services.apply_change, title=N_("Update the subscription")),
    step(notifications.notify, title=N_("Tell you")),
)
schedule_change = Saga("schedule-change", ScheduleChange, _steps, deadline=PROMISED)
_asked = asked(services.request_schedule, services.start_schedule, services.give_up_change)
schedule_change_later = Saga(
    "schedule-change", ScheduleChangeLater, (*_asked, *_steps), version=2, deadline=PROMISED
)  # fmt: skip
