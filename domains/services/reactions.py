"""What services do about others' facts: an account that was renamed, suspended or closed is known as such here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.messages import on

from .commands import know_account


@on("accounts.AccountChanged")
def account_changed(session: Session, body: dict[str, Any]) -> None:
    """Keep what we know of an account up to date; a closed or suspended one cannot order."""
    know_account(session, account_id=UUID(body["account_id"]), version=body["version"], facts=body)
