"""What was done directly at the provider: each difference with what can be decided, and what accounts adopt."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from domains.kernel.errors import Conflict
from domains.services import commands, db, queries
from domains.services.pricing import FOREVER
from saga.flows.reconcile_account import reconcile_account
from saga.payloads.drift import ReconcileAccount, SettleDrift
from saga.reconciling import SETTLING

from . import formats, words
from .access import requires
from .forms import Errors, chosen, chosen_id, optional_id, refusals_on, typed, whole
from .htmx import page, redirect
from .starting import Start, starts
from .states import state_look

bp = Blueprint("drift", __name__, url_prefix="/drift")
STATES = ("open", "settling", "case_opened", "ignored", "adopted", "reverted", "vanished")
DECISIONS = ("adopt", "revert", "case", "ignore")
RULES = {
    "nothing": _l("Nothing: a person decides"), "increases": _l("More units of what it has"),
    "all": _l("Whatever can be adopted"),
}  # fmt: skip
KINDS = {
    "new": _l("Bought there"), "changed": _l("Changed there"), "canceled": _l("Ended there"), "gone": _l("Gone there"),
}  # fmt: skip
FIELDS = {
    "state": _l("State"), "quantity": _l("Quantity"), "valid_to": _l("Last day"), "auto_renew": _l("Renews by itself"),
    "offer": _l("Offer"), "term": _l("Term"), "billing_cycle": _l("Billing"),
}  # fmt: skip


@bp.get("")
@requires("subscriptions:read")
def index(errors: Errors | None = None) -> Any:
    """All differences, those that wait for a decision unless another state is chosen."""
    wrong, state = errors or Errors(), request.args.get("state", "open")
    known: dict[str, Any] = {"state": state if state in STATES else None, "account_id": optional_id("account")}
    with db.begin_read() as session:
        found = queries.list_drift(session, g.caller.scope, cursor=request.args.get("cursor"), limit=25, **known)
        waiting = queries.count_open(session, g.caller.scope)
        rules = queries.list_rules(session, g.caller.scope)
    told: dict[str, Any] = {"states": STATES, "waiting": waiting, "rules": rules}
    told["rows"] = [shown(one) for one in found.items]
    return page("drift/list.html", status=wrong.status, errors=wrong, found=found, kinds=KINDS, **told, **known)


def shown(it: Any) -> dict[str, Any]:
    """A difference in the reader's words."""
    facts = [(FIELDS.get(one.field, one.field), said(one.field, one.ours), said(one.field, one.theirs))
             for one in it.differences]  # fmt: skip
    return {"it": it, "facts": facts, "kind": KINDS.get(it.kind, it.kind)}


def said(field: str, value: str | None) -> str:
    """A fact of one side in words; a state that nobody has told us about in the provider's own."""
    if value is None:
        return "–"
    if field == "state":
        return str(state_look(value.removeprefix("unknown:"), "subscription").word)
    if field == "valid_to":
        return _("Without end") if value == str(FOREVER) else formats.day(date.fromisoformat(value))
    if field == "quantity":
        return formats.number(int(value))
    if field in ("term", "billing_cycle"):
        return words.term(value) if field == "term" else str(words.CYCLES.get(value, value))
    return {"yes": _("Yes"), "no": _("No")}.get(value, value)


@bp.get("/<uuid:drift_id>")
@requires("subscriptions:read")
def show(drift_id: UUID, errors: Errors | None = None) -> Any:
    """One difference: how it stands on both sides, and how it can be settled."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        it = queries.get_drift(session, g.caller.scope, drift_id)
    open_ones = [one for one in it.choices if one.enabled]
    known: dict[str, Any] = {"open_ones": open_ones, "closed": [one for one in it.choices if not one.enabled]}
    told: dict[str, Any] = {"errors": wrong.only("decision", "reason"), "call": as_call(it, open_ones)}
    return page("drift/show.html", status=wrong.status, row=shown(it), it=it, **known, **told)


def as_call(it: Any, open_ones: list[Any]) -> str:
    """The first decision that is open, for a program."""
    body = json.dumps({"decision": open_ones[0].decision if open_ones else "adopt"})
    tag = f'If-Match: "{it.id}-{it.version}"'
    return f"POST /api/v1/drift/{it.id}/settle\nIdempotency-Key: …\n{tag}\n\n{body}"


@bp.post("/<uuid:drift_id>/settle")
@requires("subscriptions:write")
@refusals_on(show)
@starts
def settle(drift_id: UUID) -> Start:
    """Settle a difference as the reader has decided, on what they have seen, and go to its progress."""
    decision = chosen("decision", DECISIONS, _("Choose what shall become of it."))
    reason, seen = typed("reason", most=500, label=_("Reason")), whole("version")
    with db.begin_read() as session:
        drift = queries.find_drift(session, g.caller.scope, drift_id)
        commands.check_decision(drift, decision, reason, seen)
    return Start(SETTLING[decision], SettleDrift.of(drift, decision, reason, g.caller, seen))


@bp.post("/compare")
@requires("subscriptions:write")
@refusals_on(index)
@starts
def compare() -> Start:
    """Compare an account with the provider at once."""
    account_id = chosen_id("account", _("Choose an account."))
    with db.begin_read() as session:
        account = queries.get_account(session, g.caller.scope, account_id)
    return Start(reconcile_account, ReconcileAccount.of(account))


@bp.get("/rules")
@requires("accounts:read")
def rules(errors: Errors | None = None) -> Any:
    """What each account adopts by itself."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        found = queries.list_rules(session, g.caller.scope)
    return page("drift/rules.html", found=found, words=RULES, errors=wrong, status=wrong.status)


@bp.post("/rules")
@requires("accounts:write")
@refusals_on(rules)
def set_rule() -> Any:
    """Say what an account adopts by itself."""
    account_id, rule = chosen_id("account"), chosen("adopt", tuple(RULES), _("Choose what it adopts."))
    with db.begin() as session:
        account = queries.get_account(session, g.caller.scope, account_id)
        if queries.get_rule(session, g.caller.scope, account_id).version != whole("version"):
            raise Conflict(_("It has changed since you looked. This is how it stands now."), code="version_conflict")
        commands.set_rule(session, account=account, rule=rule)
    flash(_("Saved."), "done")
    return redirect("/drift/rules")
