"""Writing to people: a letter is asked for here, and notifications send it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import config
from domains.kernel.database import new_id
from domains.kernel.messages import publish

from ..events import LetterAsked, Recipient
from ..models import Organisation, User
from .live import home_of


def tell_of_change(session: Session, *, user_id: UUID, template: str) -> None:
    """Write to somebody that a way in of theirs is another now, in case it was not they."""
    user = session.get_one(User, user_id)
    home = home_of(session, user.id)
    place = session.get(Organisation, home) if home is not None else None
    who = Recipient(user.id, user.name, user.email, user.language)
    write(session, place, who, template, {"link": f"{config.current().public_url}/security"})


def write(session: Session, place: Organisation | None, who: Recipient, template: str, facts: dict[str, str]) -> None:
    """Have a letter written, for the customer whose person it is to (nobody's: for the person's own id, or none)."""
    customer_id = place.customer_id if place is not None else who.user_id or new_id()
    reseller_id = place.reseller_id if place is not None else None
    publish(
        session,
        LetterAsked(
            version=1, delivery_id=new_id(), customer_id=customer_id, reseller_id=reseller_id, recipient=who,
            template=template, facts=facts,
        ),
    )  # fmt: skip
