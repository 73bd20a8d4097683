"""A run as a person reads it: what we are doing, what we wait for, how it ended, what it cost.

Technical details of a failure are for staff; here stand only words that help the customer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from domains.kernel import clock
from saga.tables import Run
from saga.timeline import TimelineStep, operation_status, percent, timeline, waiting_for

from . import formats
from .outcomes import outcome_of

KINDS = {
    "place-order": _l("Order"), "change-quantity": _l("Change of quantity"), "extend-subscription": _l("Extension"),
    "suspend-subscription": _l("Suspension"), "resume-subscription": _l("Resumption"),
    "change-plan": _l("Change of plan"), "schedule-change": _l("Plan for the next term"),
    "cancel-subscription": _l("Cancellation"), "open-account": _l("New account"),
    "close-account": _l("Closing of an account"),
    "set-end-of-term": _l("Decision about the end of a term"), "give-decision": _l("Change of who decides"),
    "renew-subscription": _l("Renewal"), "remind-of-decision": _l("Reminder of a decision"),
    "tell-of-drift": _l("What waits in the drift inbox"),
    "onboard-customer": _l("New customer"), "refresh-subscription": _l("Look at the provider"),
    "reconcile-account": _l("Comparison with the provider"), "adopt-drift": _l("Adoption"),
    "revert-drift": _l("Undoing at the provider"), "open-drift-case": _l("Case about a difference"),
    "ignore-drift": _l("Difference left as it is"), "apply-bulk-plan": _l("Bulk change"),
    "sync-catalogue": _l("Catalogue"), "issue-invoices": _l("Invoice of a month"),
    "check-month": _l("Look through a month"), "export-person": _l("A person's data, put together"),
    "erase-person": _l("A person, erased"),
}  # fmt: skip
WAITS = {  # what a run waits for besides the provider
    "rows": _l("The changes are being made, one by one."),
    "approval": _l("Somebody has to approve this. Until then nothing is ordered, and you can call it off."),
    "start_date": _l("It waits for its day. Until then nothing is ordered, and you can call it off."),
}
NAMELESS = ("export-person", "erase-person")  # their label is an id
PLACES = {
    "order": "/orders/", "subscription": "/subscriptions/", "account": "/accounts/", "customer": "/customers/",
    "drift": "/drift/", "bulk_plan": "/bulk-plans/",
}  # fmt: skip
SOON, LATER, RARELY = (15, 1), (60, 3), 15  # (up to this age in seconds, ask again after so many); later on, rarely


def told(session: Session, run: Run) -> dict[str, Any]:
    """A run as its page shows it."""
    steps = timeline(session, run)
    return {
        "id": run.id, "customer_id": run.customer_id, "definition": run.definition,
        "kind": KINDS.get(run.definition, run.definition),
        "label": (run.definition not in NAMELESS and run.label) or KINDS.get(run.definition, run.definition),
        "status": operation_status(run),
        "waiting_for": waiting_for(run), "steps": [worded(step, run) for step in steps],
        "done": sum(step.status in ("done", "undone") for step in steps), "total": len(steps),
        "percent": percent(steps), "is_final": run.is_final, "is_undoing": run.phase == "C",
        "is_held": bool(run.paused), "said": sentence(run),
        "outcome": outcome_of(run, steps) if run.is_final else None, "payload": run.payload,
        "by": run.actor.get("name", ""), "created_at": run.created_at, "ended_at": run.ended_at,
        "resource": (run.resource_kind, run.resource_id), "url": url_of(run, steps), "case": case_link(run),
        "again_in": pause(clock.now(session), run.created_at),
    }  # fmt: skip


def url_of(run: Run, steps: list[TimelineStep]) -> str | None:
    """Where the thing is that a run makes or changes, once it is there."""
    exists = steps[0].status in ("done", "undone")
    known = PLACES.get(run.resource_kind)
    return f"{known}{run.resource_id}" if known and exists else None


def case_link(run: Run) -> str:
    """Where to open a case that carries this run and what it is about."""
    known = ("order", "subscription", "account", "customer")
    about = f"&{run.resource_kind}={run.resource_id}" if run.resource_kind in known else ""
    return f"/cases/new?operation={run.id}{about}"


def pause(now: datetime, since: datetime) -> int:
    """After how many seconds a page asks again: soon at first, rarely later."""
    age = (now - since).total_seconds()
    return next((after for until, after in (SOON, LATER) if age < until), RARELY)


def sentence(run: Run) -> str:
    """The one plain sentence at the top of the page."""
    status = operation_status(run)
    if run.status == "needs_attention":
        return _("No clear answer has come yet, and somebody of ours is looking at it. You need not do anything.")
    if status == "succeeded":
        return _("This is done.")
    if status == "canceled":
        return _("This was cancelled. You are where you were before.")
    if run.is_final:
        return _("This came to nothing. You are where you were before.")
    if run.paused:
        return _("We have stopped this for the moment and will go on with it ourselves. You need not do anything.")
    if run.phase == "C" and (run.error or {}).get("code") == "canceled":
        return _("You have cancelled this. We are taking back what was done.")
    if run.phase == "C":
        return _("It did not work out. We are taking back what was done.")
    if run.waiting_for in WAITS:
        return str(WAITS[run.waiting_for])
    if run.waiting_for == "provider":
        return _("The provider is at work. You can leave this page, we will e-mail you.")
    return _("We are working on it. You can leave this page, we will e-mail you.")


def worded(step: TimelineStep, run: Run) -> dict[str, Any]:
    """A step with what its state means in words. Tries are counted only where they mean trouble or patience."""
    status = "never_reached" if step.status == "not_reached" else step.status
    if run.paused and not run.is_final and status in ("working", "waiting", "undoing"):
        status = "held"
    attempts = step.attempts if status in ("working", "waiting", "failed") else 0
    return {**vars(step), "status": status, "message": message(step, run), "attempts": attempts}


def message(step: TimelineStep, run: Run) -> str:
    """One plain sentence about a step, or nothing."""
    if step.status == "refused" and step.error:
        return formats.translated(step.error)
    if step.status == "waiting" and run.waiting_for in WAITS:
        return str(WAITS[run.waiting_for])
    if step.status == "waiting" and not run.paused:
        again = formats.seconds_of_day(step.next_at) if step.next_at else ""
        return _("The provider is setting it up. We ask again at %(time)s.", time=again)
    if step.status == "failed":
        return _("No clear answer came in time.")
    if step.status == "working" and step.error and step.error.get("locked"):
        return _("Another change to the same thing is under way; this one waits for it.")
    if step.status in ("working", "undoing") and step.attempts > 1:
        return trying_again(step, run)
    return particular(step, run)


def trying_again(step: TimelineStep, run: Run) -> str:
    """That something did not get through, and when it is tried next."""
    if step.next_at is None or run.paused:
        return _("This did not get through at once; we are trying again.")
    again = formats.seconds_of_day(step.next_at)
    return _("This did not get through at once; we try again at %(time)s.", time=again)


def particular(step: TimelineStep, run: Run) -> str:
    """What there is to say about some of our steps, besides their state."""
    held, person = run.payload.get("reserve"), run.payload.get("recipient") or {}
    if step.name == "accounts.reserve_spend" and held:
        amount = formats.money(held)
        return {
            "done": _("%(amount)s reserved, not charged.", amount=amount),
            "undone": _("%(amount)s released again.", amount=amount),
        }.get(step.status, "")
    if step.name == "billing.charge_order" and step.status == "not_started":
        return _("Only now is anything charged.")
    if step.name == "notifications.notify" and step.status == "not_started" and person.get("email"):
        return _("By e-mail to %(address)s.", address=person["email"])
    return ""
