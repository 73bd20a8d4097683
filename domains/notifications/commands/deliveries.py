"""What notifications write down: whom to tell what, and how each attempt went."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock, config
from domains.kernel.database import claimed, insert_new, locked
from domains.kernel.messages import context

from ..channels.email import one_line
from ..channels.texts import flat, in_words, rendered
from ..models import Delivery

LEASE = timedelta(seconds=60)  # how long an attempt may take before another is made
GIVE_UP = 12  # attempts
CODE = re.compile(r"(?<=\?code=)[\w-]+")


@dataclass(frozen=True)
class Person:
    """Who is told; without an `email` there is nobody to tell."""

    user_id: UUID | None
    name: str
    email: str
    language: str


@dataclass(frozen=True)
class RejectedLine:
    """A line of an order that the provider did not deliver."""

    subscription_id: UUID
    code: str
    detail: str


@dataclass(frozen=True)
class Letter:
    """What is said: a template with its facts, of which `days` are days, written out in the reader's language."""

    template: str
    facts: dict[str, Any]
    days: tuple[str, ...] = ()


def notify(
    session: Session,
    *,
    delivery_id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    recipient: Person,
    template: str,
    facts: dict[str, Any],
    rejected: tuple[RejectedLine, ...] = (),
) -> None:
    """Tell somebody something, in their language: the e-mail is queued here and sent after the commit.

    `facts` fill the places of the template; without one of them nothing is queued. The same delivery is queued once.
    """
    if not recipient.email:
        return
    if rejected and template == "order_completed":
        template, facts = "order_partially_completed", facts | {"rejected": _undelivered(facts, rejected)}
    known = flat({**facts, "product": facts.get("name", "")})
    known |= {"name": recipient.name, "portal": config.current().public_url}
    subject, body = rendered(template, recipient.language, known)
    subject = subject if context().origin.ahead is None else f"[Sandbox] {subject}"
    row = {
        "id": delivery_id, "customer_id": customer_id, "reseller_id": reseller_id, "template": template,
        "recipient": one_line(recipient.email), "subject": one_line(subject)[:300], "body": body, "state": "queued",
        "attempts": 0, "last_error": None, "next_at": clock.now(session), "created_at": clock.now(session),
        "sent_at": None,
    }  # fmt: skip
    insert_new(session, Delivery.__table__, row, "id")


def notify_each(
    session: Session,
    *,
    delivery_id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    recipients: tuple[Person, ...],
    letter: Letter | None,
) -> None:
    """Tell several people the same thing, each in their language and once; nothing where there is nothing to say."""
    if letter is None:
        return
    for person in recipients:
        facts = letter.facts | {name: in_words(str(letter.facts[name]), person.language) for name in letter.days}
        one = uuid5(delivery_id, str(person.user_id or person.email))
        notify(session, delivery_id=one, customer_id=customer_id, reseller_id=reseller_id, recipient=person,
               template=letter.template, facts=facts)  # fmt: skip


def _undelivered(facts: dict[str, Any], rejected: tuple[RejectedLine, ...]) -> list[dict[str, Any]]:
    missing = {str(line.subscription_id) for line in rejected}
    return [line for line in facts.get("lines", []) if str(line["id"]) in missing]


def claim_due(session: Session, *, limit: int = 20) -> list[Delivery]:
    """Take deliveries whose time has come, oldest first; they come again if nobody says how it went."""
    now = clock.now(session)
    query = select(Delivery).where(Delivery.next_at <= now).order_by(Delivery.next_at).limit(limit)
    found = list(session.scalars(claimed(query, Delivery)))
    for delivery in found:
        delivery.attempts += 1
        delivery.next_at = now + LEASE
    return found


def mark_sent(session: Session, *, delivery_id: UUID) -> None:
    """Note that a delivery has been handed over. A code that lets its reader in is kept no longer than it is needed."""
    delivery = session.get_one(Delivery, delivery_id)
    delivery.body = CODE.sub("…", delivery.body)
    delivery.state, delivery.sent_at, delivery.next_at = "sent", clock.now(session), None


def mark_failed(session: Session, *, delivery_id: UUID, error: str) -> None:
    """Note that an attempt has failed: it is made again later and later, and given up in the end.

    An attempt that fails late, after another one has sent the e-mail, changes nothing.
    """
    delivery = session.scalars(locked(select(Delivery).where(Delivery.id == delivery_id), Delivery)).one()
    if delivery.state != "queued":
        return
    delivery.last_error = error[:500]
    if delivery.attempts >= GIVE_UP:
        delivery.state, delivery.next_at = "failed", None
    else:
        delivery.next_at = clock.now(session) + timedelta(seconds=min(5 * 2**delivery.attempts, 7200))
