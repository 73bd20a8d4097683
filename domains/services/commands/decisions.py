"""Decisions about the end of a term: one is open as soon as a term runs, follows its last day, and is settled with it.

What the provider has to hear goes there by a saga (see `end_of_term`); what it does already is only written down.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.columns import id_of
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.errors import Conflict, NotFound, Refused
from domains.kernel.messages import context
from domains.kernel.tenancy import Actor, Scope

from ..models import Change, Decision, HistoryLine, Order, Person, Subscription
from ..models.decisions import RUNNING, deadline_of, first_of, if_nothing, is_bridged
from ..models.reminders import next_moment
from ..pricing import FOREVER, term_day
from ..queries.decisions import check_mode, check_open
from ..queries.due import zone_of

WITHDRAWN = ("canceled", "failed")


def follow_term(session: Session, row: Subscription, *, source: str | None = None, extended: bool = False) -> None:
    """Keep the decision about a subscription's running term as the subscription stands now: made when there is none,
    moved with the last day, settled when the term is over, opened again when the provider was told otherwise.

    `source` is the change of ours that this comes of, if any; also then the term may be over, and renewed meanwhile.
    `extended`: the last day was moved directly at the provider, which has been adopted.
    """
    kept = running(session, row.id)
    if row.valid_to == FOREVER or row.state == "pending":
        return
    if kept is None:
        if row.state in RUNNING:
            _open(session, row, first_of(row))
        return
    over = kept.term_end < term_day(clock.business_now(session))
    if row.state not in (*RUNNING, "pending_cancellation", "unknown"):
        settle(session, kept, "ended" if over and row.state not in WITHDRAWN else "withdrawn")
    elif row.valid_to > kept.term_end and over and not (extended or _moves_the_end(session, row, source)):
        settle(session, kept, "bridged" if is_bridged(row) else "renewed")
        _open(session, row, date.fromordinal(kept.term_end.toordinal() + 1), after=kept)
    else:
        _move(session, row, kept)
        _compare(session, row, kept, source)


def _moves_the_end(session: Session, row: Subscription, source: str | None) -> bool:
    """Whether a later last day comes of a change of ours. Any other change may as well be answered only after the
    renewal, and then its answer is the first that shows the new term."""
    change = session.get(Change, UUID(source)) if source is not None else None
    if change is None:
        return False
    plan = (change.wish or {}).get("plan") or {}
    return row.valid_to.isoformat() in (str(change.to_valid_to), plan.get("valid_to"))


def running(session: Session, subscription_id: UUID) -> Decision | None:
    """The decision about the term that runs, locked."""
    query = select(Decision).where(Decision.subscription_id == subscription_id, Decision.settled_at.is_(None))
    newest = query.order_by(Decision.term_end.desc(), Decision.id.desc())
    return session.scalars(locked(newest, Decision.__table__)).first()


def _open(session: Session, row: Subscription, first: date, *, after: Decision | None = None) -> None:
    """Open the decision about a term that began on `first`; what was decided for good goes on."""
    owner = (after.owner_id, after.owner) if after is not None else _ordered_by(session, row)
    standing = after is not None and after.standing and after.mode == if_nothing(row)
    carried = ("mode", "decided_by_id", "decided_by", "decided_at")
    deadline = deadline_of(row)
    values: dict[str, Any] = {
        "id": id_of(f"decision of {row.id}", first), "subscription_id": row.id, "account_id": row.account_id,
        "customer_id": row.customer_id, "reseller_id": row.reseller_id, "term_first": first, "term_end": row.valid_to,
        "deadline": deadline, "standing": standing, "note": None, "owner_id": owner[0], "owner": owner[1],
        "reminded": None, "outcome": None, "settled_at": None, "finished_at": None, "version": 1,
        "next_reminder_at": None if standing else _next(session, row, deadline, first, None),
    }  # fmt: skip
    values |= {name: getattr(after, name) if standing else None for name in carried}
    if not insert_new(session, Decision.__table__, values, "id"):  # it was over, and goes on after all
        kept = session.get_one(Decision, values["id"])
        for name in set(values) - {"id", "version"}:
            setattr(kept, name, values[name])
        kept.version += 1


def _ordered_by(session: Session, row: Subscription) -> tuple[UUID | None, str | None]:
    """Whose decision it is at first: the person's who ordered. None: the customer's owners."""
    order = session.get(Order, row.order_id)
    return (order.ordered_by_id, order.ordered_by) if order is not None and order.ordered_by_id else (None, None)


def _next(
    session: Session, row: Subscription, deadline: datetime, first: date, reminded: int | None
) -> datetime | None:
    now = clock.business_now(session)
    return next_moment(deadline, zone_of(session, row.account_id), first, now, reminded)


def _move(session: Session, row: Subscription, kept: Decision) -> None:
    """Move a decision with the last day and the provider's lock."""
    deadline = deadline_of(row)
    if (kept.term_end, kept.deadline) == (row.valid_to, deadline):
        return
    if kept.term_end != row.valid_to:
        kept.reminded = None
    kept.term_end, kept.deadline = row.valid_to, deadline
    kept.version += 1
    if kept.mode is None:
        kept.next_reminder_at = _next(session, row, deadline, kept.term_first, kept.reminded)


