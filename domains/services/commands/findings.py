"""What a comparison with the provider has found: kept as drift, once for each subscription, until a person settles it.

What the calendar brings about, and what we asked for ourselves, is no drift (ADR 46).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.errors import Invalid

from ..models import AccountRef, ChangeOutcome, Difference, Drift, Reconciliation, Seen, Subscription
from ..models.differences import ENDED, NEW, differences, digest_of, introduced, kind_of
from ..models.drift import RULES
from ..pricing import term_day
from .accounts import lock_account
from .subscriptions import find_locked, take_over, tell

ON_ITS_WAY = ("pending", "failed")  # of ours: what is over there under our own reference is an order's business


@dataclass(frozen=True)
class Compared:
    """How many subscriptions an account has at its providers, and of how many somebody must decide something."""

    compared: int
    standing: int


def keep_findings(
    session: Session, *, account_id: UUID, listed: Mapping[str, Sequence[Seen]], asked: Mapping[UUID, int]
) -> Compared:
    """Hold what each provider (by key) lists of an account against what we know of it, and keep what differs.

    `asked` are our subscriptions with their versions as they were before we asked: of one that has changed meanwhile,
    or that a change of ours holds, nothing can be said. The same difference is kept once; one that is gone is closed.
    """
    account = lock_account(session, account_id)
    if account is None:
        return Compared(0, 0)
    query = select(Subscription).where(Subscription.account_id == account_id)
    rows = list(session.scalars(locked(query.order_by(Subscription.id), Subscription.__table__)))
    for provider, seen in listed.items():
        _Sorting(session, account, provider, rows, asked).sort(seen)
    compared, standing = sum(map(len, listed.values())), len(_standing(session, account_id))
    found = reconciliation_of(session, account)
    found.at, found.compared, found.standing = clock.now(session), compared, standing
    return Compared(compared, standing)


class _Sorting:
    """One account's subscriptions at one provider, held against ours."""

    def __init__(
        self, session: Session, account: AccountRef, provider: str, rows: list[Subscription], asked: Mapping[UUID, int]
    ) -> None:
        self.session, self.account, self.provider, self.asked = session, account, provider, asked
        self.rows = {row.provider_subscription_id: row for row in rows if row.provider == provider}
        self.on_their_way = {str(row.id) for row in rows if row.state in ON_ITS_WAY}
        self.known = {
            one.provider_subscription_id: one for one in _standing(session, account.id) if one.provider == provider
        }
        self.today = term_day(clock.business_now(session))

    def sort(self, seen: Sequence[Seen]) -> None:
        """Keep what differs, and close what does not (any more)."""
        there = {one.provider_subscription_id: one for one in seen}
        for key, one in there.items():
            row = self.rows.get(key)
            if row is not None and self._is_settled(row, one):
                self._keep(key, row, one, differences(row, one, self.today))
            elif row is None and one.reference not in self.on_their_way:
                self._keep(key, None, one, () if one.state in ENDED else introduced(one))
        for known, held in self.rows.items():
            if known is not None and known not in there and self._is_settled(held, None):
                self._keep(known, held, None, differences(held, None, self.today))
        for key, drift in self.known.items():
            if key not in there and key not in self.rows:
                close(self.session, drift)

    def _is_settled(self, row: Subscription, one: Seen | None) -> bool:
        """Whether nothing of ours has moved it since we asked; what is older than what we know tells nothing."""
        known = self.asked.get(row.id) == row.version and row.open_change_id is None and row.state not in ON_ITS_WAY
        return known and (one is None or one.provider_version >= row.provider_version)

    def _keep(self, key: str, row: Subscription | None, one: Seen | None, found: tuple[Difference, ...]) -> None:
        name = row.name if row is not None else (one.name if one is not None else None) or key
        about: dict[str, Any] = {"provider": self.provider, "provider_subscription_id": key, "name": name[:200]}
        about |= {"subscription_id": row.id if row is not None else new_id(), "number": row.number if row else None}
        kind = kind_of(found) if row is not None else NEW
        keep(self.session, self.account, self.known.get(key), about, kind, one, found)


def keep(
    session: Session, account: AccountRef, known: Drift | None, about: dict[str, Any], kind: str, seen: Seen | None,
    found: tuple[Difference, ...],
) -> None:  # fmt: skip
    """Keep differences of one subscription in the row that stands for it, or close that row when there are none.

    What was ignored or put into a case stays so as long as it is the same; what is being settled is left alone.
    """
    if known is not None and known.state == "settling":
        return
    if not found:
        if known is not None:
            close(session, known)
        return
    now, facts = clock.now(session), msgspec.to_builtins(seen)
    told = {"kind": kind, "differences": msgspec.to_builtins(found), "digest": digest_of(kind, found)}
    if known is not None and known.digest == told["digest"]:
        known.seen_at, known.seen = now, facts
        return
    row = known or Drift(
        id=new_id(), customer_id=account.customer_id, reseller_id=account.reseller_id, account_id=account.id,
        account_name=account.name, version=0, **about,
    )  # fmt: skip
    _fill(row, now, seen=facts, **told)
    session.add(row)
    _audit(session, "services.find_drift", row)


