"""A sandbox to try things in: made here, its clock moved here, and its provider told to play tricks here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from domains.customers import commands, db, queries
from domains.kernel import clock
from domains.kernel.errors import Invalid
from saga.flows.advance_clock import advance_clock
from saga.flows.open_sandbox import open_sandbox
from saga.flows.set_faults import set_faults
from saga.payloads.sandbox import AdvanceClock, OpenSandbox, SetFaults

from .access import requires
from .forms import Errors, chosen, refusals_on, typed, whole
from .htmx import page
from .starting import Start, starts

bp = Blueprint("sandbox", __name__, url_prefix="/sandbox")
KINDS = {
    "latency": _l("Slow"), "throttle": _l("Too many requests"), "error": _l("Broken"),
    "timeout_after_applying": _l("Silent after the work is done"), "reject": _l("Refuses"),
    "partial": _l("Delivers every other line only"), "stuck_pending": _l("Never gets done"),
}  # fmt: skip
OPERATIONS = {
    "place_order": _l("Placing an order"), "get_order": _l("Asking about an order"),
    "change": _l("Changing a subscription"), "get_change": _l("Asking about a change"),
    "get_policy": _l("Asking what may be changed"), "get_subscription": _l("Looking at a subscription"),
    "ensure_customer": _l("Opening an account"), "ensure_user": _l("Making a user"), "*": _l("Everything"),
}  # fmt: skip
QUICK = ((1, _l("One day on")), (8, _l("Eight days on")), (31, _l("A month on")), (366, _l("A year on")))


@bp.get("")
@requires("sandbox:read")
def index(errors: Errors | None = None) -> Any:
    """The sandbox that there is, its clock and faults where the reader is in it; else how to come by one."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        here = queries.sandboxes(session, g.caller.scope, own_id())
        owned = queries.own_sandbox(session, g.caller.scope, own_id())
        now = clock.business_now(session)
    known: dict[str, Any] = {"here": here[0] if here else None, "owned": owned, "now": now, "quick": QUICK}
    known |= {"kinds": KINDS, "calls": OPERATIONS}
    return page("sandbox/index.html", errors=wrong, status=wrong.status, **known)


@bp.post("")
@requires("sandbox:write")
@refusals_on(index)
@starts
def create() -> Start:
    """Make the sandbox of the reader's organisation."""
    with db.begin_read() as session:
        live = queries.get(session, g.caller.scope, own_id())
        commands.check_possible(live, queries.own_sandbox(session, g.caller.scope, live.id))
    return Start(open_sandbox, OpenSandbox.of(live))


@bp.post("/clock")
@requires("sandbox:write")
@refusals_on(index)
@starts
def advance() -> Start:
    """Let the sandbox's clock go on, by days or to a moment."""
    with db.begin_read() as session:
        found, now = own(session), clock.business_now(session)
    ahead = commands.seconds_ahead(found.clock_ahead, now, **wished())
    commands.check_step(found.clock_ahead, ahead)
    return Start(advance_clock, AdvanceClock.of(found, ahead))


@bp.post("/faults")
@requires("sandbox:write")
@refusals_on(index)
@starts
def add_fault() -> Start:
    """Have the provider show one fault more."""
    with db.begin_read() as session:
        found = own(session)
    fault = commands.clean_fault(
        {"kind": chosen("kind", tuple(KINDS), _("Choose what goes wrong.")),
         "operation": chosen("operation", tuple(OPERATIONS), _("Choose where.")),
         "code": typed("refusal_code", most=60), "count": number("count"), "seconds": number("seconds")}
    )  # fmt: skip
    return Start(set_faults, SetFaults.of(found, [*(found.faults or []), fault]))


@bp.post("/faults/clear")
@requires("sandbox:write")
@refusals_on(index)
@starts
def clear_faults() -> Start:
    """Have the provider work as it should again."""
    with db.begin_read() as session:
        found = own(session)
    return Start(set_faults, SetFaults.of(found, []))


def own_id() -> Any:
    """Whom the reader works for; staff who act for nobody have no sandbox."""
    return g.caller.customer_id or abort(403)


def own(session: Any) -> Any:
    """The sandbox that the reader is in. Refused for a live customer."""
    return queries.get_sandbox(session, g.caller.scope, own_id())


def number(name: str) -> int | None:
    """A whole number as it was typed; nothing for nothing."""
    return whole(name) if request.form.get(name, "").strip() else None


def wished() -> dict[str, Any]:
    """How far the clock is to go: by the days of a button, or to the moment that was typed, by the reader's zone."""
    if request.form.get("days"):
        return {"days": whole("days")}
    try:
        typed_in = datetime.fromisoformat(request.form.get("to", "").strip())
    except ValueError:
        raise Invalid(_("Give a day and a time."), code="clock_unclear", field="to") from None
    zone = ZoneInfo(g.caller.preferences.get("zone") or "UTC")
    return {"to": (typed_in if typed_in.tzinfo else typed_in.replace(tzinfo=zone)).astimezone(UTC)}
