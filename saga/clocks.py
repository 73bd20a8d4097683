"""A run of a sandbox tenant goes on at the latest time of that tenant's clock, also when it began before.

Only what the clockwork began of itself before the clock was ever moved ends in real time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from domains.kernel.tenancy import Origin

from .tables import run

NAME = "advance-clock"  # the saga's; not imported, because its flow imports the domains


def at_its_time(session: Session, row: Any) -> Any:
    """The row of a run with the origin that its next commands are to have.

    Nothing is looked up for a live tenant, whose time is everybody's.
    """
    known = row["origin"].get("ahead") if row["origin"] else None
    if known is None:
        return row
    ahead = max(known, _latest(session, row["customer_id"]) or 0)
    return {**row, "origin": {**row["origin"], "ahead": ahead}}


def of_its_tenant(session: Session, origin: Origin, customer_id: UUID) -> Origin:
    """Where a run comes from that the clockwork begins of itself: at the time of the tenant whose run it is."""
    return origin if origin.ahead is not None else replace(origin, ahead=_latest(session, customer_id))


def _latest(session: Session, customer_id: UUID) -> int | None:
    query = select(run.c.payload).where(run.c.customer_id == customer_id, run.c.definition == NAME)
    query = query.where(run.c.pivoted == true()).order_by(run.c.id.desc()).limit(1)
    latest = session.execute(query).scalar_one_or_none()
    return latest["ahead"] if latest else None
