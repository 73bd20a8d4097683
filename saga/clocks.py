"""A run of a sandbox tenant goes on at the latest time of that tenant's clock, also when it began before."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .tables import run

NAME = "advance-clock"  # the saga's; not imported, because its flow imports the domains


def at_its_time(session: Session, row: Any) -> Any:
    """The row of a run with the origin that its next commands are to have.

    Nothing is looked up for a live tenant, whose time is everybody's.
    """
    known = row["origin"].get("ahead") if row["origin"] else None
    if known is None:
        return row
    query = select(run.c.payload).where(run.c.customer_id == row["customer_id"], run.c.definition == NAME)
    query = query.where(run.c.pivoted == 1).order_by(run.c.id.desc()).limit(1)
    latest = session.execute(query).scalar_one_or_none()
    ahead = max(known, latest["ahead"] if latest else 0)
    return {**row, "origin": {**row["origin"], "ahead": ahead}}
