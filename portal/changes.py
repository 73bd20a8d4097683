"""Changing a subscription: its quantity, its end, its plan, a pause; each checked and signed before it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, g, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import Conflict, Invalid, Refused
from domains.services import commands, db, queries
from domains.services.queries import ChangePreview, SubscriptionView
from saga.definition import Saga
from saga.flows.cancel_subscription import cancel_subscription
from saga.flows.change_plan import change_plan
from saga.flows.change_quantity import change_quantity
from saga.flows.extend_subscription import extend_subscription
from saga.flows.resume_subscription import resume_subscription
from saga.flows.schedule_change import schedule_change
from saga.flows.suspend_subscription import suspend_subscription
from saga.payloads.change import changing

from . import planning
from .access import requires
from .forms import Errors, chosen, chosen_day, refusals_on, whole
from .htmx import page
from .starting import Start, promised, starts

bp = Blueprint("changes", __name__, url_prefix="/subscriptions")
ACT = "/<uuid:subscription_id>/<any(quantity, extend, cancel, suspend, resume, plan, schedule):act>"
MODES = ("now", "end_of_term")
FIELDS = ("quantity", "valid_to", "mode", "plan")


@dataclass(frozen=True)
class Act:
    """One of the changes: what the domain and the API call it, and the flow that makes it."""

    action: str
    flow: Saga
    api: str
    form: str
    verb: str = "POST"


ACTS = {
    "quantity": Act("change_quantity", change_quantity, "change-quantity", "subscriptions/quantity.html"),
    "extend": Act("extend", extend_subscription, "extend", "subscriptions/extend.html"),
    "cancel": Act("cancel", cancel_subscription, "cancel", "subscriptions/cancel.html"),
    "suspend": Act("suspend", suspend_subscription, "suspend", "subscriptions/pause.html"),
    "resume": Act("resume", resume_subscription, "resume", "subscriptions/pause.html"),
    "plan": Act("change_plan", change_plan, "change-plan", "subscriptions/plan.html"),
    "schedule": Act("schedule_change", schedule_change, "scheduled-change", "subscriptions/schedule.html", "PUT"),
}


@bp.get(ACT)
@requires("subscriptions:write")
def choose(subscription_id: UUID, act: str) -> Any:
    """The form of a change; htmx gets what the quantity typed so far would mean."""
    return form_page(subscription_id, act, Errors())


def form_page(subscription_id: UUID, act: str, errors: Errors) -> Any:
    """The form with every choice and what it means, priced but not promised."""
    with db.begin_read() as session:
        g.now = clock.business_now(session)
        it = queries.get_subscription(session, g.caller.scope, subscription_id)
        known = CHOICES[act](session, it)
    known |= {"it": it, "act": act, "errors": errors.only(*FIELDS)}
    return page(ACTS[act].form, "subscriptions/_quantity_preview.html", status=errors.status, **known)


@bp.post(f"{ACT}/check")
@requires("subscriptions:write")
@refusals_on(form_page)
def check(subscription_id: UUID, act: str) -> Any:
    """Sign what the form asks for and show it, to be sent."""
    return check_page(subscription_id, act, errors=Errors())


@refusals_on(lambda subscription_id, act, errors, **_values: form_page(subscription_id, act, errors))
def check_page(subscription_id: UUID, act: str, errors: Errors) -> Any:
    """The promise; with errors, a new one in the place of one that no longer holds."""
    asked = {"subscription_id": subscription_id, "action": ACTS[act].action, **wish(act)}
    with db.begin() as session:
        g.now, now = clock.business_now(session), clock.now(session)
        it = queries.get_subscription(session, g.caller.scope, subscription_id)
        terms = queries.change_terms(session, g.caller.scope, **asked)
        promise = commands.promise_change(session, terms=terms)
        asks = queries.why_ask(session, g.caller.scope, terms, g.caller.role)
    known: dict[str, Any] = {
        "it": it,
        "act": act,
        "promise": promise,
        "terms": terms,
        "now": now,
        "asks": asks,
        "call": as_call(it, act, promise),
    }
    return page("subscriptions/check.html", status=errors.status, errors=errors, **known)


@bp.post(ACT)
@requires("subscriptions:write")
@refusals_on(check_page)
@starts
def change(subscription_id: UUID, act: str) -> Start:
    """Make the change as it was promised, and go to its progress."""
    asked = {"action": ACTS[act].action, "preview_id": promised(), **wish(act)}
    with db.begin_read() as session:
        terms = queries.change_terms(session, g.caller.scope, subscription_id=subscription_id, **asked)
        approval = queries.approval_needed(session, g.caller.scope, terms, g.caller)
    seen = same_version(terms.subscription_version)
    return Start(*changing(ACTS[act].flow, terms, g.caller, seen, approval))


def same_version(found: int) -> int:
    """The version that the reader has seen. A conflict when the subscription has changed since."""
    seen = whole("version")
    if seen != found:
        text = _("The subscription has changed since you looked. This is how it stands now.")
        raise Conflict(text, code="version_conflict")
    return seen


def wish(act: str) -> dict[str, Any]:
    """What the form of an act asks for, as `queries.change_terms` takes it."""
    if act == "quantity":
        return {"quantity": whole("quantity")}
    if act == "extend":
        return {"valid_to": chosen_day("valid_to", _("Choose the new last day."))}
    if act in planning.WISHES:
        return planning.WISHES[act]()
    return {"mode": chosen("mode", MODES, _("Choose when it shall end."))}


def as_call(it: SubscriptionView, act: str, promise: Any) -> str:
    """The same change for a program."""
    asked, verb = wish(act), ACTS[act].verb
    if asked.get("mode") == "remove":
        verb, asked, body = "DELETE", {}, ""
    else:
        body = "\n\n" + json.dumps({**asked, "preview_id": promise.id}, default=str)
    address = f"{verb} /api/v1/subscriptions/{it.id}/{ACTS[act].api}"
    return f'{address}\nIdempotency-Key: …\nIf-Match: "{it.id}-{it.version}"{body}'


# ---------- what can be chosen, each with its price ----------


def of_quantity(session: Session, it: SubscriptionView) -> dict[str, Any]:
    """What the quantity typed so far means; nothing while it is the one there is."""
    typed = request.values.get("quantity", "")
    try:
        quantity = whole("quantity", otherwise=it.quantity)
    except Invalid as no:
        return {"wish": typed, "preview": ChangePreview(False, reason=no.detail)}
    if quantity == it.quantity:
        return {"wish": typed or it.quantity, "preview": None}
    return {"wish": typed, "preview": preview_of(session, it, "change_quantity", quantity=quantity)}


def of_extension(session: Session, it: SubscriptionView) -> dict[str, Any]:
    """The days that the provider allows, each with what the longer term costs and what else ends then."""
    others = {one.valid_to: one.subscriptions for one in queries.co_terms(session, g.caller.scope, it.id)}
    wanted = sorted({*it.allowed_end_dates, *others})
    days = [(day, preview_of(session, it, "extend", valid_to=day)) for day in wanted]
    priced = [(day, preview.terms) for day, preview in days if preview.terms]
    later = [one for one in queries.list_extensions(session, g.caller.scope, it.id) if one.strategy != "free_date"]
    return {"days": priced, "others": others, "why": refusal_of(it, "extend"), "later": later}


def of_cancellation(session: Session, it: SubscriptionView) -> dict[str, Any]:
    """To end it now or at the end of its term: what each means, or why it is not possible."""
    return {"modes": [(mode, preview_of(session, it, "cancel", mode=mode)) for mode in MODES]}


def of_pause(session: Session, it: SubscriptionView) -> dict[str, Any]:
    """To suspend or to resume it: what that means, or why it is not possible."""
    act = "resume" if it.state == "suspended" else "suspend"
    return {"preview": preview_of(session, it, act), "does": act}


def of_plan(session: Session, it: SubscriptionView) -> dict[str, Any]:
    """The plans that it can change to, each with what it costs and gives back today."""
    plans = queries.plan_offers(session, g.caller.scope, it.id)
    priced = [
        (planning.key_of(one), one, preview_of(session, it, "change_plan", **planning.asked(one))) for one in plans
    ]
    return {"plans": priced, "why": refusal_of(it, "change_plan")}


def of_schedule(session: Session, it: SubscriptionView) -> dict[str, Any]:
    """What is planned for the next term, and what can be."""
    found = queries.planning_of(session, g.caller.scope, it.id)
    return {"found": found, "plans": [(planning.key_of(one), one) for one in found.plans], "why": found.allowed}


CHOICES: dict[str, Callable[[Session, SubscriptionView], dict[str, Any]]] = {
    "quantity": of_quantity, "extend": of_extension, "cancel": of_cancellation, "suspend": of_pause,
    "resume": of_pause, "plan": of_plan, "schedule": of_schedule,
}  # fmt: skip


def preview_of(session: Session, it: SubscriptionView, action: str, **asked: Any) -> ChangePreview:
    """What a change would mean now; input that cannot be right is an answer too."""
    try:
        return queries.change_preview(session, g.caller.scope, subscription_id=it.id, action=action, **asked)
    except (Invalid, Refused) as no:
        return ChangePreview(False, reason_code=no.code, reason=no.detail)


def refusal_of(it: SubscriptionView, action: str) -> Any:
    """The allowed action of a name: says why when it is not possible now."""
    return next(one for one in it.allowed_actions if one.action == action)
