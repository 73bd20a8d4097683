"""Sandboxes: a customer's own place to try things, with a clock that can be moved and a provider that plays tricks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from domains.kernel import clock, config
from domains.kernel.database import insert_new
from domains.kernel.errors import Invalid, Refused

from ..models import ADDRESS, LIVE, Customer, Sandbox
from .customers import activate_customer, discard_customer, facts_of, find_locked, note

COPIED = (
    "legal_name", "country", "region", "currency", "language", "time_zone", "email", "tax_id", "credit_minor",
    "payment_terms_days", "price_book", *ADDRESS,
)  # fmt: skip
HOUR = 3600
MOST = 2 * 366 * 24 * HOUR  # seconds that a clock goes on at once
FURTHEST = 10 * 366 * 24 * HOUR  # and in all
FAULT_KINDS = ("latency", "throttle", "error", "timeout_after_applying", "reject", "partial", "stuck_pending")
FAULT_OPERATIONS = (
    "place_order", "get_order", "change", "get_change", "get_policy", "get_subscription", "ensure_customer",
    "ensure_user", "*",
)  # fmt: skip
FAULT_NUMBERS = {"seconds": (0, 30), "count": (1, 1000), "status": (400, 599)}
MOST_FAULTS = 20


def check_possible(live: Customer | None, known: Sandbox | None = None) -> None:
    """Refuse a second sandbox, the sandbox of a sandbox, and any where the provider is a real one: what a sandbox
    orders must never be bought."""
    if config.current().is_production:
        raise Refused("This installation has no sandbox provider, so there are no sandboxes.", code="sandbox_off")
    if live is None or live.status != "active" or live.kind == "operator" or live.is_sandbox:
        raise Refused("Only an active live customer has a sandbox.", code="sandbox_not_possible")
    if known is not None:
        raise Refused("There is a sandbox already.", code="sandbox_exists")


def seconds_ahead(
    known: int, now: datetime, *, to: datetime | None = None, days: int | None = None, hours: int | None = None
) -> int:
    """How far ahead a sandbox's clock is to be, which is `known` seconds ahead and says `now`.

    Refuses anything but one of a moment (`to`, by its own clock) and a length (`days` and `hours`).
    """
    if (to is None) == (days is None and hours is None):
        raise Invalid("Say either until when the clock goes on, or by how many days and hours.", code="clock_unclear",
                      field="to")  # fmt: skip
    if to is None:
        return known + ((days or 0) * 24 + (hours or 0)) * HOUR
    return known + math.ceil((to.astimezone(UTC) - now).total_seconds())


def check_step(known: int, ahead: int) -> None:
    """Refuse a clock that goes back, or too far."""
    if ahead < known:
        raise Refused("The clock only goes forward.", code="clock_only_forward", field="to")
    if ahead - known > MOST or ahead > FURTHEST:
        raise Invalid("The clock goes on by two years at most at once, and by ten in all.", code="clock_too_far",
                      field="to")  # fmt: skip


def clean_fault(given: dict[str, Any]) -> dict[str, Any]:
    """A fault as the provider takes it. Refuses an unknown kind or operation, and numbers out of their range."""
    if given.get("kind") not in FAULT_KINDS or given.get("operation") not in FAULT_OPERATIONS:
        raise Invalid("kind is one of %(kinds)s; operation one of %(operations)s.", code="fault_unknown",
                      field="faults", kinds=", ".join(FAULT_KINDS), operations=", ".join(FAULT_OPERATIONS))  # fmt: skip
    clean = {name: given[name] for name in ("kind", "operation", "code", *FAULT_NUMBERS) if given.get(name) is not None}
    for name, (least, most) in FAULT_NUMBERS.items():
        if name in clean and not least <= int(clean[name]) <= most:
            raise Invalid("%(name)s is %(least)s to %(most)s.", code="fault_out_of_range", field="faults",
                          name=name, least=least, most=most)  # fmt: skip
    return clean


@dataclass(frozen=True)
class SandboxFacts:
    """What the other domains need to know of a new sandbox: the same that they know of any customer."""

    sandbox: dict[str, Any]


def register_sandbox(session: Session, *, customer_id: UUID, sandbox_id: UUID) -> SandboxFacts:
    """Begin to make the sandbox of a customer: a direct customer of its own, with the same facts and prices.

    Refuses a second one, the sandbox of a sandbox, and who is no active customer.
    """
    live = find_locked(session, customer_id)
    check_possible(live)
    assert live is not None
    name, made_at = f"{live.name[:110].rstrip()} (sandbox)", clock.now(session)
    row = {"customer_id": live.id, "reseller_id": live.reseller_id, "sandbox_id": sandbox_id, "name": name}
    if not insert_new(session, Sandbox.__table__, row | {"created_at": made_at}, "customer_id"):
        known = session.get_one(Sandbox, customer_id)
        if known.sandbox_id != sandbox_id:
            raise Refused("There is a sandbox already.", code="sandbox_exists")
        return SandboxFacts(_told(session.get_one(Customer, sandbox_id)))
    same = {one: getattr(live, one) for one in COPIED}
    made = Customer(id=sandbox_id, customer_id=sandbox_id, reseller_id=None, kind="direct", status="onboarding",
                    version=1, name=name, sandbox_of=live.id, clock_ahead=0, created_at=made_at, **same)  # fmt: skip
    session.add(made)
    note(session, "customers.register_sandbox", made, after={"name": name})
    return SandboxFacts(_told(made))


def _told(made: Customer) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins({**facts_of(made), "status": "active", "version": 1})
    return told


def discard_sandbox(session: Session, *, customer_id: UUID, sandbox_id: UUID) -> None:
    """Close a sandbox that came to nothing, so that another may be made; if it is not there, fine."""
    discard_customer(session, customer_id=sandbox_id)
    known = session.get(Sandbox, customer_id)
    if known is not None and known.sandbox_id == sandbox_id:
        session.delete(known)


def activate_sandbox(session: Session, *, sandbox_id: UUID) -> None:
    """Let a sandbox be used from now on."""
    activate_customer(session, customer_id=sandbox_id)


def _own_sandbox(session: Session, customer_id: UUID) -> Customer:
    """A sandbox, locked. Refused for live tenants, whose time is real and whose provider does not play tricks."""
    found = find_locked(session, customer_id)
    if found is None or not found.is_sandbox:
        raise Refused(LIVE, code="not_a_sandbox")
    return found


def advance_clock(session: Session, *, customer_id: UUID, ahead: int) -> None:
    """Let a sandbox's clock run so many seconds ahead of real time; the same once more changes nothing.

    Refuses to go back, more than two years at once, and any clock of a live tenant.
    """
    found = _own_sandbox(session, customer_id)
    check_step(found.clock_ahead, ahead)
    before, found.clock_ahead = found.clock_ahead, ahead
    note(session, "customers.advance_clock", found, before={"ahead": before}, after={"ahead": ahead})


def set_faults(session: Session, *, customer_id: UUID, faults: list[dict[str, Any]]) -> None:
    """Say which faults the provider is to show a sandbox, in place of those before. Refused for live tenants."""
    found = _own_sandbox(session, customer_id)
    if len(faults) > MOST_FAULTS:
        raise Invalid("Set at most %(most)s faults.", code="too_many_faults", field="faults", most=MOST_FAULTS)
    found.faults = [clean_fault(one) for one in faults]
    note(session, "customers.set_faults", found, after={"faults": [one["kind"] for one in found.faults]})