def _compare(session: Session, row: Subscription, kept: Decision, source: str | None) -> None:
    """Hold what was decided against what the provider will do: whoever has told it otherwise has decided otherwise."""
    will = if_nothing(row)
    change = session.get(Change, UUID(source)) if source is not None else None
    if change is not None and change.kind == "end_of_term":
        return  # its own saga writes down what was decided
    if change is not None and change.kind == "cancel" and change.mode == "end_of_term" and kept.mode != "cancel":
        kept.decide("cancel", change.requested_by_id, change.requested_by, clock.business_now(session))
        note(session, kept, "decision", {"mode": "cancel"}, by=(change.requested_by_id, change.requested_by))
    elif kept.mode not in (None, will) and row.open_change_id is None and row.state != "suspended":
        was = kept.mode
        kept.reopen()
        kept.next_reminder_at = _next(session, row, kept.deadline, kept.term_first, kept.reminded)
        note(session, kept, "provider", {"was": was, "will": will})


def settle(session: Session, kept: Decision, outcome: str) -> None:
    """Close a decision whose term is over, or that nobody has to take any more."""
    kept.outcome, kept.settled_at, kept.next_reminder_at = outcome, clock.business_now(session), None
    kept.version += 1
    if outcome == "withdrawn":
        kept.finished_at = kept.settled_at


def note(
    session: Session, kept: Decision, kind: str, facts: dict[str, Any], *,
    by: tuple[UUID | None, str] = (None, ""), line_id: UUID | None = None,
) -> bool:  # fmt: skip
    """Add a line about a decision to the history of its subscription; see `add_line`."""
    whose = (kept.subscription_id, kept.customer_id, kept.reseller_id)
    return add_line(session, whose, kind, facts | {"term_end": kept.term_end.isoformat()}, by=by, line_id=line_id)


def add_line(
    session: Session, whose: tuple[UUID, UUID, UUID | None], kind: str, facts: dict[str, Any], *,
    by: tuple[UUID | None, str] = (None, ""), line_id: UUID | None = None,
) -> bool:  # fmt: skip
    """Add a line to the history of a subscription; the same `line_id` once. Gives whether it is new.

    `whose` are the ids of the subscription, its customer and its reseller.
    """
    row = {
        "id": line_id or new_id(), "subscription_id": whose[0], "customer_id": whose[1], "reseller_id": whose[2],
        "at": clock.business_now(session), "kind": kind, "facts": facts, "by_id": by[0], "by": by[1],
        "run_id": context().run_id,
    }  # fmt: skip
    return insert_new(session, HistoryLine.__table__, row, "id")


