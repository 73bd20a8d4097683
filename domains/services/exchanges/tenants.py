"""What a sandbox tenant sets at the sandbox provider: its clock, whose passing is then looked at, and its faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.messages import Exchange

from ..models import AccountRef, Subscription
from ..models.looks import SubscriptionLook
from ..providers import provider
from ..providers.desk import desk_of
from .looks import look_at_subscription

LOOKS_AT_ONCE = 500  # what has run longer is looked at by the clock, as for everybody


@dataclass(frozen=True)
class Looks:
    """How a sandbox's subscriptions stand at its new time."""

    looks: tuple[SubscriptionLook, ...]


@dataclass(frozen=True)
class _Passing:
    ahead: int
    accounts: list[UUID]
    asked: dict[UUID, Any]  # what a look at each subscription needs


def _accounts(session: Session, customer_id: UUID) -> list[UUID]:
    return list(session.scalars(select(AccountRef.id).where(AccountRef.customer_id == customer_id)))


def _intend(session: Session, *, customer_id: UUID, ahead: int) -> _Passing:
    running = select(Subscription.id).where(
        Subscription.customer_id == customer_id, Subscription.provider_subscription_id.is_not(None)
    )
    running = running.where(Subscription.state.in_(("active", "suspended", "pending_cancellation")))
    ids = session.scalars(running.order_by(Subscription.valid_to).limit(LOOKS_AT_ONCE))
    with clock.ahead_by(ahead):
        asked = {id: look_at_subscription.intend(session, subscription_id=id) for id in ids}
    return _Passing(ahead, _accounts(session, customer_id), asked)


def _call(wanted: _Passing, asked_before: bool) -> tuple[SubscriptionLook, ...]:
    desk = desk_of(provider())
    for account_id in wanted.accounts:
        desk.set_clock(account_id, wanted.ahead)
    return tuple(SubscriptionLook(id, look_at_subscription.call(asked, True)) for id, asked in wanted.asked.items())


def _record(session: Session, answer: tuple[SubscriptionLook, ...]) -> Looks:
    return Looks(answer)


pass_time = Exchange("services.pass_time", _intend, _call, _record)


@dataclass(frozen=True)
class _Faults:
    accounts: list[UUID]
    faults: list[dict[str, Any]]


def _intend_faults(session: Session, *, customer_id: UUID, faults: list[dict[str, Any]]) -> _Faults:
    return _Faults(_accounts(session, customer_id), faults)


def _call_faults(wanted: _Faults, asked_before: bool) -> None:
    desk = desk_of(provider())
    for account_id in wanted.accounts:
        desk.set_faults(account_id, wanted.faults)


def _record_faults(session: Session, answer: None) -> None:
    return None


set_faults = Exchange("services.set_faults", _intend_faults, _call_faults, _record_faults)
