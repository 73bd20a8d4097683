"""Approvals: asked for, said yes or no to, left to a colleague, and closed when what they were for comes to nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import locked
from domains.kernel.errors import N_, Conflict, Invalid, NotFound, Pending, Refused
from domains.kernel.messages import context, publish
from domains.kernel.tenancy import Caller

from ..events import ApprovalDecided, ApprovalRequested
from ..models import Approval, ApprovalAsked, Order
from ..models.approvals import APPROVAL_DAYS
from ..queries.approvals import check_may_decide

LONGEST = 500  # characters of a reason
ASK_AGAIN = 3600.0  # seconds after which a run looks by itself, should nobody have told it


def request_approval(
    session: Session, *, approval: ApprovalAsked, customer_id: UUID, reseller_id: UUID | None, account_id: UUID,
    account_name: str, label: str, requested_by: str, terms: Any, run_id: UUID | None = None,
) -> Approval:  # fmt: skip
    """Write down that somebody must say yes to this, and have the approvers told. Doing it twice does it once."""
    known = session.get(Approval, approval.id)
    if known is not None:
        return known
    now = clock.business_now(session)
    row = Approval(
        id=approval.id, customer_id=customer_id, reseller_id=reseller_id, account_id=account_id,
        account_name=account_name, subject_kind=approval.subject, subject_id=approval.subject_id,
        run_id=run_id or context().run_id, label=label[:300], state="requested", currency=approval.amount.currency,
        amount_minor=approval.amount.minor, terms=terms, role=approval.role,
        why=" ".join(approval.why), requested_by=requested_by,
        requested_by_id=approval.user_id, requested_by_client=approval.client_id, requested_at=now,
        expires_at=now + timedelta(days=approval.days or APPROVAL_DAYS), version=1,
    )  # fmt: skip
    session.add(row)
    _tell_approvers(session, row)
    _audit(session, "services.request_approval", row)
    return row


def approve(
    session: Session, *, caller: Caller, approval_id: UUID, reason: str | None = None, version: int | None = None
) -> Approval:
    """Say yes: what was asked for goes on by itself. The same person's second yes changes nothing.

    Refuses who may not decide this (their own request, a limit that does not cover it), and what is decided or expired.
    """
    return _decided(session, caller, approval_id, "approved", reason, version)


def reject(
    session: Session, *, caller: Caller, approval_id: UUID, reason: str, version: int | None = None
) -> Approval:  # fmt: skip
    """Say no, and why: what was asked for is taken back by itself. Refuses the same as `approve`."""
    if not reason.strip():
        text = N_("Say why, for whoever asked.")
        raise Invalid(text, code="reason_missing", field="reason")
    return _decided(session, caller, approval_id, "rejected", reason, version)


def delegate(
    session: Session, *, caller: Caller, approval_id: UUID, to: str, reason: str | None = None,
    version: int | None = None,
) -> Approval:  # fmt: skip
    """Leave a decision to a colleague, by the e-mail address they sign in with; they may decide with our authority.

    Refuses the same as `approve`, what is no e-mail address, and the caller's own.
    """
    address = to.strip().lower()
    if "@" not in address or len(address) > 320 or any(sign.isspace() for sign in address):
        raise Invalid(N_("Type the colleague's e-mail address."), code="email_invalid", field="to")
    if address == caller.preferences.get("email", "").lower():
        raise Invalid(N_("Leave it to somebody else than yourself."), code="delegate_self", field="to")
    row = _open(session, caller, approval_id, version)
    row.state, row.delegated_to, row.delegated_by = "delegated", address, caller.actor.name
    row.reason = _told(reason)
    row.version += 1
    _tell_approvers(session, row)
    _audit(session, "services.delegate_approval", row)
    return row


def check_approved(session: Session, approval: ApprovalAsked | None, again: float = ASK_AGAIN) -> None:
    """Go on only with a yes. Pending while nobody has decided; refuses a no and what nobody decided in time.

    `again` is after how many seconds to look again at the latest.
    """
    row = find_approval(session, approval.id) if approval is not None else None
    if row is None or row.state == "approved":
        return
    if row.state == "rejected":
        detail = N_("%(who)s did not approve it: %(reason)s")
        raise Refused(detail, code="approval_rejected", who=row.decided_by, reason=row.reason)
    left = row.expires_at - clock.business_now(session)
    if not row.is_open or left <= timedelta(0):
        raise Refused(N_("Nobody approved it in time. Ask again if it is still wanted."), code="approval_expired")
    raise Pending("approval", retry_after=min(max(left.total_seconds(), 1.0), again))


def close_approval(session: Session, approval: ApprovalAsked | None) -> Approval | None:
    """End a request that nobody will decide any more: it has expired, or what it was for was called off."""
    return end_request(session, approval.id) if approval is not None else None


def end_request(session: Session, approval_id: UUID) -> Approval | None:
    """The same for a request of which only the id is known."""
    row = find_approval(session, approval_id)
    if row is not None and row.is_open:
        over = clock.business_now(session) >= row.expires_at
        row.state, row.version = "expired" if over else "withdrawn", row.version + 1
        _tell_requester(session, row)
        _audit(session, "services.close_approval", row)
    return row


def find_approval(session: Session, approval_id: UUID) -> Approval | None:
    """An approval's row, locked."""
    query = select(Approval).where(Approval.id == approval_id)
    return session.scalars(locked(query, Approval.__table__)).one_or_none()


