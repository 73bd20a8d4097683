"""Drift at the provider: an account's subscriptions are listed and compared, one looked at again or changed back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.columns import cut
from domains.kernel.errors import DomainError, NotFound, Pending, Refused, Said
from domains.kernel.messages import Exchange

from ..commands.findings import Compared, keep_findings
from ..commands.settling import find_drift
from ..errors import refusal
from ..models import AccountRef, Difference, Drift, Seen, Subscription
from ..models.adoptions import Confirmed, Loss
from ..models.differences import ENDED, NEW, theirs_in
from ..pricing import term_day
from ..providers import HeldSubscription, MonthLine, NotAllowedNow, Provider, UnknownOutcome, keys, provider
from ..providers.platform import Ours
from ..providers.readings import outcome_of, seen_in
from .looks import ours_of
from .looks import seen as looked
from .operations import after_asking, note_answer, note_asked

CHANGED = Said("It has changed again at the provider. Compare once more, look at how it stands now, then decide.")


# ---- all of an account


@dataclass(frozen=True)
class _Asked:
    """Whose subscriptions to list, and those of ours with their versions, by provider."""

    account_id: UUID
    ours: dict[str, dict[str, tuple[UUID, int]]]


def _intend_list(session: Session, *, account_id: UUID) -> _Asked:
    account = session.get(AccountRef, account_id)
    if account is None:
        raise NotFound("There is no such account.", code="account_not_found", field="account_id")
    if account.status != "active":
        raise Refused("Only an active account is compared with the provider.", code="account_not_active")
    ours: dict[str, dict[str, tuple[UUID, int]]] = {}
    query = select(Subscription).where(Subscription.account_id == account_id)
    for row in session.scalars(query.where(Subscription.provider_subscription_id.is_not(None))):
        ours.setdefault(row.provider, {})[row.provider_subscription_id or ""] = (row.id, row.version)
    return _Asked(account_id, {key: {} for key in keys()[:1]} | ours)


def _call_list(asked: _Asked, asked_before: bool) -> tuple[dict[str, list[Seen]], dict[UUID, int]]:
    listed = {key: _listed(provider(key), asked.account_id, held) for key, held in asked.ours.items()}
    return listed, {id: version for held in asked.ours.values() for id, version in held.values()}


def _listed(ours: Provider, account_id: UUID, known: dict[str, Any]) -> list[Seen]:
    """All that the account has there; of a provider that cannot list, what we know of."""
    can = ours.capabilities()
    if can.lists_subscriptions:
        found = ours.list_subscriptions(account_id)
    else:
        found = [held for key in known if (held := ours.get_subscription(key)) is not None]
    return [seen_in(held, can.platform_managed) for held in found]


def _record_list(
    session: Session, answer: tuple[dict[str, list[Seen]], dict[UUID, int]], *, account_id: UUID
) -> Compared:
    listed, asked = answer
    return keep_findings(session, account_id=account_id, listed=listed, asked=asked)


list_held = Exchange("services.list_held", _intend_list, _call_list, _record_list)


# ---- one of them, again


@dataclass(frozen=True)
class _Wanted:
    """Which subscription, and how it stood there when somebody decided; `lost` units went, none of them before."""

    provider: str
    provider_subscription_id: str
    seen: Seen | None
    today: date
    lost: int
    books: Ours | None = None  # what ours say of it, where we have it
    found: tuple[Difference, ...] = ()
    kind: str = ""
    settlement_id: UUID | None = None
    operation_id: UUID | None = None


def _wanted(session: Session, drift_id: UUID) -> tuple[Drift, _Wanted]:
    drift = find_drift(session, drift_id)
    if drift is None:
        raise NotFound("There is no such drift.", code="drift_not_found", field="drift_id")
    row = session.get(Subscription, drift.subscription_id)
    seen, units = drift.as_seen, row.quantity if row is not None else 0
    left = 0 if seen is None or seen.state in ENDED else seen.quantity
    today = term_day(clock.business_now(session))
    return drift, _Wanted(
        drift.provider, drift.provider_subscription_id, seen, today, max(units - left, 0),
        ours_of(row) if row is not None else None, drift.found, drift.kind, drift.settlement_id,
    )  # fmt: skip


def _intend_look(session: Session, *, drift_id: UUID) -> _Wanted:
    return _wanted(session, drift_id)[1]


def _call_look(wanted: _Wanted, asked_before: bool) -> Confirmed:
    ours = provider(wanted.provider)
    held = ours.get_subscription(wanted.provider_subscription_id)
    return _confirmed(ours, wanted, _as_decided(ours, wanted, held))


def _as_decided(ours: Provider, wanted: _Wanted, held: HeldSubscription | None) -> HeldSubscription | None:
    """What is there, if it is what somebody has decided on."""
    seen = seen_in(held, ours.capabilities().platform_managed) if held is not None else None
    if (seen is None) != (wanted.seen is None):
        raise Refused(CHANGED, code="drift_changed")
    if seen is not None and wanted.seen is not None and not _alike(wanted.seen, seen):
        raise Refused(CHANGED, code="drift_changed")
    return held


def _alike(before: Seen, now: Seen) -> bool:
    said, again = theirs_in(before), theirs_in(now)
    return all(again[name] == value for name, value in said.items() if None not in (value, again[name]))


def _confirmed(ours: Provider, wanted: _Wanted, held: HeldSubscription | None) -> Confirmed:
    losses = tuple(_losses(ours, wanted)) if wanted.lost else ()
    if held is None:
        return Confirmed(None, None, losses)
    seen = seen_in(held, ours.capabilities().platform_managed)
    look = looked(ours, held, wanted.books) if wanted.books else outcome_of(held, ours.get_policy(held.id))
    return Confirmed(seen, look, losses)


def _losses(ours: Provider, wanted: _Wanted) -> Iterator[Loss]:
    """The units that went, as the provider has given us money back for them, the newest first.

    What it has given nothing back for, we give nothing back for either. One that does not tell costs gives it back
    from the day on which it was found.
    """
    if not ours.capabilities().tells_costs:
        yield Loss(wanted.lost, wanted.today)
        return
    month = wanted.today.replace(day=1)
    months = (month, (month - timedelta(days=1)).replace(day=1))
    lines = [line for one in months for line in ours.list_month_lines(one) if _is_refund(line, wanted)]
    missing = wanted.lost
    for line in sorted(lines, key=lambda line: (line.from_date, line.id), reverse=True):
        taken = min(missing, -line.quantity)
        if taken > 0:
            yield Loss(taken, line.from_date)
        missing -= taken


def _is_refund(line: MonthLine, wanted: _Wanted) -> bool:
    return line.subscription_id == wanted.provider_subscription_id and line.quantity < 0


@dataclass(frozen=True)
class _Looked:
    """How it stands, for the step that takes it over."""

    confirmed: Confirmed


def _record_look(session: Session, answer: Confirmed, *, drift_id: UUID) -> _Looked:
    return _Looked(answer)


def _refuse(session: Session, refused: DomainError, *, drift_id: UUID) -> None:
    """The no stays on the drift, for whoever decides next."""
    drift = find_drift(session, drift_id)
    if drift is not None:
        drift.error_code, drift.error_detail = refused.code, cut(refused.detail, 1000)


look_at_drift = Exchange("services.look_at_drift", _intend_look, _call_look, _record_look, _refuse)


# ---- back to what it was


def _intend_revert(session: Session, *, drift_id: UUID, provider_operation_id: UUID) -> _Wanted:
    drift, wanted = _wanted(session, drift_id)
    note_asked(session, provider_operation_id, kind="revert", subject_id=drift_id, customer_id=drift.customer_id,
               reseller_id=drift.reseller_id)  # fmt: skip
    return _Wanted(**vars(wanted) | {"operation_id": provider_operation_id})


def _call_revert(wanted: _Wanted, asked_before: bool) -> Confirmed:
    ours = provider(wanted.provider)
    for number, change in enumerate(opposites(wanted.kind, wanted.found)):
        _make(ours, wanted, change, number, asked_before)
    with after_asking():
        held = ours.get_subscription(wanted.provider_subscription_id)
        if held is None:
            raise UnknownOutcome("the provider no longer knows the subscription it has changed")
        return _confirmed(ours, _Wanted(**vars(wanted) | {"lost": 0}), held)


def opposites(kind: str, found: tuple[Difference, ...]) -> list[dict[str, Any]]:
    """The changes that make of theirs ours again. What was bought there is cancelled."""
    if kind == NEW:
        return [{"kind": "cancel", "mode": "now"}]
    back: dict[str, Any] = {
        "quantity": lambda ours: {"kind": "change_quantity", "quantity": int(ours)},
        "state": lambda ours: {"kind": "suspend" if ours == "suspended" else "resume"},
        "auto_renew": lambda ours: {"kind": "end_of_term", "mode": "renew"} if ours == "yes"
        else {"kind": "cancel", "mode": "end_of_term"},
    }  # fmt: skip
    return [back[one.field](one.ours) for one in found if one.field in back]


def _make(ours: Provider, wanted: _Wanted, change: dict[str, Any], number: int, asked_before: bool) -> None:
    """Make one of the changes, once: under ids of its own, and looked up before it is asked for again."""
    if not ours.capabilities().takes(change):
        raise Refused("The provider has no way to undo this. Open a case.", code="not_supported")
    assert wanted.settlement_id is not None and wanted.operation_id is not None
    reference, operation_id = uuid5(wanted.settlement_id, str(number)), uuid5(wanted.operation_id, str(number))
    body = {"reference": str(reference), **change}
    made = None
    if asked_before:
        with after_asking():
            made = ours.find_change(reference, wanted.provider_subscription_id, body)
    if made is None:
        held = ours.get_subscription(wanted.provider_subscription_id)
        if number == 0:
            _as_decided(ours, wanted, held)
        try:
            made = ours.make_change(operation_id, wanted.provider_subscription_id, body)
        except NotAllowedNow as no:
            raise _not_now(no) from no
    if made.status == "failed":
        raise refusal(made.error.code, made.error.message) if made.error else refusal("failed")
    if made.status != "succeeded":
        raise Pending("provider", retry_after=made.retry_after or 2.0)


def _not_now(no: NotAllowedNow) -> Refused:
    if no.available_at is None:
        return no
    text = Said("The provider does not allow this now. It does from %(day)s.", day=no.available_at.date())
    return Refused(text, code=no.code, available_from=no.available_at)


def _record_revert(session: Session, answer: Confirmed, *, drift_id: UUID, provider_operation_id: UUID) -> _Looked:
    note_answer(session, provider_operation_id, state="done")
    return _Looked(answer)


def _refuse_revert(session: Session, refused: DomainError, *, drift_id: UUID, provider_operation_id: UUID) -> None:
    note_answer(session, provider_operation_id, state="refused", code=refused.code)
    _refuse(session, refused, drift_id=drift_id)


revert_at_provider = Exchange(
    "services.revert_at_provider", _intend_revert, _call_revert, _record_revert, _refuse_revert
)
