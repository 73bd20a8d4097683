"""Ends of terms: the calendar of decisions, the page on which one is taken, and all that has happened since."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.kernel import clock
from domains.kernel.errors import Conflict
from domains.services import commands, db, queries
from domains.services.queries import EndOfTerm
from saga import store
from saga.flows.give_decision import give_decision
from saga.flows.set_end_of_term import set_end_of_term
from saga.payloads.end_of_term import GiveDecision, SetEndOfTerm

from .access import requires
from .forms import Errors, chosen, optional_id, refusals_on, typed, whole
from .happenings import MODES, happened
from .htmx import page, redirect
from .offers import accounts_of
from .starting import Start, sent, shown, start, starts

bp = Blueprint("decisions", __name__)
AT = "/subscriptions/<uuid:subscription_id>/end-of-term"
STATES = ("open", "decided", "locked", "settled")
SOON = 60  # days before its deadline that a decision shows on the home page
FIELDS = ("mode", "note", "owner")


@bp.get("/decisions")
@requires("subscriptions:read")
def index() -> Any:
    """All decisions by the month in which their terms end, the most urgent first."""
    asked = filters()
    with db.begin_read() as session:
        g.now = clock.business_now(session)
        accounts = accounts_of(session)
        found = queries.list_decisions(session, g.caller.scope, cursor=request.args.get("cursor"), limit=100, **asked)
    months = by_month(found.items)
    known: dict[str, Any] = {"found": found, "months": months, "accounts": accounts, "states": STATES, "modes": MODES}
    return page("decisions/list.html", mine=request.args.get("mine"), **known, **asked)


def by_month(decisions: list[EndOfTerm]) -> list[tuple[date, list[EndOfTerm]]]:
    """Decisions by the month in which their terms end, each month's in their order."""

    def month(one: EndOfTerm) -> date:
        return one.term_end.replace(day=1)

    return [(first, list(some)) for first, some in groupby(sorted(decisions, key=month), key=month)]


def filters() -> dict[str, Any]:
    """The filters in the address, by the names the query has for them."""
    own = UUID(g.caller.actor.id) if request.args.get("mine") and g.caller.actor.kind == "user" else None
    return {"state": request.args.get("state") or None, "account_id": optional_id("account"), "owner_id": own}


@bp.get("/decisions/_open")
@requires("subscriptions:read")
def waiting() -> Any:
    """What is to be decided soon, for the home page."""
    with db.begin_read() as session:
        g.now = clock.business_now(session)
        found = queries.open_soon(session, g.caller.scope, days=SOON, limit=5)
    return page("decisions/open.html", "decisions/_open.html", waiting=found, days=SOON)


@bp.get(AT)
@requires("subscriptions:read")
def show(subscription_id: UUID, errors: Errors | None = None) -> Any:
    """What happens at the end of a term: each way with its price, who decides, and until when."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        g.now = clock.business_now(session)
        it = queries.get_end_of_term(session, g.caller.scope, subscription_id)
    known: dict[str, Any] = {"it": it, "modes": MODES, "errors": wrong.only(*FIELDS)}
    return page("decisions/end_of_term.html", status=wrong.status, **known)


@bp.post(AT)
@requires("subscriptions:write")
@refusals_on(show)
def decide(subscription_id: UUID) -> Any:
    """Decide: at once where the provider does so already, else by telling it, which can be watched."""
    run = store.repeated(*sent())
    it, wish = found(subscription_id), wished()
    if run is not None or done(it, wish):
        return shown(run) if run is not None else redirect(f"/subscriptions/{it.id}/end-of-term")
    same(it)
    return start(set_end_of_term, SetEndOfTerm.of(it, g.caller, **wish)) if wish["mode"] != it.if_nothing else keep(it)


def found(subscription_id: UUID) -> EndOfTerm:
    """The decision as it stands."""
    with db.begin_read() as session:
        return queries.get_end_of_term(session, g.caller.scope, subscription_id)


def wished() -> dict[str, Any]:
    """What the form asks for."""
    mode = chosen("mode", tuple(MODES), _("Choose what shall happen."))
    note = typed("note", most=500, label=_("Note"))
    return {"mode": mode, "standing": request.form.get("standing") == "yes", "remark": note}


def done(it: EndOfTerm, wish: dict[str, Any]) -> bool:
    """Whether it was decided so already: the same click twice."""
    return (it.mode, it.standing, it.note) == (wish["mode"], wish["standing"], wish["remark"])


def same(it: EndOfTerm) -> None:
    """Refuse to decide about something that is not as the reader saw it."""
    if whole("version") != it.version:
        text = _("Somebody has decided since you looked. This is how it stands now.")
        raise Conflict(text, code="version_conflict")


def keep(it: EndOfTerm) -> Any:
    """Write down what the provider does already."""
    with db.begin() as session:
        commands.decide_here(
            session, scope=g.caller.scope, subscription_id=it.id, by=g.caller.actor, expected_version=it.version,
            **wished(),
        )  # fmt: skip
    flash(_("Decided. Nobody is reminded any more."), "done")
    return redirect(f"/subscriptions/{it.id}/end-of-term")


@bp.post(f"{AT}/owner")
@requires("subscriptions:write")
@refusals_on(show)
@starts
def give(subscription_id: UUID) -> Start:
    """Make the decision the reader's own, or somebody else's by their e-mail address."""
    it = found(subscription_id)
    same(it)
    own = UUID(g.caller.actor.id) if request.form.get("mine") else None
    email = None if own else typed("owner", most=320, label=_("E-mail address"))
    return Start(give_decision, GiveDecision.of(it, g.caller, user_id=own, email=email))


@bp.get("/subscriptions/<uuid:subscription_id>/history")
@requires("subscriptions:read")
def history(subscription_id: UUID) -> Any:
    """All that has happened to a subscription, newest first."""
    cursor = request.args.get("cursor")
    with db.begin_read() as session:
        it = queries.get_subscription(session, g.caller.scope, subscription_id)
        past = queries.history_of(session, g.caller.scope, subscription_id, cursor=cursor)
    return page("decisions/history.html", it=it, past=past, rows=[(one, happened(one)) for one in past.items])
