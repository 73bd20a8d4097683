"""Refusing a change that may not be made now, with what is possible instead and from when."""

from __future__ import annotations

from datetime import date

from domains.kernel.errors import N_, Conflict, Invalid, Refused, Said

from .actions import action_on, out_of_range
from .standing import Standing

KINDS = ("change_quantity", "cancel", "extend", "suspend", "resume", "change_plan", "schedule_change")


def check_change(
    at: Standing, *, kind: str, quantity: int | None = None, mode: str | None = None, valid_to: date | None = None
) -> None:
    """Refuse a change that the rules do not allow, with what is allowed and from when.

    `kind` is change_quantity (with `quantity`), cancel (with `mode` now or end_of_term), extend (with `valid_to`) or
    one that needs no more: suspend, resume, change_plan and schedule_change (whose plans `queries.plans` checks).
    """
    if kind not in KINDS:
        raise Invalid(f"“{kind}” cannot be done: use one of {', '.join(KINDS)}.", code="action_invalid", field="action")
    blocked = at.blocked(kind)
    if blocked:
        raise (Conflict if blocked[0] == "change_in_progress" else Refused)(
            blocked[1], code=blocked[0], available_from=action_on(at, kind).available_from
        )
    if kind == "change_quantity":
        _check_quantity(at, quantity)
    elif kind == "cancel":
        _check_cancel(at, mode)
    elif kind == "extend":
        _check_extension(at, valid_to)
    else:
        demand(at, kind)


def _check_quantity(at: Standing, quantity: int | None) -> None:
    current, policy = at.subscription.quantity, at.policy
    if quantity is None or quantity == current:
        raise Invalid(
            "Say another quantity: it is %(now)s now.", code="quantity_unchanged", field="quantity", now=current
        )
    most = policy.max_quantity
    if quantity < policy.min_quantity or (most is not None and quantity > most):
        raise out_of_range(policy.min_quantity, most, "quantity")
    if quantity > current and not policy.can_increase:
        reason = policy.reasons.get("increase", Said("The provider allows no more units now."))
        raise Refused(reason, code="increase_not_allowed", field="quantity")
    if current - quantity > at.returnable:
        raise Refused(_not_returnable(at, current), code="seats_not_returnable", field="quantity",
                      available_from=at.renews_at, returnable=at.returnable)  # fmt: skip


def _not_returnable(at: Standing, current: int) -> Said:
    known = {"returnable": at.returnable, "current": current, "least": current - at.returnable}
    if at.renews_at is None:
        return Said("%(returnable)s of %(current)s can go back now, so %(least)s is the least.", **known)
    text = N_(
        "%(returnable)s of %(current)s can go back now, so %(least)s is the least. More can go on %(day)s, at renewal."
    )
    return Said(text, **known, day=at.renews_at.date())


def _check_cancel(at: Standing, mode: str | None) -> None:
    if mode not in ("now", "end_of_term"):
        raise Invalid("Say when it shall end: now or end_of_term.", code="mode_invalid", field="mode")
    demand(at, "cancel" if mode == "now" else "cancel_at_end_of_term", field="mode")


def demand(at: Standing, name: str, field: str | None = None) -> None:
    """Refuse what may not be done now, with the reason and from when it may again."""
    action = action_on(at, name)
    if not action.enabled:
        code, again = action.reason_code, action.available_from
        raise Refused(action.reason or "That cannot be done now.", code=code, field=field, available_from=again)


def _check_extension(at: Standing, valid_to: date | None) -> None:
    demand(at, "extend", field="valid_to")
    if valid_to is None:
        raise Invalid("Say the new last day.", code="valid_to_missing", field="valid_to")
    if valid_to <= at.subscription.valid_to:
        late = Said("It runs to %(day)s already: choose a later day.", day=at.subscription.valid_to)
        raise Invalid(late, code="valid_to_not_later", field="valid_to")
    days = at.end_dates
    if not may_end_on(at, valid_to):
        raise Refused("That day is not offered. Possible are %(days)s.", code="end_date_not_allowed", field="valid_to",
                      days=tuple(days[:4]), allowed_end_dates=days)  # fmt: skip


def may_end_on(at: Standing, day: date) -> bool:
    """Whether the provider allows a later day as the last one: one of its list, or any where it takes any."""
    free = at.policy.extend_mode == "free_date" and not at.policy.allowed_end_dates
    return day in at.end_dates or (free and at.subscription.valid_to < day <= at.latest_end)
