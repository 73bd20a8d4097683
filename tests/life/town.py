"""Where it all happens: databases, a provider, customers in several zones and currencies, their accounts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from domains import NAMES, accounts, services
from domains.accounts import queries as account_queries
from domains.kernel import database
from domains.kernel.config import DATABASES, Settings
from domains.kernel.money import Money
from domains.services import commands
from domains.services.models import Offer as Sold
from installation import SECRETS, new_secret
from saga import flows, transports
from saga.flows.open_account import open_account
from saga.flows.sync_catalogue import NOBODY, SyncCatalogue, sync_catalogue
from saga.payloads.account import OpenAccount
from saga.transports import inline
from tests.conftest import Clock, metadata_of
from tests.factories.services import EVERYBODY
from tests.saga.flows.shop import Shop, newcomer
from tests.sandboxes import SECRET

from .desk import Desk
from .rules import Held, Offer

BEGIN = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)  # 29 February 2028 lies within three years
PEOPLE = (
    {"country": "NL", "region": "eu", "currency": "EUR", "time_zone": "Europe/Amsterdam"},
    {"country": "AU", "region": "au", "currency": "AUD", "time_zone": "Australia/Sydney", "tax_id": "51824753556"},
    {"country": "JP", "region": "apac", "currency": "JPY", "time_zone": "Asia/Tokyo", "tax_id": "T1234567890123"},
    {"country": "NO", "region": "eu", "currency": "NOK", "time_zone": "Europe/Oslo", "tax_id": "NO974760673MVA"},
    {"country": "PT", "region": "eu", "currency": "EUR", "time_zone": "Atlantic/Azores", "tax_id": "PT123456789"},
)  # fmt: skip
RULES = ("nothing", "nothing", "increases", "all")


@dataclass
class Account:
    """A customer's account: where its days begin, and what it adopts without asking."""

    id: UUID
    shop: Shop
    zone: ZoneInfo
    rule: str = "nothing"
    has_budget: bool = False


@dataclass
class Sub:
    """A subscription: as the provider must hold it, and what of that we cannot know yet.

    `units` are the days from which so many units are paid for; `drifted` are the facts (as they were before) that were
    changed over there and not settled here, and `untold` what will then be paid for; `spans` are since
    when which last day and billing cycle hold, `longer_from` which day was the first that an extension has added,
    `replaced` the last day and cycle of the plan that another took the place of; it is `ours` once it was ordered
    or adopted. Of what `is_odd` the charges are not reckoned: it had drifted when its term ended, or was changed in the
    hours in which the customer's month is another one than the provider's (docs/simulation.md).
    """

    account: Account
    held: Held
    id: UUID
    there: str
    ours: bool = True
    drifted: dict[str, str] = field(default_factory=dict)
    settle_on: date | None = None
    units: list[tuple[date, int]] = field(default_factory=list)
    untold: list[tuple[date, int]] = field(default_factory=list)
    spans: list[tuple[date, date, str]] = field(default_factory=list)
    longer_from: dict[date, date] = field(default_factory=dict)
    replaced: dict[date, tuple[date, str]] = field(default_factory=dict)
    is_odd: bool = False
    state: str = "active"

    def day_of(self, moment: datetime) -> date:
        """The customer's day, by which changes are dated."""
        return moment.astimezone(self.account.zone).date()


@dataclass
class Town:
    """All of it, at one moment."""

    desk: Desk
    clock: Clock
    transport: inline.Transport
    accounts: list[Account] = field(default_factory=list)
    offers: dict[str, Offer] = field(default_factory=dict)
    ids: dict[str, UUID] = field(default_factory=dict)

    def move_to(self, moment: datetime, late: timedelta = timedelta()) -> None:
        """Both clocks to a moment; a late provider stays behind."""
        self._provider_to(moment - late)
        self.clock.move_to(moment)

    def wait(self, seconds: float) -> None:
        """Let time pass; who was late catches up."""
        self.clock.advance(seconds=seconds)
        self._provider_to(self.clock.now)

    def _provider_to(self, moment: datetime) -> None:
        """Its clock goes on by itself meanwhile, and never back: it is moved by so much, not to a time."""
        behind = (moment - datetime.fromisoformat(self.desk.control("GET", "clock")["now"])).total_seconds()
        if behind > 0:
            self.desk.control("POST", "clock/advance", seconds=behind)

    def open(self, customers: int, each: int) -> None:
        """The catalogue, and customers with so many accounts each."""
        first = Shop(self.clock, self.desk)
        first.start(sync_catalogue, SyncCatalogue(), label="", resource=("catalogue", NOBODY))
        self.transport.run_until_quiet()
        # what asks a question with the order is left to the tests of orders
        self.offers = {
            said["id"]: Offer.of(said) for said in self.desk.all_of("offers") if not said["policy"].get("questions")
        }
        with services.db.begin_read() as session:
            self.ids = dict(session.execute(select(Sold.provider_offer_id, Sold.id)).all())  # type: ignore[arg-type]
        for number in range(customers):
            self._open(number, each)

    def _open(self, number: int, each: int) -> None:
        who = PEOPLE[number % len(PEOPLE)]
        shop = Shop(self.clock, self.desk)
        names = {"name": f"Customer {number}", "owner_email": f"owner-{number}@northwind.example"}
        shop.onboard(newcomer(**who, **names))
        for index in range(each):
            has_budget = index % 10 == 9
            asked = self._asked(shop, f"Account {number}-{index}", who["currency"] if has_budget else None)
            shop.start(open_account, asked)
            self.transport.run_until_quiet()
            rule = RULES[index % len(RULES)]
            self._set_rule(asked.account_id, rule)
            self.accounts.append(Account(asked.account_id, shop, ZoneInfo(who["time_zone"]), rule, has_budget))

    def _asked(self, shop: Shop, name: str, currency: str | None) -> OpenAccount:
        with accounts.db.begin_read() as session:
            known = account_queries.customer_ref(session, EVERYBODY, shop.customer_id)
        budget = Money.of("40000", currency) if currency else None
        return OpenAccount.of(known, shop.caller, name=name, cost_centre=None, budget=budget)

    def _set_rule(self, account_id: UUID, rule: str) -> None:
        with services.db.begin() as session:
            commands.set_rule(session, account=session.get_one(services.models.AccountRef, account_id), rule=rule)


@contextmanager
def a_town(folder: Path) -> Iterator[Town]:
    """Empty databases (SQLite files in a folder) and a provider of its own, at the beginning."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        desk = Desk(folder)
        stack.callback(desk.close)
        secrets = {name: new_secret(name) for name in SECRETS} | {"provider_client_secret": SECRET}
        settings = Settings(
            var=str(folder), queue_url="redis://127.0.0.1:1/0", limits="off", provider_url=desk.url,
            provider_client_id="tests", provider_timeout=1.0, **secrets,
        )  # fmt: skip
        desk.serve(settings)
        for name in DATABASES:
            metadata_of(name).create_all(database._engine(name))
        flows.load()
        transport = inline.Transport(NAMES)
        stack.enter_context(transports.using(transport))
        desk.control("PUT", "clock", now=BEGIN.isoformat())
        clock = Clock(BEGIN)
        stack.callback(clock.held.close)
        yield Town(desk, clock, transport)
