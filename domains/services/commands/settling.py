"""Settling a drift: one person at a time, on what they have seen, with the subscription held as for a change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import locked
from domains.kernel.errors import N_, Conflict, Invalid, Locked, NotFound, Refused
from domains.kernel.messages import context

from ..models import Drift, Person, Subscription
from ..models.adoptions import Confirmed, Held
from ..models.differences import NEW
from ..models.drift import DECISIONS, SETTLEABLE, choices
from ..queries.adoptions import bought_of
from .evidence import evidence_of, subject_of
from .subscriptions import find_locked, take_over

LONGEST = 500  # characters of a reason


def check_decision(drift: Drift, decision: str, reason: str | None, version: int | None = None) -> None:
    """Refuse a decision that is not open for a drift now, with why; asked by the surfaces before they start, too."""
    if decision not in DECISIONS:
        raise Invalid("decision is one of %(names)s.", code="decision_invalid", field="decision", names=DECISIONS)
    if version not in (None, drift.version):
        text = N_("It has changed since you looked. Look again, then decide.")
        raise Conflict(text, code="version_conflict", version=drift.version)
    if decision == "ignore" and not (reason or "").strip():
        raise Invalid("Say why it can be ignored.", code="reason_missing", field="reason")
    if len(reason or "") > LONGEST:
        raise Invalid("Write %(most)s characters at most.", code="reason_too_long", field="reason", most=LONGEST)
    chosen = next(one for one in choices(drift) if one.decision == decision)
    if not chosen.enabled:
        known = {"code": chosen.reason_code}
        raise (Conflict if drift.state not in SETTLEABLE else Refused)(chosen.reason or "", **known)


def begin_settling(
    session: Session, *, drift_id: UUID, settlement_id: UUID, customer_id: UUID, decision: str, reason: str | None,
    settled_by: Person, expected_version: int | None = None,
) -> Held:  # fmt: skip
    """Take a drift up to settle it, and hold its subscription meanwhile. Doing it twice does it once.

    Refused when the decision is not open for it (any more), or what was bought is not sold here; a conflict when it has
    changed since it was seen, or somebody else settles it; while a change of ours is under way, it is waited for.
    """
    drift = _found(session, drift_id, customer_id)
    row = find_locked(session, drift.subscription_id)
    if drift.settlement_id != settlement_id or drift.state != "settling":
        check_decision(drift, decision, reason, expected_version)
        _hold(row, settlement_id)
    bought = bought_of(session, drift) if drift.kind == NEW and decision == "adopt" else None
    if drift.state != "settling":
        drift.state, drift.settlement_id, drift.run_id = "settling", settlement_id, context().run_id
        drift.decision, drift.reason = decision, reason
        drift.settled_by_id, drift.settled_by = settled_by.user_id, settled_by.name
        drift.error_code = drift.error_detail = None
        drift.version += 1
        _audit(session, "services.begin_settling", drift)
    return Held(bought, evidence_of(drift), subject_of(drift), row is not None)


def _found(session: Session, drift_id: UUID, customer_id: UUID) -> Drift:
    drift = find_drift(session, drift_id)
    if drift is None or drift.customer_id != customer_id:
        raise NotFound("There is no such drift.", code="drift_not_found", field="drift_id")
    return drift


def find_drift(session: Session, drift_id: UUID) -> Drift | None:
    """A drift's row, locked, for a step of its own saga."""
    query = locked(select(Drift).where(Drift.id == drift_id), Drift.__table__)
    return session.scalars(query).one_or_none()


def _hold(row: Subscription | None, settlement_id: UUID) -> None:
    if row is None:
        return
    if row.open_change_id not in (None, settlement_id):
        busy = Conflict("Another change is under way. Wait until it is done, then look again.",
                        code="change_in_progress")  # fmt: skip
        raise Locked(busy)
    if row.open_change_id is None:
        row.open_change_id = settlement_id
        row.version += 1


def _let_go(session: Session, drift: Drift) -> Subscription | None:
    row = find_locked(session, drift.subscription_id)
    if row is not None and row.open_change_id == drift.settlement_id:
        row.open_change_id = None
        row.version += 1
    return row


def stop_settling(session: Session, *, drift_id: UUID, settlement_id: UUID) -> None:
    """Let a drift go whose settling came to nothing: it is as it was, with why. If absent, fine."""
    drift = find_drift(session, drift_id)
    if drift is None or drift.settlement_id != settlement_id or drift.state != "settling":
        return
    _let_go(session, drift)
    drift.state = "case_opened" if drift.case_id is not None else "open"
    drift.version += 1
    _audit(session, "services.stop_settling", drift)


def finish_settling(session: Session, drift: Drift, state: str, **told: Any) -> None:
    """Write down how a drift was settled, and let its subscription go."""
    _let_go(session, drift)
    drift.state = state
    drift.ended_at = clock.now(session) if state in ("adopted", "reverted") else None
    drift.version += 1
    _audit(session, f"services.{_DEEDS[state]}", drift, **told)


_DEEDS = {
    "adopted": "adopt_drift", "reverted": "revert_drift", "case_opened": "open_drift_case", "ignored": "ignore_drift",
}  # fmt: skip


def finish_revert(session: Session, *, drift_id: UUID, settlement_id: UUID, confirmed: Confirmed) -> None:
    """Note that the provider has undone what was done there; what it allows now is taken over. Twice is once."""
    drift = find_drift(session, drift_id)
    if drift is None or drift.state != "settling" or drift.settlement_id != settlement_id:
        return
    finish_settling(session, drift, "reverted")
    row = find_locked(session, drift.subscription_id)
    if row is not None and confirmed.look is not None:
        take_over(session, row, confirmed.look, source=None)


def note_case(session: Session, *, drift_id: UUID, settlement_id: UUID, case_id: UUID) -> None:
    """Note which case a drift is about; it stands until the difference is gone. Doing it twice does it once."""
    drift = find_drift(session, drift_id)
    if drift is not None and drift.state == "settling" and drift.settlement_id == settlement_id:
        drift.case_id = case_id
        finish_settling(session, drift, "case_opened", case_id=case_id)


def ignore_drift(
    session: Session, *, drift_id: UUID, settlement_id: UUID, customer_id: UUID, reason: str | None,
    settled_by: Person, expected_version: int | None = None,
) -> None:  # fmt: skip
    """Leave a difference as it is, with the reason: it is not shown as open until it is another one. Twice is once."""
    drift = _found(session, drift_id, customer_id)
    if drift.settlement_id == settlement_id:
        return
    check_decision(drift, "ignore", reason, expected_version)
    drift.settlement_id, drift.run_id, drift.decision, drift.reason = settlement_id, context().run_id, "ignore", reason
    drift.settled_by_id, drift.settled_by = settled_by.user_id, settled_by.name
    finish_settling(session, drift, "ignored")


def _audit(session: Session, action: str, drift: Drift, **told: Any) -> None:
    after = {"state": drift.state, "decision": drift.decision, "reason": drift.reason, "name": drift.name}
    after |= {"differences": msgspec.to_builtins(drift.differences), **told}
    audit.record(session, action, customer_id=drift.customer_id, subject=("drift", drift.id), after=after)
