"""Invoice numbers without a gap: counted for each legal entity and year, and given out only with the invoice itself."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.database import insert_new, locked

from .models import InvoiceSeries

LONGEST = 16  # characters: some countries accept no more


def next_number(session: Session, legal_entity: str, prefix: str, year: int) -> str:
    """The next number of a legal entity's series for a year, such as EU26-000123.

    The counter stays locked until the transaction ends: who finalises another invoice waits, and a number whose
    transaction comes to nothing is given out again.
    """
    series = f"{prefix}{year % 100:02d}"
    insert_new(session, InvoiceSeries.__table__, {"series": series, "legal_entity": legal_entity, "last": 0}, "series")
    query = locked(select(InvoiceSeries).where(InvoiceSeries.series == series), InvoiceSeries.__table__)
    counter = session.scalars(query.execution_options(populate_existing=True)).one()
    counter.last += 1
    number = f"{series}-{counter.last:06d}"
    if len(number) > LONGEST:
        raise ValueError(f"the number {number} is too long")
    return number
