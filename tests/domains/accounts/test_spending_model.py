"""Whatever is held, settled and given back, in any order and again: the books agree, and no limit is passed."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domains.accounts import commands, db, queries
from domains.kernel import clock
from domains.kernel.config import Settings
from domains.kernel.database import bind, new_id
from domains.kernel.errors import Refused
from domains.kernel.tenancy import Scope
from tests.factories.accounts import a_customer, an_account, eur, reserve

CENTS = st.integers(-100, 10_000)
SLOTS = st.integers(0, 7)  # few reservations, so that messages about the same one are common
CREDIT = 25_000


class Spending(RuleBasedStateMachine):
    """Two accounts of one customer, and what a person with pencil and paper would have written down."""

    @initialize(budgets=st.tuples(*[st.one_of(st.none(), st.integers(0, 20_000))] * 2))
    def begin(self, budgets: tuple[int | None, int | None]) -> None:
        self.folder = tempfile.mkdtemp()
        bind(Settings(var=self.folder))
        db.metadata.create_all(db.engine)
        self.now = datetime(2026, 3, 10, 9, tzinfo=UTC)
        self.ids = [new_id() for _ in range(8)]
        self.book: dict[UUID, dict[str, Any]] = {}
        with db.begin() as session:
            self.customer = a_customer(session, credit_limit=cents(CREDIT))
            self.accounts = [
                an_account(session, self.customer, name=f"Account {number}", budget=cents(budget))
                for number, budget in enumerate(budgets)
            ]

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def written(self, account_id: UUID | None = None, since: int = 3) -> int:
        """What is held, and what was confirmed from a month of the year on."""
        return sum(
            entry["cents"]
            for entry in self.book.values()
            if account_id in (None, entry["account"])
            and (entry["state"] == "held" or (entry["state"] == "confirmed" and entry["month"] >= since))
        )

    @rule(slot=SLOTS, which=st.integers(0, 1), amount=CENTS)
    def hold(self, slot: int, which: int, amount: int) -> None:
        account, key = self.accounts[which], self.ids[slot]
        budget, month = account.budget_minor, self.now.month
        known, free = key in self.book, amount <= 0
        fits = budget is None or self.written(account.id, month) + amount <= budget
        owed = self.written(since=month - 1) + amount <= CREDIT
        with clock.frozen_at(self.now), db.begin() as session:
            try:
                reserve(session, account, cents(amount), reservation_id=key)
                said = "yes"
            except Refused as no:
                said = no.code
        expected = "yes" if known or free or (fits and owed) else "credit_exceeded" if fits else "budget_exceeded"
        assert said == expected
        if said == "yes" and not known and not free:
            self.book[key] = {"account": account.id, "cents": amount, "state": "held", "month": month}

    @rule(slot=SLOTS)
    def give_back(self, slot: int) -> None:
        with clock.frozen_at(self.now), db.begin() as session:
            commands.release_reservation(session, reservation_id=self.ids[slot])
        entry = self.book.get(self.ids[slot])
        if entry and entry["state"] == "held":
            entry["state"] = "released"

    @rule(slot=SLOTS, total=st.one_of(st.none(), CENTS))
    def settle(self, slot: int, total: int | None) -> None:
        accepted = cents(total)
        with clock.frozen_at(self.now), db.begin() as session:
            commands.confirm_reservation(session, reservation_id=self.ids[slot], accepted_total=accepted)
        entry = self.book.get(self.ids[slot])
        if entry and entry["state"] == "held":
            kept = entry["cents"] if total is None else min(entry["cents"], max(total, 0))
            entry |= {"state": "confirmed", "cents": kept}

    @rule()
    def let_a_fortnight_pass(self) -> None:
        self.now = min(self.now + timedelta(days=14), datetime(2026, 12, 1, tzinfo=UTC))

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "book"):
            return
        with clock.frozen_at(self.now), db.begin_read() as session:
            for account in self.accounts:
                spend = queries.spend_left(session, Scope.customer(self.customer), account.id)
                assert spend.committed == cents(self.written(account.id, self.now.month))
                assert account.budget_minor is None or spend.committed.minor <= account.budget_minor


def cents(amount: int | None) -> Any:
    return None if amount is None else eur(0).from_minor(amount, "EUR")


TestSpending = pytest.mark.slow(Spending.TestCase)
TestSpending.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
