"""Sandboxes on the wire: whose they are, their clocks and their faults."""

from __future__ import annotations

from marshmallow import fields, validate

from domains.customers.commands import FAULT_KINDS, FAULT_OPERATIONS, MOST_FAULTS

from . import Answer, Request, page_of
from .values import Choice, Int, Word, count, identifier, moment, text


class Sandbox(Answer):
    """The sandbox of a customer, which is a customer of its own."""

    customer_id = identifier("The sandbox itself: its people and programs work for this customer.")
    sandbox_of = identifier("The live customer whose sandbox it is.")
    name = fields.String()
    here = fields.Boolean(metadata={"description": "Whether you are in it; its clock and faults are set from there."})
    created_at = moment()


class TestClock(Answer):
    """The clock of a sandbox. Terms, windows and renewals of that sandbox go by it, and nobody else's."""

    id = identifier("The sandbox's own customer id: it has one clock.")
    customer_id = identifier()
    now = moment("What it says.")
    ahead_seconds = Int(metadata={"format": "int64", "description": "How far it is ahead of real time."})


TestClockList = page_of(TestClock)


class AdvanceRequest(Request):
    """How far the clock goes on: to a moment, or by days and hours. Never back, two years at most at once."""

    to = moment("Until then, by the clock itself.")
    days = count(0, 731, description="By so many days.")
    hours = count(0, 17_544, description="By so many hours.")


class Fault(Answer):
    """A fault that the sandbox's provider shows."""

    operation = Word(*FAULT_OPERATIONS)
    kind = Word(*FAULT_KINDS)
    code = fields.String(allow_none=True)
    seconds = Int(allow_none=True, metadata={"format": "int32"})
    status = Int(allow_none=True, metadata={"format": "int32"})
    count = Int(allow_none=True, metadata={"format": "int32"})


class FaultList(Answer):
    """The faults that were set last; those with a count may be used up by now."""

    items = fields.List(fields.Nested(Fault))


class FaultRequest(Request):
    """A fault: which calls it hits, and how."""

    operation = Choice("FaultOperation", FAULT_OPERATIONS, required=True, description="`*`: all of them.")
    kind = Choice("FaultKind", FAULT_KINDS, required=True)
    code = text(60, pattern=r"^[a-z0-9_.]+$", description="With which code it refuses.", examples=["credit_blocked"])
    seconds = count(0, 30, description="How slow it is, or how long it is silent.")
    status = count(400, 599, description="The HTTP status of an `error`.")
    count = count(1, 1000, description="How often it strikes; always when it is left out.")


class FaultsRequest(Request):
    """The faults to be shown from now on, in place of those before."""

    faults = fields.List(fields.Nested(FaultRequest), required=True, validate=validate.Length(max=MOST_FAULTS))