def _decided(
    session: Session, caller: Caller, approval_id: UUID, state: str, reason: str | None, version: int | None
) -> Approval:
    said_before = _found(session, caller, approval_id)
    if said_before.state == state and said_before.decided_by_id == _person(caller):
        return said_before
    row = _open(session, caller, approval_id, version)
    row.state, row.decided_by, row.decided_by_id = state, caller.actor.name, _person(caller)
    row.decided_at, row.reason, row.version = clock.business_now(session), _told(reason), row.version + 1
    _tell_requester(session, row)
    if state == "approved":
        _schedule(session, row)
        _audit(session, "services.approve", row)
    else:
        _audit(session, "services.reject", row)
    return row


def _open(session: Session, caller: Caller, approval_id: UUID, version: int | None) -> Approval:
    """A request that this caller may decide now."""
    row = _found(session, caller, approval_id)
    if version not in (None, row.version) or not row.is_open:
        text = N_("This was decided or has changed since you looked. Look again.")
        raise Conflict(text, code="version_conflict" if row.is_open else "approval_closed")
    if clock.business_now(session) >= row.expires_at:
        raise Conflict(N_("The time to decide this is over. It must be asked for again."), code="approval_expired")
    check_may_decide(session, caller, row)
    return row


def _found(session: Session, caller: Caller, approval_id: UUID) -> Approval:
    row = find_approval(session, approval_id)
    if row is None or not caller.scope.allows(row.customer_id, row.reseller_id):
        raise NotFound("There is no such approval.", code="approval_not_found", field="approval_id")
    return row


def _schedule(session: Session, row: Approval) -> None:
    """An approved order whose day has not come waits for that day from now on."""
    order = session.get(Order, row.subject_id) if row.subject_kind == "order" else None
    if order is not None and order.state == "awaiting_approval":
        now = clock.business_now(session)
        if order.effective_on > now.date():
            order.move("scheduled", now)


def _person(caller: Caller) -> UUID | None:
    return UUID(caller.actor.id) if caller.actor.kind == "user" else None


def _told(reason: str | None) -> str | None:
    said = (reason or "").strip()
    if len(said) > LONGEST:
        raise Invalid(N_("Use at most %(most)s characters."), code="reason_too_long", field="reason", most=LONGEST)
    return said or None


def _tell_approvers(session: Session, row: Approval) -> None:
    event = ApprovalRequested(
        row.version, row.id, row.customer_id, row.reseller_id, row.label, row.account_name, row.amount,
        row.requested_by, row.expires_at, row.delegated_to, row.requested_by_id,
    )  # fmt: skip
    publish(session, event)


def _tell_requester(session: Session, row: Approval) -> None:
    known = (row.label, row.account_name, row.state, row.decided_by or "", row.reason or "", row.requested_by_id)
    publish(session, ApprovalDecided(row.version, row.id, row.customer_id, row.reseller_id, *known))


def _audit(session: Session, action: str, row: Approval) -> None:
    after = {"state": row.state, "amount": row.amount_minor, "currency": row.currency, "for": row.subject_id}
    private = {"reason": row.reason, "delegated_to": row.delegated_to}
    audit.record(
        session, action, customer_id=row.customer_id, subject=("approval", row.id), after=after, private=private
    )  # fmt: skip
