"""The life of many subscriptions, day by day: what is done to them, by whom, and what must then be so."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from domains import services
from domains.kernel import clock
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.services import commands, queries
from saga.flows.issue_invoices import issue_invoices
from saga.flows.renew_subscription import renew_subscription
from saga.payloads.end_of_term import RenewSubscription
from saga.payloads.invoice import IssueInvoices
from tests.factories.services import EVERYBODY

from .counts import Counts
from .players import Light, Played, Player, Whole
from .rules import DAY
from .town import BEGIN, Account, Sub, Town


class Broken(AssertionError):
    """Something is not as it must be; the text tells of what, when, and what was done to it."""


@dataclass(frozen=True)
class Plan:
    """How much life: so many subscriptions over so many days, and how often something is done to each in a year."""

    seed: int = 1
    subscriptions: int = 300
    days: int = 1096
    yearly: float = 2.0
    whole: bool = False
    customers: int = 5
    in_account: int = 12


class Life:
    """All that lives, and the dice."""

    def __init__(self, town: Town, plan: Plan) -> None:
        self.town, self.plan, self.dice = town, plan, random.Random(plan.seed)
        self.counts, self.subs = Counts(), dict[str, Sub]()
        self.running: list[Sub] = []
        self.excused: set[str] = set()  # codes with which the provider may refuse whatever it is asked now
        self.story: dict[str, list[str]] = {}
        self.invoiced = self.now.date().replace(day=1) - DAY
        self.player: Player = self._a_player()

    def _a_player(self) -> Player:
        town = self.town
        if self.plan.whole:
            return Whole(town.transport, lambda due: town.wait(max((due - self.now).total_seconds(), 0) + 0.001))
        return Light(town.transport, town.wait, lambda: self.dice.random() < 0.02)

    @property
    def now(self) -> datetime:
        return self.town.clock.now

    @property
    def today(self) -> date:
        return self.now.date()

    # ---- what is told of one

    def note(self, sub: Sub, what: str) -> None:
        """Remember what was done to a subscription, for whoever asks why it stands as it does."""
        self.story.setdefault(sub.there, []).append(f"{self.now:%Y-%m-%d %H:%M} {what}")

    def broken(self, sub: Sub, what: str) -> Broken:
        told = "\n  ".join(self.story.get(sub.there, []))
        return Broken(f"{what}\n{sub.there} {sub.held.offer.id} {sub.id} at {self.now}, {sub.account.zone}\n  {told}")

    # ---- what is asked for

    def asked(self, flow: Any, payload: Callable[[], Any]) -> Played:
        """Ask for something by a flow: also its terms may be refused."""
        try:
            wanted = payload()
        except DomainError as no:
            return Played(False, no.code)
        return self.player.play(flow, wanted)

    def judged(self, sub: Sub, kind: str, allowed: bool, played: Played, then: Callable[[], None]) -> None:
        """What the rules allow was done, what they forbid was refused; what has drifted may not be overwritten."""
        blocked = set(sub.drifted) - {"auto_renew"}
        self.note(sub, f"{kind}: {'done' if played.is_done else played.code}")
        if played.is_done and (blocked or not allowed):
            raise self.broken(sub, f"{kind} was done, though {'it had drifted' if blocked else 'no rule allows it'}")
        if played.is_done:
            self.counts.done[kind] += 1
            sub.drifted.clear()
            sub.settle_on = None
            then()
        elif allowed and not sub.drifted and played.code not in self.excused:
            raise self.broken(sub, f"{kind} was refused ({played.code}), though the rules allow it")
        else:
            self.counts.refused[played.code] += 1

    def paid_for(self, sub: Sub, units: int | None = None) -> None:
        """From now on so many units are paid for."""
        here = sub.day_of(self.now)
        sub.is_odd = sub.is_odd or here.month != self.today.month
        sub.units.append((here, sub.held.quantity if units is None else units))
        self.lasts(sub, min(here, self.today))

    def lasts(self, sub: Sub, since: date) -> None:
        """Note until when, and billed how, it runs as it is now."""
        if sub.held.last is not None:
            sub.spans.append((since, sub.held.last, sub.held.cycle))

    # ---- days

    def next_moment(self) -> datetime:
        """Some time of the next day; it counts as a day."""
        self.counts.days += 1
        minutes = self.dice.randrange(25, 23 * 60 + 20)
        return datetime.combine(self.today + DAY, time(), self.now.tzinfo) + timedelta(minutes=minutes)

    def pass_to(self, moment: datetime) -> None:
        """Let the time come, and all that the clock does, here and there; sometimes the provider is late."""
        late = timedelta(hours=self.dice.choice((0,) * 9 + (9,)))
        self.counts.faults["late"] += bool(late)
        self.town.move_to(moment, late)
        self.follow_up()
        self.town.wait(0)
        over = [sub for sub in self.running if sub.held.last is not None and sub.held.last < self.today]
        for sub in over:
            self._pass_term(sub)
        self.running = [sub for sub in self.running if sub.held.is_running]
        if self.ended_month() > self.invoiced:
            self.invoice(self.ended_month())

    def _pass_term(self, sub: Sub) -> None:
        before, sub.is_odd = len(sub.held.terms), sub.is_odd or bool(sub.drifted)
        sub.held.pass_days(self.today)
        for first, how in sub.held.terms[before:]:
            self.counts.terms[how] += 1
            self.note(sub, f"{how} from {first} to {sub.held.last}, {sub.held.quantity} units")
            sub.units.append((first, sub.held.quantity))
            self.lasts(sub, first)
        if not sub.held.is_running:
            self.counts.terms["expired"] += 1
            self.note(sub, "expired")
            if sub.ours:  # an end that was known is taken over, and with it goes what had drifted
                sub.drifted, sub.untold, sub.settle_on = {}, [], None
            assert sub.held.ended_on is not None
            sub.units.append((sub.held.ended_on, 0))

    def follow_up(self) -> None:
        """What the scheduler does every ten minutes: each term that is over has a run."""
        with services.db.begin() as session:
            commands.open_missing(session)
        seen = set[UUID]()
        while True:
            with services.db.begin_read() as session:
                day = clock.business_now(session).date()
                due = [one for one, _last in queries.renewals_due(session, EVERYBODY, day) if one.id not in seen]
            for one in due:
                seen.add(one.id)
                for _ in range(1 + (self.dice.random() < 0.05)):  # who began it has died: somebody begins it again
                    self.player.play(renew_subscription, RenewSubscription(
                        subscription_id=one.id, customer_id=one.customer_id, reseller_id=one.reseller_id,
                        delivery_id=new_id(), label=one.name,
                    ))  # fmt: skip
            if not due:
                break
        self.player.settle()

    def ended_month(self) -> date:
        """The last day of the month that has ended everywhere."""
        return (self.now - timedelta(hours=6)).date().replace(day=1) - DAY

    def invoice(self, last: date) -> None:
        """Invoice a month, as the scheduler does once it has ended."""
        for shop in {id(one.shop): one.shop for one in self.town.accounts}.values():
            currency = self._currency_of(shop.customer_id)
            played = self.player.play(issue_invoices, IssueInvoices.of(shop.customer_id, currency, last.replace(day=1)))
            assert played.is_done, played.code
            self.counts.done["invoice"] += 1
        self.invoiced = last

    def _currency_of(self, customer_id: UUID) -> str:
        with services.db.begin_read() as session:
            account = next(one for one in self.town.accounts if one.shop.customer_id == customer_id)
            return str(session.get_one(services.models.AccountRef, account.id).currency)


def chance(life: Life, mean: float) -> int:
    """How often something happens that happens so often on average."""
    return int(mean) + (life.dice.random() < mean % 1)


__all__ = ["BEGIN", "Account", "Broken", "Life", "Plan", "chance"]