def decide_here(
    session: Session, *, scope: Scope, subscription_id: UUID, mode: str, standing: bool, by: Actor,
    expected_version: int | None = None, remark: str | None = None,
) -> Decision:  # fmt: skip
    """Decide for what the provider does already, so that it need not hear of it.

    Refuses a way that it does not offer, one that it would have to hear of, and what has changed since it was seen.
    """
    row, kept = held(session, scope, subscription_id, expected_version)
    check_open(kept, row, clock.business_now(session))
    check_mode(row, mode)
    if mode != if_nothing(row):
        raise Refused("The provider has to hear of this first.", code="provider_must_hear", field="mode")
    who = person_id(by)
    kept.decide(mode, who, by.name, clock.business_now(session), standing=standing)
    kept.note = remark
    note(session, kept, "decision", {"mode": mode, "standing": standing}, by=(who, by.name))
    told(session, "services.decide_end_of_term", kept)
    return kept


def give_decision(
    session: Session, *, subscription_id: UUID, customer_id: UUID, given_by: Person, member: Person | None,
    expected_version: int | None = None,
) -> None:  # fmt: skip
    """Make a decision somebody else's; None: that of the customer's owners. Doing it twice does it once.

    Whoever works for the customer is known to `users`, who has looked them up.
    """
    _row, kept = held(session, Scope.customer(customer_id), subscription_id, None)
    if kept.owner_id == (member.user_id if member else None):
        return
    if expected_version not in (None, kept.version):
        raise stale(kept)
    before = {f"was_{name}": value for name, value in kept.owned.items()}
    kept.owner_id, kept.owner = (member.user_id, member.name) if member else (None, None)
    kept.version += 1
    note(session, kept, "owner", before | kept.owned, by=(given_by.user_id, given_by.name))
    told(session, "services.give_decision", kept)


def person_id(by: Actor) -> UUID | None:
    """The id of the person who acts; a program has none."""
    return UUID(by.id) if by.kind == "user" else None


def held(
    session: Session, scope: Scope, subscription_id: UUID, expected_version: int | None
) -> tuple[Subscription, Decision]:
    """A subscription and the decision about its running term, both locked. NotFound out of scope or without a term."""
    query = select(Subscription).where(Subscription.id == subscription_id, scope.covers(Subscription))
    row: Subscription | None = session.scalars(locked(query, Subscription.__table__)).one_or_none()
    if row is None:
        raise NotFound("There is no such subscription.", code="subscription_not_found", field="subscription_id")
    kept = running(session, row.id)
    if kept is None:
        raise NotFound("There is nothing to decide about its end.", code="decision_not_found", field="subscription_id")
    if expected_version not in (None, kept.version):
        raise stale(kept)
    return row, kept


def stale(kept: Decision) -> Conflict:
    """What is said to who decides about something that is not as they saw it."""
    words = "Somebody has decided since you looked. See how it stands now, then decide again."
    return Conflict(words, code="version_conflict", version=kept.version)


def told(session: Session, action: str, kept: Decision) -> None:
    """Put a decision into the audit trail."""
    after = {"mode": kept.mode, "standing": kept.standing, "owner": kept.owner, "term_end": kept.term_end}
    subject = ("subscription", kept.subscription_id)
    audit.record(session, action, customer_id=kept.customer_id, subject=subject, after=after)


def open_missing(session: Session, limit: int = 200) -> int:
    """Open the decisions of running subscriptions that have none yet; gives how many. Safe to repeat."""
    theirs = select(Decision.id).where(Decision.subscription_id == Subscription.id, Decision.settled_at.is_(None))
    query = select(Subscription).where(
        Subscription.state.in_(RUNNING), Subscription.valid_to < FOREVER, ~theirs.exists()
    )
    found = list(session.scalars(query.order_by(Subscription.id).limit(limit)))
    for row in found:
        _open(session, row, first_of(row))
    return len(found)
