"""What notifications hold of people, column by column; and how that is told to a person and erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import audit, clock, personal
from domains.kernel.database import insert_new
from domains.kernel.messages import context
from domains.kernel.personal import Held, Register, Whom

from .models import ErasedPerson, PersonalExport

KEPT = timedelta(days=7)

PERSONAL: Register = {
    # a letter may hold a link by which its reader comes in, and is told to nobody else
    "delivery": Held(
        contact="recipient", secret="body", free_text="subject last_error", none="template state", erase="rows"
    ),
    "organisation_ref": Held(none="name"),
    "trail_entry": Held(
        subject="actor_id",
        person="actor_name program",
        contact="place",
        free_text="before after words",
        none="domain actor_kind action subject_kind request_id",
    ),
    "personal_export": Held(subject="person_id", secret="content", erase="rows"),
    "erased_person": Held(),  # so that no message of the past brings them back
}


@dataclass(frozen=True)
class Told:
    """What is known of a person here, packed."""

    notifications_part: str


@dataclass(frozen=True)
class Erased:
    """How many rows of a person were erased, or are kept by law, by table."""

    notifications_erased: dict[str, int]


def export_person(session: Session, *, whom: Whom) -> Told:
    """Tell all that notifications know of a person."""
    return Told(personal.export(session, PERSONAL, whom))


def erase_person(session: Session, *, whom: Whom) -> Erased:
    """Erase a person here; doing it again finds nothing more."""
    row: dict[str, Any] = {"person_id": whom.person_id, "at": clock.now(session)}
    insert_new(session, ErasedPerson.__table__, row, "person_id")
    return Erased(personal.erase(session, PERSONAL, whom))


def keep_export(
    session: Session,
    *,
    export_id: UUID,
    whom: Whom,
    customer_id: UUID,
    reseller_id: UUID | None,
    customers_part: str,
    users_part: str,
    accounts_part: str,
    services_part: str,
    support_part: str,
    billing_part: str,
    notifications_part: str,
) -> None:
    """Keep what all domains have told of a person, for a week, once; who asks for themselves has it alone."""
    parts = {
        "customers": customers_part, "users": users_part, "accounts": accounts_part, "services": services_part,
        "support": support_part, "billing": billing_part, "notifications": notifications_part,
    }  # fmt: skip
    content = personal.packed({name: personal.unpacked(part) for name, part in parts.items()})
    now = clock.now(session)
    row: dict[str, Any] = {"id": export_id, "customer_id": customer_id, "reseller_id": reseller_id}
    row |= {"person_id": whom.person_id, "to_owner": context().actor.id != str(whom.person_id)}
    row |= {"content": content, "created_at": now, "expires_at": now + KEPT}
    insert_new(session, PersonalExport.__table__, row, "id")
    audit.record(session, "notifications.export_person", customer_id=customer_id, subject=("person", whom.person_id))


def forget_exports(session: Session) -> int:
    """Delete exports whose week is over."""
    gone = PersonalExport.__table__.delete().where(PersonalExport.expires_at < clock.now(session))
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]
