"""What a database is asked about support access and the audit trail; a part of the story."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from domains import NAMES, notifications, users
from domains.kernel import audit, personal
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.kernel.personal import Whom
from domains.kernel.tenancy import SYSTEM, Actor, Scope
from domains.notifications import commands as mail
from domains.notifications import personal as told
from domains.notifications import queries as mails
from domains.notifications.queries import Sought, get_entry, list_entries, names_of
from domains.users import commands as user_commands
from domains.users import personal as people
from domains.users.commands.support_access import use_access
from saga import forgetting, tables
from tests.factories.trails import an_entry

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
        mail.begin_export(session, by="somebody")
        lists = {"origins": [str(one.id)], "values": [str(one.id)]}
    an_entry(one.customer_id, action=audit.ERASED, subject_kind="person", after=lists)
    with notifications.db.begin() as session:
        mail.know_organisation(session, customer_id=one.customer_id, reseller_id=new_id(), name="N", version=99)


def tell_and_forget() -> None:
    """A person whom nobody knows is told and forgotten in every domain, and in runs."""
    whom = Whom(new_id(), ("Nobody",), ("nobody@example.org",), (new_id(),))
    for name in NAMES:
        part = import_module(f"domains.{name}.personal")
        with import_module(f"domains.{name}.models").db.begin() as session:
            part.export_person(session, whom=whom)
            part.erase_person(session, whom=whom)
    empty = personal.packed({})
    parts, about = {f"{name}_part": empty for name in NAMES}, {"whom": whom, "reseller_id": None}
    with notifications.db.begin() as session:
        id = new_id()
        told.keep_export(session, export_id=id, customer_id=new_id(), **about, **parts)
        mails.list_exports(session, SCOPE, person_id=whom.person_id)
        mails.get_export(session, SCOPE, id)
        told.forget_exports(session)
    counts: dict[str, dict[str, int]] = {f"{name}_erased": {} for name in NAMES}
    with users.db.begin() as session:
        people.keep_proof(session, erasure_id=new_id(), customer_id=new_id(), **about, **counts)
        users.queries.list_erasures(session, SCOPE)
    with tables.db.begin() as session:
        forgetting._forget(session, whom)
        forgetting._empty(session, SimpleNamespace(id=new_id(), payload={"whom": {}}))
    forgetting.forget_people()


def forget_a_member(user_id: UUID, customer_id: UUID) -> None:
    """Somebody who belongs somewhere."""
    with users.db.begin() as session:
        users.queries.oneself_as_whom(session, user_id)
        whom = users.queries.whom(session, SCOPE, user_id)
        with suppress(DomainError):
            people.erase_person(session, whom=whom)
