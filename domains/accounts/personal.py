"""What accounts hold of people, column by column; and how that is told to a person and erased."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from domains.kernel import personal
from domains.kernel.personal import Held, Register, Whom

PERSONAL: Register = {
    "account": Held(
        person="ccp_customer ccp_user",
        none="name name_key status currency cost_centre po_reference tags beyond alerts stands",
    ),
    "budget_alert": Held(),
    "commitment": Held(none="name currency billing_cycle state"),
    "customer_ref": Held(none="kind name status currency country region time_zone price_book"),
    "reservation": Held(none="currency state"),
}


@dataclass(frozen=True)
class Told:
    """What is known of a person here, packed."""

    accounts_part: str


@dataclass(frozen=True)
class Erased:
    """How many rows of a person were erased, or are kept by law, by table."""

    accounts_erased: dict[str, int]


def export_person(session: Session, *, whom: Whom) -> Told:
    """Tell all that accounts know of a person."""
    return Told(personal.export(session, PERSONAL, whom))


def erase_person(session: Session, *, whom: Whom) -> Erased:
    """Erase a person here; doing it again finds nothing more."""
    return Erased(personal.erase(session, PERSONAL, whom))
