"""A sandbox of your own: the same API, a clock that can be moved, and a provider that plays tricks when asked.

Make it as the live customer, then work in it with its own people and programs: clock and faults are set from there.
"""

from __future__ import annotations

from typing import Any

from flask import g

from domains.customers import commands, db, queries
from domains.kernel.errors import NotFound
from saga.flows.open_sandbox import open_sandbox
from saga.flows.set_faults import set_faults
from saga.payloads.sandbox import OpenSandbox, SetFaults

from .auth import requires
from .blueprint import Blueprint
from .callers import customer_meant
from .described import with_errors
from .schemas.sandbox import Fault, FaultList, FaultsRequest, Sandbox
from .starting import Start, starts

blp = Blueprint("sandbox", __name__, url_prefix="/sandbox", description=__doc__)


@blp.get("")
@requires("sandbox:read")
@with_errors(404, 422)
@blp.response(200, Sandbox)
def get_sandbox() -> Any:
    """Get your sandbox: the one that you have, or the one that you are in. 404 while there is none."""
    with db.begin_read() as session:
        here = queries.sandboxes(session, g.caller.scope, customer_meant({}))
        found = queries.own_sandbox(session, g.caller.scope, customer_meant({}))
    if here:
        return {"customer_id": here[0].id, **_told(here[0]), "sandbox_of": here[0].sandbox_of, "here": True}
    if found is None:
        raise NotFound("There is no sandbox yet.", code="no_sandbox")
    return {"customer_id": found.sandbox_id, **_told(found), "sandbox_of": found.customer_id, "here": False}


def _told(row: Any) -> dict[str, Any]:
    return {"name": row.name, "created_at": row.created_at}


@blp.post("")
@requires("sandbox:write")
@with_errors(404)
@starts
def create_sandbox() -> Start:
    """Make a sandbox for your organisation, one at most. Its owners work in it at once; make a program there."""
    with db.begin_read() as session:
        live = queries.get(session, g.caller.scope, customer_meant({}))
        commands.check_possible(live, queries.own_sandbox(session, g.caller.scope, live.id))
    return Start(open_sandbox, OpenSandbox.of(live))


@blp.get("/faults")
@requires("sandbox:read")
@with_errors(422)
@blp.response(200, FaultList)
def list_sandbox_faults() -> Any:
    """List the faults that were set last for your sandbox, when you are in it; a live tenant has none."""
    with db.begin_read() as session:
        here = queries.sandboxes(session, g.caller.scope, customer_meant({}))
    set_last = [fault for one in here for fault in one.faults or []]
    return {"items": [dict.fromkeys(Fault().fields) | fault for fault in set_last]}


@blp.put("/faults")
@requires("sandbox:write")
@blp.arguments(FaultsRequest)
@starts
def set_sandbox_faults(wish: dict[str, Any]) -> Start:
    """Have the provider show your sandbox these faults, and no others. They hit its accounts and nobody else's."""
    return _faults([commands.clean_fault(one) for one in wish["faults"]])


@blp.delete("/faults")
@requires("sandbox:write")
@with_errors(404)
@starts
def clear_sandbox_faults() -> Start:
    """Have the provider work as it should again."""
    return _faults([])


def _faults(faults: list[dict[str, Any]]) -> Start:
    with db.begin_read() as session:
        found = queries.get_sandbox(session, g.caller.scope, customer_meant({}))
    return Start(set_faults, SetFaults.of(found, faults))
