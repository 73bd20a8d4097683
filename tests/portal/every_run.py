"""A run in every state that there is, each an order that came there by the answers of its steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Flask

from domains.kernel.tenancy import Actor, Scope
from saga import coordinator, interventions, store, tables
from saga.console import Wanted, list_runs
from saga.decide import ATTEMPTS
from saga.tables import Run
from tests.conftest import Clock

from .stall import REFUSED, Stall
from .visitor import Visitor, a_person

ADA = Actor("user", "0193a7c4-0000-7000-8000-000000000001", "Ada Lind")
EVERYBODY = Scope.system("a test")
SILENT = {"code": "UnknownOutcome", "detail": "no answer after 30 s"}
YES = {
    "accepted": [{"provider_subscription_id": "ccps-77119020"}], "rejected": [], "accepted_total": None,
}  # fmt: skip


class EveryRun:
    """Makes runs, one after the other; `ids` are theirs by what has become of them."""

    def __init__(self, stall: Stall, clock: Clock) -> None:
        self.stall, self.clock, self.buyer = stall, clock, stall.visitor()
        self.ids: dict[str, UUID] = {}

    def all(self) -> dict[str, UUID]:
        """One in each state."""
        for state in ("completed", "compensated", "resolved", "needs_attention", "paused", "compensating", "waiting",
                      "running"):  # fmt: skip
            self.clock.advance(minutes=31)
            getattr(self, state)()
        return self.ids

    def order(self, name: str, **typed: Any) -> UUID:
        """An order of which nothing was done yet."""
        self.stall.transport.commands.clear()
        self.stall.ordered(self.buyer, **typed)
        with tables.db.begin_read() as session:
            self.ids[name] = list_runs(session, EVERYBODY, Wanted(), limit=1).items[0].id
        return self.ids[name]

    def step(self, *outcomes: str, **said: Any) -> None:
        """Answer the next steps, each a little later."""
        for outcome in outcomes:
            self.clock.advance(milliseconds=640)
            self.stall.answer(outcome, **said)

    def fail(self, times: int) -> None:
        """Let the steps at work fail, and be sent again when their time has come."""
        for _ in range(times):
            self.step(*["RETRY"] * len(self.stall.transport.commands), error=SILENT)
            self.clock.advance(minutes=5)
            coordinator.wake()

    def intervene(self, name: str, op: str, reason: str) -> Run:
        """Step in as an administrator who has just looked."""
        known = {"reason": reason, "actor": ADA, "expected_rev": self.run(name).rev}
        return interventions.intervene(EVERYBODY, self.ids[name], op, **known)

    def run(self, name: str) -> Run:
        with tables.db.begin_read() as session:
            return store.get(session, EVERYBODY, self.ids[name])

    # ---- what becomes of them

    def running(self) -> None:
        self.order("running", quantity="12")
        self.step("OK")

    def waiting(self) -> None:
        self.order("waiting", quantity="18")
        self.step("OK", "OK")
        self.step("PENDING", retry_after=40, waiting_for="provider")

    def compensating(self) -> None:
        self.order("compensating", quantity="40")
        self.step("OK", "OK")
        self.step("REJECTED", error=REFUSED)

    def completed(self) -> None:
        self.order("completed", quantity="25")
        self.step("OK", "OK")
        self.step("OK", reply=YES)
        self.step("OK", "OK", "OK", "OK")

    def compensated(self) -> None:
        self.order("compensated", quantity="60")
        self.step("OK", "OK")
        self.step("REJECTED", error=REFUSED)
        self.step("OK", "OK")

    def needs_attention(self) -> None:
        self.order("needs_attention", quantity="31")
        self.step("OK", "OK")
        self.fail(ATTEMPTS + 1)

    def paused(self) -> None:
        self.order("paused", quantity="7")
        self.step("OK")
        self.intervene("paused", "pause", "The provider has announced an outage until noon.")

    def resolved(self) -> None:
        self.order("resolved", quantity="5")
        self.step("OK", "OK")
        self.step("OK", reply=YES)
        self.step(*["OK"] * (len(self.stall.transport.commands) - 1))
        self.fail(ATTEMPTS + 1)
        self.intervene("resolved", "resolve", "Ticket 88-20413: set up by hand with the provider.")
        while self.stall.transport.commands:
            self.step("OK")


def an_operator(app: Flask, role: str = "saga.operator", **but: Any) -> Visitor:
    """Somebody of the operator who may work on runs."""
    home = {"home_kind": "operator", "home_customer_name": "Cloud Sales"}
    seen = {"scope": Scope.operator(), "customer_id": None, "customer_name": "Cloud Sales", "actor": ADA}
    return Visitor(app, replace(a_person(kind="operator", role=role, preferences=home), **seen | but))