def _fill(row: Drift, now: datetime, **told: Any) -> None:
    for name, value in told.items():
        setattr(row, name, value)
    row.state, row.found_at, row.seen_at, row.ended_at = "open", now, now, None
    row.error_code = row.error_detail = row.decision = row.reason = None
    row.version += 1


def close(session: Session, drift: Drift) -> None:
    """Note that a difference is not there any more, without anybody having settled it."""
    if drift.state == "settling":
        return
    drift.state = "vanished" if drift.state == "open" else drift.state
    drift.ended_at = clock.now(session)
    drift.version += 1
    _audit(session, "services.close_drift", drift)


def _standing(session: Session, account_id: UUID) -> list[Drift]:
    query = select(Drift).where(Drift.account_id == account_id, Drift.ended_at.is_(None))
    return list(session.scalars(query.order_by(Drift.id)))


def _audit(session: Session, action: str, drift: Drift) -> None:
    subject = ("drift", drift.id)
    after = {"kind": drift.kind, "name": drift.name, "differences": drift.differences, "state": drift.state}
    audit.record(session, action, customer_id=drift.customer_id, subject=subject, after=after)


def reconciliation_of(session: Session, account: AccountRef) -> Reconciliation:
    """The row of an account's comparisons, locked; made when there is none."""
    row = {
        "account_id": account.id, "customer_id": account.customer_id, "reseller_id": account.reseller_id,
        "rule": "nothing", "at": None, "compared": 0, "standing": 0, "version": 1,
    }  # fmt: skip
    insert_new(session, Reconciliation.__table__, row, "account_id")
    query = select(Reconciliation).where(Reconciliation.account_id == account.id)
    found: Reconciliation = session.scalars(locked(query, Reconciliation.__table__)).one()
    return found


def set_rule(session: Session, *, account: AccountRef, rule: str) -> Reconciliation:
    """Say what an account adopts without asking: nothing, increases of a quantity, or all that can be adopted.

    Refuses another word. The same rule again changes nothing.
    """
    if rule not in RULES:
        raise Invalid("adopt is one of %(rules)s.", code="rule_invalid", field="adopt", rules=RULES)
    found = reconciliation_of(session, account)
    if found.rule != rule:
        before, found.rule = found.rule, rule
        found.version += 1
        subject, told = ("account", account.id), {"before": {"adopt": before}, "after": {"adopt": rule}}
        audit.record(session, "services.set_drift_rule", customer_id=account.customer_id, subject=subject, **told)
    return found


def apply_look(session: Session, *, subscription_id: UUID, look: ChangeOutcome | None) -> None:
    """Take over what a look has shown of a subscription, or keep as drift what somebody must decide on.

    None: the provider does not know it. While a change of ours is under way, and for one that was never delivered,
    nothing is taken over: the change's own answer comes. Neither is a look older than what we know. If absent, fine.
    """
    row = find_locked(session, subscription_id)
    if row is None or row.open_change_id is not None or row.provider_subscription_id is None:
        return
    if look is not None and look.provider_version < row.provider_version:
        return
    note_look(session, row, look)


def note_look(session: Session, row: Subscription, look: ChangeOutcome | None) -> None:
    """The same for a subscription in hand, whoever holds it."""
    seen = Seen.of(row, look) if look is not None else None
    found = differences(row, seen, term_day(clock.business_now(session)))
    account = session.get(AccountRef, row.account_id)  # not locked: whoever locks it locks subscriptions afterwards
    known = next((one for one in _standing(session, row.account_id) if one.subscription_id == row.id), None)
    if account is not None and (known is None or known.found != _further(known, found)):
        about: dict[str, Any] = {
            "provider": row.provider,
            "provider_subscription_id": row.provider_subscription_id,
            "name": row.name,
        }
        about |= {"subscription_id": row.id, "number": row.number}
        keep(session, account, known, about, kind_of(found), seen, found)
    if look is not None and not found:
        take_over(session, row, look, source=None)
    elif look is not None:
        row.take_over(policy=msgspec.json.decode(msgspec.json.encode(look.policy)))
        row.provider_version = look.provider_version
        tell(session, row)
    row.looked_at = clock.now(session)


def _further(known: Drift, found: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """What was found, with what only a list shows and was found there: a look does not ask for the plan."""
    asked = [one for one in known.found if one.field in ("offer", "term", "billing_cycle")]
    return (*found, *asked)
