"""A customer that buys through the real flows, step by step, as fast or as slowly as a test wants."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any
from uuid import UUID

from domains import accounts, services
from domains.accounts import queries as account_queries
from domains.kernel.database import new_id
from domains.kernel.money import Money
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.services import queries as sold
from saga import coordinator, store, transports
from saga.flows.onboard_customer import onboard_customer
from saga.flows.open_account import open_account
from saga.flows.place_order import place_order
from saga.flows.sync_catalogue import NOBODY, SyncCatalogue, sync_catalogue
from saga.payloads.account import OpenAccount
from saga.payloads.customer import OnboardCustomer
from saga.payloads.order import PlaceOrder
from saga.tables import Run
from saga.transports import inline
from tests.conftest import Clock
from tests.factories.services import EVERYBODY, a_line
from tests.sandboxes import Sandbox

PRO, CONNECTOR = "tailspin-analytics-pro", "tailspin-data-connector"


def newcomer(**but: Any) -> OnboardCustomer:
    """A new customer in the Netherlands that pays in euros."""
    facts: dict[str, Any] = {
        "reseller_id": None, "kind": "direct", "name": "Northwind Traders", "legal_name": "Northwind Traders B.V.",
        "country": "NL", "region": "eu", "currency": "EUR", "language": "en", "time_zone": "Europe/Amsterdam",
        "email": "office@northwind.example", "tax_id": "NL123456789B01", "credit_limit": None,
        "payment_terms_days": 14, "price_book": "Standard 2026", "owner_name": "Olivia Owen",
        "owner_email": "owner@northwind.example", "street": "Keizersgracht 1", "postcode": "1017 ZZ",
        "city": "Amsterdam",
    }  # fmt: skip
    return OnboardCustomer.of(**facts | but)


class Shop:
    """One customer, its owner and its account."""

    customer_id: UUID
    account_id: UUID
    caller: Caller

    def __init__(self, clock: Clock, sandbox: Sandbox) -> None:
        self.clock, self.sandbox, self.opened_at = clock, sandbox, clock.now

    @property
    def transport(self) -> inline.Transport:
        found = transports.current()
        assert isinstance(found, inline.Transport)
        return found

    @property
    def scope(self) -> Scope:
        return Scope.customer(self.customer_id)

    # ---- opening

    def open(self) -> None:
        """The catalogue, a customer and its account."""
        self.start(sync_catalogue, SyncCatalogue(), label="", resource=("catalogue", NOBODY))
        self.onboard(newcomer())
        account = self.an_account()
        self.start(open_account, account)
        self.transport.run_until_quiet()
        self.account_id = account.account_id

    def onboard(self, customer: OnboardCustomer) -> None:
        """A customer, whose owner acts from now on."""
        self.start(onboard_customer, customer)
        self.transport.run_until_quiet()
        self.customer_id = customer.customer_id
        self.caller = Caller(
            actor=Actor("user", str(customer.owner_user_id), customer.owner_name), scope=self.scope,
            customer_id=self.customer_id, customer_kind="direct", customer_name=customer.name, roles=("owner",),
            scopes=frozenset(), login_id="", preferences={"language": "en", "email": customer.owner_email},
        )  # fmt: skip

    def an_account(self, name: str = "Head office", budget: str = "9000") -> OpenAccount:
        """An account that the owner wants to open."""
        with accounts.db.begin_read() as session:
            known = account_queries.customer_ref(session, EVERYBODY, self.customer_id)
        return OpenAccount.of(known, self.caller, name=name, cost_centre="CC-100", budget=Money.of(budget, "EUR"))

    # ---- wishes

    def an_order(self, *lines: tuple[int, str]) -> PlaceOrder:
        """An order that was not placed yet: 20 seats of Analytics Pro unless lines say otherwise."""
        with services.db.begin_read() as session:
            wishes = [a_line(session, *line) for line in lines or [(20, PRO)]]
            terms = sold.order_terms(session, self.scope, account_id=self.account_id, lines=wishes)
        return PlaceOrder.of(terms, self.caller)

    def bought(self, *lines: tuple[int, str]) -> UUID:
        """A running subscription."""
        order = self.an_order(*lines)
        self.start(place_order, order)
        self.transport.run_until_quiet()
        return order.lines[0].subscription_id

    def a_change(self, saga: Any, subscription_id: UUID, action: str, version: int | None = None, **wish: Any) -> Any:
        """A change that was not asked for yet."""
        with services.db.begin_read() as session:
            terms = sold.change_terms(session, self.scope, subscription_id=subscription_id, action=action, **wish)
        return saga.payload.of(terms, self.caller, version)

    # ---- runs

    def start(self, saga: Any, payload: Any, *, key: str = "", digest: str = "", **about: Any) -> Run:
        """Start a flow; nothing of it is performed yet."""
        about = about or {"label": payload.label, "resource": payload.resource}
        return store.start(saga, payload, key=key or str(new_id()), request_digest=digest, **about)

    def run(self, saga: Any, payload: Any, **about: Any) -> Run:
        """Start a flow and do all that is due now."""
        started = self.start(saga, payload, **about)
        self.transport.run_until_quiet()
        return started

    def carry_on(self, rounds: int = 40) -> None:
        """Let time pass from timer to timer until every run has ended, or for so many timers."""
        for _ in range(rounds):
            self.transport.run_until_quiet()
            due = self.transport.next_due()
            if due is None:
                return
            self.clock.move_to(max(due, self.clock.now) + timedelta(milliseconds=1))

    def work_off_doubled(self) -> None:
        """Do all that is due now, every command and reply twice, and all of them once more at the end."""
        transport, commands, replies = self.transport, list[Any](), list[Any]()
        while transport.commands:
            fresh = list(transport.commands)
            commands += fresh
            self.perform([*fresh, *fresh])
            replies += transport.replies
            transport.replies.clear()
            coordinator.handle([*replies, *replies])
        self.perform(commands)
        self.transport.run_until_quiet()

    def perform(self, commands: list[Any]) -> None:
        """Perform these commands and no others; their replies wait."""
        self.transport.commands = deque(commands)
        for _ in commands:
            self.transport.perform_next()

    def forget_messages(self) -> None:
        """What a queue server that was emptied leaves of the messages."""
        self.transport.commands.clear()
        self.transport.replies.clear()
