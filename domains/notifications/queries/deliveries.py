"""Reading what was told to whom."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.paging import Page, page
from domains.kernel.tenancy import Scope

from ..channels.email import mailbox_folder
from ..models import Delivery


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
