"""What only the organisation of whoever acts should know does not stand in another's trail."""

from __future__ import annotations

from sqlalchemy import select

from domains.accounts import db
from domains.kernel import audit
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.messages import acting
from domains.kernel.tenancy import Origin

entry, value = db.audit_entry, db.audit_value


def test_what_staff_note_for_themselves_stands_in_their_own_trail_only(databases: Settings) -> None:
    home_id, customer_id = new_id(), new_id()
    for home in (home_id, customer_id, None):  # staff, somebody of the customer's own, nobody known
        with acting(origin=Origin(home_id=home)), db.begin() as session:
            audit.record(session, "saga.retry", customer_id=customer_id, subject=("run", new_id()), after={"rev": 1},
                         private={"reason": "they never pay"})  # fmt: skip

    query = select(entry.c.customer_id, entry.c.home_id, value.c.after).join(value, value.c.entry_id == entry.c.id)
    with db.begin_read() as session:
        found = [(row.customer_id, row.home_id, "reason" in row.after) for row in session.execute(query)]
    assert sorted(found, key=str) == sorted([
        (customer_id, home_id, False), (home_id, home_id, True), (customer_id, None, True), (customer_id, None, False)
    ], key=str)  # fmt: skip
