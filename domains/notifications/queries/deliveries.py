"""Reading what was told to whom."""

from __future__ import annotations

import email
import email.policy
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select, true
from sqlalchemy.orm import Session

from domains.kernel import clock, personal
from domains.kernel.errors import NotFound
from domains.kernel.paging import Page, page
from domains.kernel.tenancy import Scope

from ..channels.email import mailbox_folder
from ..models import Delivery, PersonalExport


@dataclass(frozen=True)
class Letter:
    """An e-mail in the local mailbox."""

    id: str
    recipient: str
    subject: str
    date: datetime
    body: str


def list_deliveries(
    session: Session, scope: Scope, *, customer_id: UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Delivery]:
    """The caller's deliveries, newest first."""
    query = select(Delivery).where(scope.covers(Delivery))
    if customer_id is not None:
        query = query.where(Delivery.customer_id == customer_id)
    return page(session, query, Delivery.id, cursor=cursor, limit=limit, filters={"customer_id": customer_id})


def mailbox(limit: int = 50) -> list[Letter]:
    """The newest e-mails of the local mailbox (development and demo)."""
    files = sorted(mailbox_folder().glob("*.eml"), key=lambda file: file.stat().st_mtime, reverse=True)
    letters = []
    for file in files[:limit]:
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        body = message.get_body()
        text = body.get_content() if body is not None else ""
        letters.append(Letter(file.stem, str(message["To"]), str(message["Subject"]), message["Date"].datetime, text))
    return letters


def list_exports(
    session: Session, scope: Scope, *, person_id: UUID | None = None, limit: int = 20
) -> list[PersonalExport]:
    """What was told to people of themselves and can still be fetched, newest first: a person's own, or an owner's."""
    query = select(PersonalExport).where(PersonalExport.expires_at > clock.now(session))
    handed = and_(scope.covers(PersonalExport), PersonalExport.to_owner == true())
    theirs = PersonalExport.person_id == person_id if person_id is not None else handed
    return list(session.scalars(query.where(theirs).order_by(PersonalExport.id.desc()).limit(limit)))


def get_export(
    session: Session, scope: Scope, export_id: UUID, *, person_id: UUID | None = None, or_owner: bool = False
) -> str:
    """One of these as JSON, for the person it tells of or (`or_owner`, or without a person) for their organisation,
    if that has asked for it.

    NotFound for another's, and when its week is over.
    """
    query = select(PersonalExport).where(PersonalExport.id == export_id, PersonalExport.expires_at > clock.now(session))
    found = session.scalars(query).one_or_none()
    mine = found is not None and person_id is not None and found.person_id == person_id
    owned = found is not None and found.to_owner and (or_owner or person_id is None)
    owned = owned and found is not None and scope.allows(found.customer_id, found.reseller_id)
    if found is None or not (mine or owned):
        raise NotFound("There is no such export.", code="export_not_found", field="export_id")
    return json.dumps(personal.unpacked(found.content), ensure_ascii=False, indent=1)
