"""What can be done with cases: open, answer, note, change their status."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import insert_new, locked, next_number
from domains.kernel.errors import Conflict, Invalid, NotFound, Refused
from domains.kernel.messages import context, publish
from domains.kernel.tenancy import Actor, Scope

from .. import queries
from ..events import CaseAnswered, CaseOpened
from ..models import IMPACTS, STATUSES, Case, Link, Reference, Reply

LONGEST = 20_000  # characters of a description or reply
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # pasted along unseen; some databases refuse them


@dataclass(frozen=True)
class LinkWish:
    """Something a case is to be about: an account, order or subscription, or the operation that made or changed one.

    For an operation, which support does not know, the surface that looked it up gives its `label`.
    """

    kind: str
    id: UUID
    label: str | None = None


@dataclass(frozen=True)
class Person:
    """Who asked for something in a saga; a program has no `user_id`."""

    user_id: UUID | None
    name: str


def open_case(
    session: Session,
    *,
    case_id: UUID,
    scope: Scope,
    customer_id: UUID,
    reseller_id: UUID | None,
    subject: str,
    description: str,
    impact: str,
    account_id: UUID | None,
    links: list[LinkWish],
    opened_by: Actor,
) -> Case:
    """Open a case; the same id again is the same case.

    Refuses an empty subject or description and an unknown impact; what is not the caller's is not found.
    """
    if session.get(Case, case_id) is not None:
        return queries.get(session, scope, case_id)
    if not scope.allows(customer_id, reseller_id):
        raise NotFound("There is no such customer.", code="customer_not_found", field="customer_id")
    wished = [*links, LinkWish("account", account_id)] if account_id else links
    rows = _links(session, scope, case_id, customer_id, wished)
    facts = {
        "id": case_id, "customer_id": customer_id, "reseller_id": reseller_id, "account_id": account_id,
        "impact": _impact(impact), "subject": _text(subject, 200, "subject"),
        "description": _text(description, LONGEST, "description"), "opened_by": opened_by.name,
        "opened_by_id": opened_by.id,
    }  # fmt: skip
    if _inserted(session, facts):
        session.add_all(rows)
        _tell_opened(session, queries.get(session, scope, case_id))
    return queries.get(session, scope, case_id)


def _inserted(session: Session, facts: dict[str, Any]) -> bool:
    """False when the same form, sent at the same moment, was faster."""
    now = clock.now(session)
    number = next_number(session, "CS", now.year)
    row = facts | {"number": number, "status": "new", "created_at": now, "updated_at": now, "version": 1}
    return insert_new(session, Case.__table__, row, "id")


def _tell_opened(session: Session, case: Case) -> None:
    publish(session, CaseOpened(**_facts(case)))
    _audit(session, "support.open", case, after={"subject": case.subject, "impact": case.impact})


def _impact(impact: str) -> str:
    if impact not in IMPACTS:
        raise Invalid(f"impact is one of {', '.join(IMPACTS)}.", code="impact_invalid", field="impact")
    return impact


def _links(session: Session, scope: Scope, case_id: UUID, customer_id: UUID, wished: list[LinkWish]) -> list[Link]:
    distinct = {(wish.kind, wish.id): wish for wish in wished}.values()
    return [_link(session, scope, case_id, customer_id, wish) for wish in distinct]


def _link(session: Session, scope: Scope, case_id: UUID, customer_id: UUID, wish: LinkWish) -> Link:
    if wish.kind == "operation" and wish.label:
        return Link(case_id=case_id, kind="operation", target_id=wish.id, label=wish.label)
    found = queries.reference(session, scope, wish.kind, wish.id)
    if found.customer_id != customer_id:
        raise Invalid("A case is about one customer's things.", code="link_of_another_customer", field="links")
    return Link(case_id=case_id, kind=found.kind, target_id=found.id, label=found.label)


def _text(text: str, longest: int, field: str) -> str:
    clean = CONTROL.sub("", text).strip()
    if not 1 <= len(clean) <= longest:
        raise Invalid("Write 1 to %(longest)s characters.", code=f"{field}_invalid", field=field, longest=longest)
    return clean


def add_reply(
    session: Session,
    *,
    scope: Scope,
    reply_id: UUID,
    case_id: UUID,
    body: str,
    author: Actor,
    as_agent: bool,
    internal: bool = False,
) -> Reply:
    """Say something in a case: as its customer, or as an agent, who may also note it for staff only.

    An agent's answer makes it the customer's turn; a customer's answer opens the case again. Closed cases are refused.
    """
    case = queries.get(session, scope, case_id, for_change=True)
    if (known := session.get(Reply, reply_id)) is not None:
        return _same(known, case_id, internal)
    if case.status == "closed":
        raise Refused("This case is closed: open a new one.", code="case_closed")
    if internal and not as_agent:
        raise Refused("Only staff can write internal notes.", code="internal_not_allowed")
    reply = _new_reply(
        session, id=reply_id, case_id=case_id, customer_id=case.customer_id, reseller_id=case.reseller_id,
        author=author.name, author_kind="agent" if as_agent else "customer", body=_text(body, LONGEST, "body"),
        internal=internal, at=clock.now(session),
    )  # fmt: skip
    if not internal:
        case.status = "waiting_customer" if as_agent else "open"
        _touched(session, case)
        publish(session, CaseAnswered(**_facts(case)))
    _audit_said(session, case, internal)
    return reply


def _audit_said(session: Session, case: Case, internal: bool) -> None:
    """What staff have noted for themselves stands in the trail of their own organisation only."""
    if internal:
        whose = context().origin.home_id or case.customer_id
        audit.record(session, "support.note", customer_id=whose, subject=("case", case.id), after={"case": case.number})
    else:
        _audit(session, "support.reply", case)


def _same(reply: Reply, case_id: UUID, internal: bool) -> Reply:
    if (reply.case_id, reply.internal) != (case_id, internal):
        raise _taken()
    return reply


def _new_reply(session: Session, **facts: Any) -> Reply:
    if not insert_new(session, Reply.__table__, facts, "id"):  # it stands in another's case, which is not seen here
        raise _taken()
    return session.get_one(Reply, facts["id"])


def _taken() -> Conflict:
    return Conflict("This id belongs to something else that was said.", code="reply_id_taken")


def change_status(
    session: Session, *, scope: Scope, case_id: UUID, status: str, expected_version: int | None, as_agent: bool
) -> Case:
    """Change where a case stands. A customer may resolve its case or open it again; the rest is for staff."""
    case = queries.get(session, scope, case_id, for_change=True)
    if expected_version is not None and case.version != expected_version:
        raise Conflict("The case has been changed since you looked at it.", code="version_conflict")
    allowed = STATUSES if as_agent else ("open", "resolved")
    if status not in allowed:
        raise Invalid(f"status is one of {', '.join(allowed)}.", code="status_invalid", field="status")
    if case.status == "closed":
        raise Refused("This case is closed: open a new one.", code="case_closed")
    if case.status == status:
        return case
    before, case.status = case.status, status
    _touched(session, case)
    _audit(session, "support.change_status", case, before={"status": before}, after={"status": status})
    return case


def know_reference(
    session: Session,
    *,
    kind: str,
    id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    label: str,
    state: str,
    version: int,
) -> None:
    """Note something that a case can be about; facts older than those known are left aside."""
    facts = {"kind": kind, "customer_id": customer_id, "reseller_id": reseller_id, "label": label, "state": state,
             "version": version}  # fmt: skip
    if insert_new(session, Reference.__table__, {"id": id, **facts}, "id"):
        return
    known = session.scalars(locked(select(Reference).where(Reference.id == id), Reference)).one()
    if known.version <= version:
        for name, value in facts.items():
            setattr(known, name, value)


def _touched(session: Session, case: Case) -> None:
    case.version += 1
    case.updated_at = clock.now(session)


def _facts(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.id, "customer_id": case.customer_id, "reseller_id": case.reseller_id, "number": case.number,
        "subject": case.subject, "status": case.status, "version": case.version,
    }  # fmt: skip


def _audit(session: Session, action: str, case: Case, **values: Any) -> None:
    audit.record(session, action, customer_id=case.customer_id, subject=("case", case.id), **values)
