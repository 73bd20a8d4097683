"""Numbers without a gap, also when several invoices become final at the same moment."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.billing import commands, db
from domains.billing.models import Invoice
from domains.billing.numbering import LONGEST, next_number
from domains.billing.tax import SELLERS
from domains.kernel.config import Settings
from domains.kernel.errors import Refused
from tests.conftest import Clock
from tests.factories.billing import a_customer, a_line, charge, draft
from tests.factories.races import at_once


def test_invoices_that_become_final_at_the_same_moment_have_numbers_that_follow(
    databases: Settings, clock: Clock
) -> None:
    drafts = []
    for _ in range(6):
        with db.begin() as session:
            payer_id = a_customer(session)
            charge(session, a_line("10.00"), customer_id=payer_id, effective_on=date(2026, 3, 1))
        drafts.append(draft(payer_id))

    def finalised(session: Session, number: int) -> None:
        commands.finalise_invoice(session, invoice_id=drafts[number])
        session.flush()
        if number % 3 == 0:
            raise Refused("comes to nothing")

    works = [lambda session, number=number: finalised(session, number) for number in range(6)]
    assert at_once(db, *works) == ["done"] * 4 + ["refused"] * 2

    with db.begin_read() as session:
        numbers = sorted(one for one in session.scalars(select(Invoice.number)) if one)
    assert numbers == [f"EU26-{n:06d}" for n in range(1, 5)]


def test_each_legal_entity_has_a_series_of_its_own() -> None:
    assert len({one.prefix for one in SELLERS.values()}) == len(SELLERS)


@pytest.mark.parametrize("prefix", ["EU", "LONGPREFIX"])
def test_a_number_is_no_longer_than_every_country_accepts(databases: Settings, prefix: str) -> None:
    with db.begin() as session:
        if prefix == "EU":
            assert len(next_number(session, "eu", prefix, 2026)) <= LONGEST
        else:
            with pytest.raises(ValueError, match="too long"):
                next_number(session, "eu", prefix, 2026)
