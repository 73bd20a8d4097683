"""What billing hold of people, column by column; and how that is told to a person and erased."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from domains.kernel import personal
from domains.kernel.personal import Held, Register, Whom

LAW = "an invoice is kept for ten years (German AO § 147, Dutch AWR art. 52: seven; EU VAT directive art. 247)"

PERSONAL: Register = {
    "customer_ref": Held(
        financial="legal_name name street postcode city province tax_id", none="country region currency time_zone"
    ),
    "invoice": Held(financial="buyer taxes", none="number state currency legal_entity seller", erase="kept", why=LAW),
    "invoice_line": Held(none="customer_name account_name kind name tax_category currency", erase="kept", why=LAW),
    "document": Held(none="media_type sha256", erase="kept", why=LAW),
    "charge": Held(none="account_name kind name currency"),
    "provider_line": Held(none="line_id kind currency state reason reference"),
    "invoice_series": Held(none="series legal_entity"),
}


@dataclass(frozen=True)
class Told:
    """What is known of a person here, packed."""

    billing_part: str


@dataclass(frozen=True)
class Erased:
    """How many rows of a person were erased, or are kept by law, by table."""

    billing_erased: dict[str, int]


def export_person(session: Session, *, whom: Whom) -> Told:
    """Tell all that billing know of a person."""
    return Told(personal.export(session, PERSONAL, whom))


def erase_person(session: Session, *, whom: Whom) -> Erased:
    """Erase a person here; doing it again finds nothing more."""
    return Erased(personal.erase(session, PERSONAL, whom))
