"""What may be done with a subscription now, until when, and if not, why: the same rules for buttons and for commands.

Everything is decided from what the provider said last; nobody is asked while a page is drawn.
"""

from __future__ import annotations

from collections.abc import Callable

from domains.kernel.errors import Invalid, Said

from ..lots import returnable_until
from ..pricing import FOREVER
from .standing import LOCKED, Action, Standing


def allowed_actions(at: Standing) -> tuple[Action, ...]:
    """What may be done now, in the order in which it is shown; what may not says why, and when it may again."""
    return tuple(action_on(at, name) for name in RULES)


def action_on(at: Standing, name: str) -> Action:
    """Whether one thing may be done now."""
    blocked = at.blocked(name)
    if blocked is None:
        return RULES[name](at)
    return Action(name, False, *blocked, at.renews_at if blocked[0] == "locked_before_renewal" else None)


def _can_grow(at: Standing) -> bool:
    most = at.policy.max_quantity
    return at.policy.can_increase and (most is None or at.subscription.quantity < most)


def _change(at: Standing) -> Action:
    if _can_grow(at) or at.returnable:
        return Action("change_quantity", True)
    reason = at.policy.reasons.get("increase", Said("The provider allows neither more nor fewer units now."))
    return Action("change_quantity", False, "quantity_fixed", reason, at.renews_at)


def _return(at: Standing) -> Action:
    if at.returnable:
        return Action("return_seats", True, available_until=returnable_until(at.lots, at.now))
    reason = at.policy.reasons.get("decrease", Said("The time in which this could go back has passed."))
    return Action("return_seats", False, "return_window_closed", reason, at.renews_at)


def _cancel(at: Standing) -> Action:
    until = at.policy.cancelable_until
    if at.addons and at.policy.addons.get("cancel") == "block":
        return Action(
            "cancel", False, "addons_running", Said("Something that adds to it still runs: cancel that first.")
        )
    if until is not None and at.now < until:
        return Action("cancel", True, available_until=until)
    if until is not None:
        reason: str = Said("The window to cancel closed on %(day)s.", day=until.date())
    else:
        reason = at.policy.reasons.get("cancel", Said("It cannot be cancelled during its term."))
    return Action("cancel", False, "cancel_window_closed", reason, at.renews_at)


def _cancel_at_end(at: Standing) -> Action:
    name = "cancel_at_end_of_term"
    if at.subscription.valid_to == FOREVER:
        return Action(name, False, "not_allowed", Said("It was bought once and does not end."))
    bridged = at.policy.end_of_term is not None and at.policy.end_of_term.set_to == "bridge"
    if not at.subscription.auto_renew and not bridged:
        return Action(name, False, "ends_already", Said("It ends on %(day)s as it is.", day=at.subscription.valid_to))
    if not at.policy.cancel_at_end_allowed:
        return Action(name, False, "not_allowed", Said("The provider does not let this end by itself."))
    if at.policy.end_lock is not None and at.now >= at.policy.end_lock:
        return Action(name, False, "locked_before_renewal", LOCKED, at.renews_at)
    return Action(name, True, available_until=at.policy.end_lock)


def _extend(at: Standing) -> Action:
    if at.end_dates:
        return Action("extend", True, available_until=at.policy.locked_from)
    ways = at.policy.end_of_term.modes if at.policy.end_of_term is not None else ()
    at_the_end = at.policy.extend_mode == "next_term" and {"renew", "bridge"} & set(ways)
    only = Said("Its last day cannot be moved now. It can run longer from the end of its term on.")
    none = Said("The provider offers no later end date for this.")
    reason = at.policy.reasons.get("extend", only if at_the_end else none)
    return Action("extend", False, "extension_not_offered", reason, at.renews_at)


def _suspend(at: Standing) -> Action:
    if at.policy.can_suspend:
        return Action("suspend", True, available_until=at.policy.locked_from)
    reason = at.policy.reasons.get("suspend", Said("The provider does not let this be suspended."))
    return Action("suspend", False, "not_offered", reason)


def _resume(at: Standing) -> Action:
    if at.subscription.state != "suspended":
        return Action("resume", False, "not_suspended", Said("It is not suspended."))
    if at.policy.can_resume:
        return Action("resume", True, available_until=at.policy.locked_from)
    reason = at.policy.reasons.get("resume", Said("The provider does not let this be resumed. Open a case."))
    return Action("resume", False, "not_offered", reason)


def _change_plan(at: Standing) -> Action:
    if at.policy.transitions:
        return Action("change_plan", True, available_until=at.policy.locked_from)
    reason = at.policy.reasons.get(
        "change_plan", Said("The provider offers no other plan to change to during the term.")
    )
    return Action("change_plan", False, "not_offered", reason, at.renews_at if at.policy.renewal_offers else None)


def _schedule(at: Standing) -> Action:
    name = "schedule_change"
    if at.policy.can_schedule and at.subscription.auto_renew and at.subscription.valid_to != FOREVER:
        return Action(name, True, available_until=at.policy.locked_from)
    if not at.subscription.auto_renew and at.subscription.valid_to != FOREVER:
        return Action(name, False, "needs_auto_renew", Said("It does not renew, so there is no next term to plan for."))
    reason = at.policy.reasons.get("schedule", Said("The provider lets nothing be planned for its next term."))
    return Action(name, False, "not_offered", reason)


RULES: dict[str, Callable[[Standing], Action]] = {
    "change_quantity": _change, "return_seats": _return, "cancel": _cancel, "cancel_at_end_of_term": _cancel_at_end,
    "extend": _extend, "suspend": _suspend, "resume": _resume, "change_plan": _change_plan,
    "schedule_change": _schedule,
}  # fmt: skip


def out_of_range(least: int, most: int | None, field: str) -> Invalid:
    """The error about a quantity outside what is sold; `most` is None where there is no upper end."""
    code = "quantity_out_of_range"
    if most is None:
        return Invalid("Choose a quantity of %(least)s or more.", code=code, field=field, least=least)
    return Invalid("Choose a quantity of %(least)s to %(most)s.", code=code, field=field, least=least, most=most)
