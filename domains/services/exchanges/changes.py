"""A change goes to the provider, once, and only if the subscription is over there what the customer has seen here.

Customers may act directly at the provider, so we look before we write: a quantity that is no longer the one that was
shown would otherwise be overwritten. What we then find is kept, so that the customer sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import config, failpoint
from domains.kernel.columns import cut
from domains.kernel.errors import DomainError, NotFound, Pending, Refused, Said
from domains.kernel.messages import Exchange

from ..commands.changes import find_change
from ..commands.findings import note_look
from ..commands.subscriptions import find_locked
from ..errors import refusal
from ..models import Change, ChangeOutcome, Subscription
from ..models.subscriptions import state_of
from ..pricing import FOREVER, NextTerm
from ..providers import HeldSubscription, MadeChange, Provider, Stale, UnknownOutcome, provider
from ..providers.facts import ChangePolicy
from ..providers.platform import Ours, changed_here, completed
from ..providers.readings import next_term_in, outcome_of
from .looks import ours_of, seen
from .operations import after_asking, note_answer, note_asked

CHANGED = Said("It was changed directly at the provider. Settle that at “Done at the provider”, then decide again.")
KINDS = {"schedule_change": "schedule_next_term"}  # what a change is called over there, where not as here
OVERTAKEN = ("changed_at_provider", "unknown_at_provider")  # what our own earlier try may look like from here


@dataclass(frozen=True)
class _Wanted:
    """What to ask, and how the subscription stood when the customer decided."""

    operation_id: UUID
    change_id: UUID
    provider_subscription_id: str
    quantity: int
    valid_to: date
    state: str
    planned: NextTerm | None
    body: dict[str, Any]
    provider: str
    ours: Ours
    last_asked: timedelta | None = None  # how long ago the try before this one began


@dataclass(frozen=True)
class ChangeAnswer:
    """How the subscription stands after the change."""

    outcome: ChangeOutcome


def _intend(session: Session, *, change_id: UUID, provider_operation_id: UUID) -> _Wanted:
    change, row = _found(session, change_id)
    if change.state == "open":
        change.state = "at_provider"
    last_asked = note_asked(session, provider_operation_id, kind="change", subject_id=change_id,
                            customer_id=change.customer_id, reseller_id=change.reseller_id)  # fmt: skip
    if row.provider_subscription_id is None:
        raise Refused("This subscription was never set up at the provider.", code="not_active")
    return _Wanted(
        provider_operation_id, change_id, row.provider_subscription_id, change.from_quantity, change.from_valid_to,
        change.from_state, row.planned, _body(change), row.provider,
        replace(ours_of(row), quantity=change.from_quantity), last_asked,
    )  # fmt: skip


def _found(session: Session, change_id: UUID) -> tuple[Change, Subscription]:
    change = find_change(session, change_id)
    row = find_locked(session, change.subscription_id) if change is not None else None
    if change is None or row is None:
        raise NotFound("There is no such change.", code="change_not_found", field="change_id")
    return change, row


def _body(change: Change) -> dict[str, Any]:
    body: dict[str, Any] = {"reference": str(change.id), "kind": KINDS.get(change.kind, change.kind)}
    if change.kind == "change_quantity":
        body["quantity"] = change.to_quantity
    elif change.kind in ("cancel", "end_of_term"):
        body["mode"] = change.mode
    elif change.kind == "change_plan":
        body |= _plan((change.wish or {})["plan"]) | {"quantity": change.to_quantity}
    elif change.kind == "schedule_change":
        body["instructions"] = _instructions((change.wish or {})["next_term"])
    elif change.to_valid_to is not None:
        body["end_date"] = change.to_valid_to.isoformat()
    return body


def _plan(kept: dict[str, Any]) -> dict[str, Any]:
    found = {"offer_id": kept["provider_offer_id"], "term": kept["term"], "billing_cycle": kept["billing_cycle"]}
    return {name: value for name, value in found.items() if value is not None}


def _instructions(kept: dict[str, Any] | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    return _plan(kept) | ({"quantity": kept["quantity"]} if kept["quantity"] is not None else {})


def _call(wanted: _Wanted, asked_before: bool) -> ChangeOutcome:
    ours = provider(wanted.provider)
    kept = changed_here(ours.capabilities(), wanted.body, wanted.ours)
    if kept is not None:
        return _kept_here(ours, wanted, kept)
    made = (_earlier(ours, wanted) if asked_before else None) or _ask_or_find(ours, wanted, asked_before)
    if made.reference != str(wanted.change_id):
        raise UnknownOutcome("the provider answered with somebody else's change")
    if made.status == "failed":
        raise refusal(made.error.code, made.error.message) if made.error else refusal("failed")
    if made.status != "succeeded":
        raise Pending("provider", retry_after=made.retry_after or 2.0)
    with after_asking():
        held = ours.get_subscription(wanted.provider_subscription_id)
        if held is None and made.subscription is not None and wanted.body["kind"] == "cancel":
            gone = completed(ours.capabilities(), made.subscription, wanted.ours)  # what it has ended, it no longer has
            return outcome_of(gone, ChangePolicy(can_increase=False, cancel_at_end_allowed=False), made)
        if held is None:
            raise UnknownOutcome("the provider no longer knows the subscription it has changed")
        return seen(ours, held, wanted.ours, made)


def _kept_here(ours: Provider, wanted: _Wanted, kept: Ours) -> ChangeOutcome:
    """A change of what we keep ourselves: made in our books alone, of what still runs over there."""
    held = ours.get_subscription(wanted.provider_subscription_id)
    if held is None:
        raise Refused("The provider no longer knows this subscription. Open a case.", code="unknown_at_provider")
    return seen(ours, held, kept)


def _earlier(ours: Provider, wanted: _Wanted) -> MadeChange | None:
    with after_asking():
        return ours.find_change(wanted.change_id, wanted.provider_subscription_id, wanted.body)


def _ask_or_find(ours: Provider, wanted: _Wanted, asked_before: bool) -> MadeChange:
    """Ask for the change. What looks like somebody else's doing may be our own earlier try that arrived only now.

    It may even be on its way still, and seen on the subscription before it can be looked up: as long as a call may
    take, finding nothing says nothing.
    """
    try:
        return _ask(ours, wanted)
    except Refused as no:
        if not asked_before or no.code not in OVERTAKEN:
            raise
        made = _earlier(ours, wanted)
        if made is not None:
            return made
        patience = config.current().provider_timeout
        if wanted.last_asked is not None and wanted.last_asked.total_seconds() < patience:
            raise UnknownOutcome("an earlier try may still be on its way", retry_after=patience) from no
        raise


def _ask(ours: Provider, wanted: _Wanted) -> MadeChange:
    held = ours.get_subscription(wanted.provider_subscription_id)
    if held is None:
        raise Refused("The provider no longer knows this subscription. Open a case.", code="unknown_at_provider")
    if not _as_seen(completed(ours.capabilities(), held, wanted.ours), wanted):
        raise _changed(ours, held, wanted)
    failpoint.reach("services.send_change.calling")
    try:
        body = wanted.body | {"expected_version": held.version}
        made = ours.make_change(wanted.operation_id, held.id, body)
    except DomainError as no:
        if isinstance(no, Stale):
            raise _changed(ours, ours.get_subscription(held.id) or held, wanted) from no
        raise
    failpoint.reach("services.send_change.called")
    return made


def _as_seen(held: HeldSubscription, wanted: _Wanted) -> bool:
    there = (held.quantity, held.valid_to or FOREVER, state_of(held.status))
    return there == (wanted.quantity, wanted.valid_to, wanted.state) and _same_plan(held, wanted)


def _same_plan(held: HeldSubscription, wanted: _Wanted) -> bool:
    """Whether nothing else is planned for the next term than what was shown, which the change may delete."""
    said, shown = next_term_in(held), wanted.planned
    if said is None or shown is None:
        return said is shown
    same = ("quantity", "provider_offer_id", "term", "billing_cycle")
    return all(getattr(said, name) == getattr(shown, name) for name in same)


def _changed(ours: Provider, held: HeldSubscription, wanted: _Wanted) -> Refused:
    return Refused(CHANGED, code="changed_at_provider", look=seen(ours, held, wanted.ours))


def _record(session: Session, answer: ChangeOutcome, *, change_id: UUID, provider_operation_id: UUID) -> ChangeAnswer:
    change, _row = _found(session, change_id)
    change.provider_change_id = answer.provider_change_id
    note_answer(session, provider_operation_id, state="done", provider_id=answer.provider_change_id)
    return ChangeAnswer(answer)


def _refuse(session: Session, refused: DomainError, *, change_id: UUID, provider_operation_id: UUID) -> None:
    """The provider's clear no stays on the change; what we saw on the way is kept for them to decide on."""
    note_answer(session, provider_operation_id, state="refused", code=refused.code)
    change = find_change(session, change_id)
    if change is None or change.ended_at is not None:
        return
    change.error_code, change.error_detail = refused.code, cut(refused.detail, 1000)
    row, look = find_locked(session, change.subscription_id), refused.params.get("look")
    if row is not None and isinstance(look, ChangeOutcome):
        note_look(session, row, look)


send_change = Exchange("services.send_change", _intend, _call, _record, _refuse)
