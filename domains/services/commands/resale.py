"""A reseller says what its end-customers pay: a percentage over its own price, and rules for what differs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import insert_new
from domains.kernel.errors import N_, Conflict, Invalid

from ..models import ResaleBook
from ..pricing import ROUNDINGS, Rule
from ..pricing.rules import MOST_PERCENT, as_data

MOST_RULES = 500


def set_resale_prices(
    session: Session,
    *,
    reseller_id: UUID,
    customer_id: UUID,
    markup_percent: Decimal | None = None,
    rules: Sequence[Rule] = (),
    rounding: str = "minor",
    expected_version: int | None = None,
) -> int:
    """Say what a reseller's end-customers pay: one, or (by the reseller's own id) all. Gives the version.

    What was ordered keeps its price. The percentage is on the reseller's own price and holds for what no rule is for.
    One for all end-customers is needed, so that nobody is shown what the reseller pays; a single customer's may be
    left out. Refuses rules that could not be applied, and another version than the one expected (0: none yet).
    """
    needed = customer_id == reseller_id or not _version(session, reseller_id, reseller_id)
    _check(needed, markup_percent, rules, rounding)
    now = _version(session, reseller_id, customer_id)
    if expected_version not in (None, now):
        raise Conflict(N_("These prices have been changed since you looked at them."), code="version_conflict")
    row: dict[str, Any] = {
        "id": uuid5(customer_id, f"{reseller_id} {now + 1}"), "owner_id": reseller_id, "holder_id": customer_id,
        "version": now + 1, "since": clock.now(session), "rounding": rounding, "markup_percent": markup_percent,
        "rules": [as_data(rule) for rule in rules],
    }  # fmt: skip
    if not insert_new(session, ResaleBook.__table__, row, "id"):
        raise Conflict(N_("These prices have been changed since you looked at them."), code="version_conflict")
    private = {"markup_percent": markup_percent, "rules": row["rules"], "rounding": rounding}
    about: dict[str, Any] = {"customer_id": reseller_id, "subject": ("resale_prices", customer_id)}
    audit.record(session, "services.set_resale_prices", **about, after={"version": now + 1}, private=private)
    return now + 1


def _version(session: Session, owner_id: UUID, holder_id: UUID) -> int:
    query = select(func.max(ResaleBook.version)).where(
        ResaleBook.owner_id == owner_id, ResaleBook.holder_id == holder_id
    )
    return session.scalar(query) or 0


def _check(needed: bool, markup_percent: Decimal | None, rules: Sequence[Rule], rounding: str) -> None:
    if markup_percent is None and needed:
        text = N_("Give the percentage on your own price for everything; 0 passes it on as it is.")
        raise Invalid(text, code="markup_missing", field="markup_percent")
    if markup_percent is not None and not -100 < markup_percent <= MOST_PERCENT:
        text = N_("A markup is above −100 %, and none is that high.")
        raise Invalid(text, code="markup_invalid", field="markup_percent")
    if rounding not in ROUNDINGS:
        text = N_("“%(said)s” is no rounding: use minor, up_5, up_1 or 99.")
        raise Invalid(text, code="rounding_invalid", field="rounding", said=rounding)
    if len(rules) > MOST_RULES:
        text = N_("These prices have at most %(most)s rules.")
        raise Invalid(text, code="too_many_rules", field="rules", most=MOST_RULES)
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: Rule) -> None:
    rule.check()
    if rule.discount_percent is not None:
        text = N_("A reseller’s rule is a percentage on its own price, or a fixed price: none goes by the list price.")
        raise Invalid(text, code="rule_invalid", field="rules")
    free = rule.unit_price is not None and not rule.unit_price.amount
    if free or rule.markup_percent == -100:
        text = N_("Nothing is sold for nothing: give a price above zero.")
        raise Invalid(text, code="rule_invalid", field="rules")
