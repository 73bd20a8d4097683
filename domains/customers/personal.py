"""What customers hold of people, column by column; and how that is told to a person and erased."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from domains.kernel import personal
from domains.kernel.personal import Held, Register, Whom

PERSONAL: Register = {
    "customer": Held(
        contact="email",
        financial="legal_name name street postcode city province tax_id",
        none="kind status country region currency language time_zone price_book faults",
    ),
    "sandbox": Held(financial="name"),
}


@dataclass(frozen=True)
class Told:
    """What is known of a person here, packed."""

    customers_part: str


@dataclass(frozen=True)
class Erased:
    """How many rows of a person were erased, or are kept by law, by table."""

    customers_erased: dict[str, int]


def export_person(session: Session, *, whom: Whom) -> Told:
    """Tell all that customers know of a person."""
    return Told(personal.export(session, PERSONAL, whom))


def erase_person(session: Session, *, whom: Whom) -> Erased:
    """Erase a person here; doing it again finds nothing more."""
    return Erased(personal.erase(session, PERSONAL, whom))
