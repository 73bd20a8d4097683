"""What a database is asked about support access and the audit trail; a part of the story."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domains import notifications, users
from domains.kernel.database import new_id
from domains.kernel.tenancy import SYSTEM, Actor, Scope
from domains.notifications import commands as mail
from domains.notifications.queries import Sought, get_entry, list_entries, names_of
from domains.users import commands as user_commands
from domains.users.commands.support_access import use_access

SCOPE = Scope.operator()


def let_support_in(owner: Scope, customer_id: UUID, login: Any) -> None:
    """Asked for, given, used and ended; an emergency."""
    known: dict[str, Any] = {"customer_id": customer_id, "reason": "x", "by": Actor("user", str(login.user_id), "A")}
    with users.db.begin() as session:
        asked = user_commands.request_access(session, grant_id=new_id(), hours=1, areas=[], **known)
        user_commands.answer_request(session, scope=owner, grant_id=asked.id, allow=True, by=SYSTEM)
        user_commands.grant_access(session, scope=owner, grant_id=new_id(), hours=1, areas=["cases"], **known)
        user_commands.take_emergency_access(session, grant_id=new_id(), **known)
        users.queries.list_grants(session, owner, customer_id=customer_id, asked_by=login.user_id)
        users.queries.get_grant(session, owner, asked.id)
        users.queries.uses_of(session, owner, [asked.id])
        use_access(session, customer_id=customer_id, user_id=login.user_id)
        user_commands.end_access(session, scope=owner, grant_id=asked.id, by=SYSTEM)


def read_the_trail() -> None:
    """What was sealed by now, and whose it is."""
    with notifications.db.begin() as session:
        one = list_entries(session, SCOPE, Sought()).items[0]
        get_entry(session, SCOPE, one.id)
        names_of(session, SCOPE, [one.customer_id])
        mail.know_organisation(session, customer_id=one.customer_id, reseller_id=new_id(), name="N", version=99)
