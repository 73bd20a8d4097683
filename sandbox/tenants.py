"""Customers that test: a clock of their own that only goes forward, and faults that hit nobody else."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app

from . import clock, subscriptions
from .app import books, faults
from .control import only_in_demo_mode, said
from .errors import No
from .faults import Fault

bp = Blueprint("tenants", __name__, url_prefix="/control/customers")
bp.before_request(only_in_demo_mode)


@bp.put("/<reference>/clock")
def set_clock(reference: str) -> Any:
    """Let a customer's time run ahead by so many seconds, never by fewer than it does; it need not be known yet."""
    wanted = float(said()["ahead"])
    with books().open() as pages:
        if wanted < clock.moved(pages).get(reference, 0.0):
            raise No(409, "clock_only_forward", "The clock only goes forward.")
        pages.put("clock", {"id": reference, "ahead": wanted})
        subscriptions.pass_days(pages)
        current_app.extensions["moved"][reference] = wanted
        with clock.ahead_by(wanted):
            return {"now": clock.stamp(clock.now(pages))}


@bp.put("/<reference>/faults")
def set_faults(reference: str) -> Any:
    """Replace the faults of one customer and of nobody else."""
    given = said().get("faults", [])
    own = [fault | {"match": {**(fault.get("match") or {}), "customer": reference}} for fault in given]
    faults().set([*(one for one in faults().all() if not _is_of(one, reference)), *own])
    return {"faults": [one for one in faults().all() if _is_of(one, reference)]}


def _is_of(fault: Fault, reference: str) -> bool:
    return (fault.get("match") or {}).get("customer") == reference
