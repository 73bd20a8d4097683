"""What support hold of people, column by column; and how that is told to a person and erased."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from domains.kernel import personal
from domains.kernel.personal import Held, Register, Whom

from . import commands

PERSONAL: Register = {
    "case_": Held(
        subject="opened_by_id", person="opened_by", free_text="subject description", none="number impact status"
    ),
    "reply": Held(person="author", free_text="body", none="author_kind"),
    "attachment": Held(subject="author_id", person="author", free_text="name finding", none="media_type sha256 state"),
    "link": Held(none="kind label"),
    "reference": Held(none="kind label state"),
}


@dataclass(frozen=True)
class Told:
    """What is known of a person here, packed."""

    support_part: str


@dataclass(frozen=True)
class Erased:
    """How many rows of a person were erased, or are kept by law, by table."""

    support_erased: dict[str, int]


def export_person(session: Session, *, whom: Whom) -> Told:
    """Tell all that support know of a person."""
    return Told(personal.export(session, PERSONAL, whom))


def erase_person(session: Session, *, whom: Whom) -> Erased:
    """Erase a person here; doing it again finds nothing more. The files that they have put to cases go, too."""
    files = commands.put_away_files_of(session, author_id=str(whom.person_id))
    erased = personal.erase(session, PERSONAL, whom)
    return Erased(erased | ({"attachment": files} if files else {}))
