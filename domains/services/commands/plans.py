"""Changes that lead to another plan, now or with the next term; they begin and end as all changes do."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from domains.kernel.money import Money

from ..models import Person
from ..pricing import NextTerm, PlanTerms
from .changes import Asked, begin


def begin_plan_change(
    session: Session, *, change_id: UUID, subscription_id: UUID, customer_id: UUID, reseller_id: UUID | None,
    to_quantity: int, plan: PlanTerms, requested_by: Person, expected_version: int | None = None,
    preview_id: UUID | None = None, run_id: UUID | None = None, charge_now: Money | None = None,
    from_quantity: int | None = None, valid_to: date | None = None,
) -> None:  # fmt: skip
    """Begin a change to another plan and hold the subscription for it. Doing it twice does it once.

    Refused as `begin_change` says.
    """
    asked = Asked(
        change_id, subscription_id, customer_id, reseller_id, requested_by, expected_version, preview_id, run_id,
        charge_now, from_quantity, valid_to,
    )  # fmt: skip
    begin(session, asked, kind="change_plan", quantity=to_quantity, wish={"plan": msgspec.to_builtins(plan)})


def begin_schedule(
    session: Session, *, change_id: UUID, subscription_id: UUID, customer_id: UUID, reseller_id: UUID | None,
    to_quantity: int, mode: str | None, next_term: NextTerm | None, requested_by: Person,
    expected_version: int | None = None, preview_id: UUID | None = None, run_id: UUID | None = None,
    from_quantity: int | None = None, valid_to: date | None = None,
) -> None:  # fmt: skip
    """Begin to plan what the next term begins with (None: nothing), and hold the subscription for it.

    Refused as `begin_change` says. Doing it twice does it once.
    """
    asked = Asked(
        change_id, subscription_id, customer_id, reseller_id, requested_by, expected_version, preview_id, run_id,
        None, from_quantity, valid_to,
    )  # fmt: skip
    planned = msgspec.to_builtins(next_term) if next_term is not None else None
    begin(session, asked, kind="schedule_change", quantity=to_quantity, mode=mode, wish={"next_term": planned})
