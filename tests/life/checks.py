"""What must be so: our books, the provider's, and what the rules say, side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from domains import accounts, services
from domains.accounts.models import Commitment
from domains.services.models import Decision, SeatLot, Subscription

from .life import Life
from .rules import LEGAL, Lot
from .town import Account, Sub

CLOSE = timedelta(hours=1)  # a lot's moment is the provider's, which is a little ahead of ours
FOREVER = date(9999, 12, 31)


def all_of(life: Life, account: Account, subs: list[Sub]) -> None:
    """Hold all of an account's subscriptions against what the rules say."""
    there = {one["id"]: one for one in life.town.desk.all_of("subscriptions", customer=str(account.id))}
    strangers = set(there) - set(life.subs)
    assert not strangers, f"the provider holds what nobody has bought: {strangers}"
    known = [sub for sub in subs if sub.ours]
    rows, lots, decisions, bound = _ours(known)
    for sub in subs:
        _there(life, sub, there[sub.there])
    for sub in known:
        _state(life, sub, rows[sub.id])
        if not sub.drifted:
            _here(life, sub, rows[sub.id], lots[sub.id])
            _budget(life, sub, rows[sub.id], bound.get(sub.id))
            _terms(life, sub, decisions[sub.id])
    life.counts.checks["subscriptions"] += len(subs)


def _ours(subs: list[Sub]) -> tuple[dict[UUID, Any], dict[UUID, list[Any]], dict[UUID, list[Any]], dict[UUID, Any]]:
    ids = [sub.id for sub in subs]
    with services.db.begin_read() as session:
        rows = {row.id: row for row in session.scalars(select(Subscription).where(Subscription.id.in_(ids)))}
        lots, decisions = defaultdict(list), defaultdict(list)
        for lot in session.scalars(select(SeatLot).where(SeatLot.subscription_id.in_(ids))):
            lots[lot.subscription_id].append(lot)
        kept = select(Decision).where(Decision.subscription_id.in_(ids)).order_by(Decision.term_first)
        for one in session.scalars(kept):
            decisions[one.subscription_id].append(one)
    with accounts.db.begin_read() as session:
        found = session.scalars(select(Commitment).where(Commitment.subscription_id.in_(ids)))
        bound = {one.subscription_id: one for one in found}
    return rows, lots, decisions, bound


def _there(life: Life, sub: Sub, said: dict[str, Any]) -> None:
    held = sub.held
    theirs = (
        said["status"],
        said["quantity"],
        said["valid_to"],
        said["term"],
        said["billing_cycle"],
        said["auto_renew"],
    )
    expected = (held.status, held.quantity, str(held.last) if held.last else None, held.term, held.cycle)
    _same(life, sub, "the provider holds it", theirs, (*expected, held.end == "renew" and held.status != "canceled"))
    lots = [
        Lot(one["quantity"], _instant(one["added_at"]), one["returnable_until"] and _instant(one["returnable_until"]))
        for one in said["lots"]
    ]
    _lots(life, sub, "the provider's", lots)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _same(life: Life, sub: Sub, what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise life.broken(sub, f"{what} as {found} and not as {expected}")


def _lots(life: Life, sub: Sub, whose: str, lots: Iterable[Any]) -> None:
    """Lots, each of so many seats, since when and until when exactly they may go back."""

    found, expected = sorted(lots, key=lambda one: one.added_at), sub.held.lots
    hours = sub.held.offer.return_hours
    for one, other in zip(found, expected, strict=False):
        window = (one.until - one.added_at) if one.until is not None else None
        right = one.quantity == other.quantity and abs(one.added_at - other.added_at) < CLOSE
        if not right or window != (timedelta(hours=hours) if hours else None):
            raise life.broken(sub, f"{whose} lot is {_said(one)} and not {_said(other)}")
    _same(life, sub, f"{whose} lots are so many", len(found), len(expected))


def _said(lot: Any) -> str:
    return f"{lot.quantity} of {lot.added_at} until {lot.until}"


def _state(life: Life, sub: Sub, row: Any) -> None:
    if row.state != sub.state and not _leads(sub.state, row.state):
        raise life.broken(sub, f"it went from {sub.state} to {row.state}")
    sub.state = row.state


def _leads(before: str, after: str) -> bool:
    """Whether a state can be reached from another within some days."""
    reached = LEGAL.get(before, set())
    return after in reached or any(after in LEGAL.get(one, set()) for one in reached)


def _here(life: Life, sub: Sub, row: Any, lots: list[Any]) -> None:
    held = sub.held
    found = (row.state, row.quantity, row.valid_to, row.open_change_id)
    _same(life, sub, "we hold it", found, (held.status, held.quantity, held.last or FOREVER, None))
    if held.is_running:
        _same(life, sub, "we hold the end", row.auto_renew, held.end == "renew")
        _same(life, sub, "we hold the plan", (row.term, row.billing_cycle), (held.term, held.cycle))
        _lots(life, sub, "our", [Lot(one.quantity, one.added_at, one.returnable_until) for one in lots])
    if held.is_running and held.last is not None:
        _same(life, sub, "the window to cancel is", row.allowed.cancelable_until is not None
              and row.allowed.cancelable_until > life.now, held.may_cancel(life.now))  # fmt: skip


def _budget(life: Life, sub: Sub, row: Any, bound: Any) -> None:
    """The account's commitment of it is what it costs: all its units at its price, to its last day."""
    if bound is None:
        raise life.broken(sub, "no budget counts it")
    cost = row.unit_price.times(sub.held.quantity).minor
    found = (bound.cycle_minor, bound.billing_cycle, bound.valid_to, bound.is_live)
    _same(life, sub, "the budget counts it", found, (cost, row.billing_cycle, row.valid_to, sub.held.is_running))


def _terms(life: Life, sub: Sub, decisions: list[Any]) -> None:
    """Each term that is over was followed up, once, with what has come of it."""
    over = [(one.term_end + timedelta(days=1), one.outcome) for one in decisions if one.settled_at is not None]
    unfinished = [one for one in decisions if one.settled_at is not None and one.finished_at is None]
    went_on = [(first, how) for first, how in over if how in ("renewed", "bridged")]
    _same(life, sub, "its terms went on", went_on, sub.held.terms)
    if unfinished and unfinished[0].outcome != "withdrawn":
        raise life.broken(sub, f"what follows from {unfinished[0].outcome} was not done")
    if sub.held.status == "expired" and [how for _, how in over if how == "ended"] != ["ended"]:
        raise life.broken(sub, f"it has ended, and its decisions say {over}")


def moment_of(day: date) -> datetime:
    """The beginning of a day at the provider."""
    return datetime.combine(day, time(), UTC)
