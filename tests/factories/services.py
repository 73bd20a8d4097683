"""Offers, accounts, orders and subscriptions for tests, made through the commands that make them in life."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.kernel.messages import Exchange
from domains.kernel.tenancy import Scope
from domains.services import commands, db, queries
from domains.services.commands import AcceptedLine, ChangeOutcome, Person
from domains.services.lots import Lot
from domains.services.models import AccountRef, Offer, Policy, Subscription
from domains.services.pricing import ChangeTerms, LineWish, OrderTerms, term_day
from domains.services.providers import CatalogueOffer, CataloguePlan, Price

EVERYBODY = Scope.system("a test")
BUYER = Person(None, "Bea Buyer", "bea@northwind.example", "en")
POLICY = {
    "cancel_window_hours": 168, "return_window_hours": 168, "returnable": True, "extend": "free_date",
    "max_term_months": 36,
}  # fmt: skip


def a_plan(term: str = "P1Y", billing_cycle: str = "monthly", **prices: str) -> CataloguePlan:
    """A plan with purchase prices by currency: `a_plan(EUR="25.20")`."""
    priced = prices or {"EUR": "25.20", "JPY": "3900"}
    return CataloguePlan(term, billing_cycle, tuple(Price(code, Decimal(price)) for code, price in priced.items()))


def an_offer(offer_id: str = "tailspin-analytics-pro", **but: Any) -> CatalogueOffer:
    """An offer as the provider states it."""
    facts: dict[str, Any] = {
        "vendor": "Tailspin Software", "category": "Analytics", "name": "Analytics Pro", "kind": "seat",
        "unit": "seat", "plans": (a_plan(),), "description": "Reports and dashboards.", "min_quantity": 1,
        "max_quantity": 300, "policy": POLICY,
    }  # fmt: skip
    return CatalogueOffer(id=offer_id, **(facts | but))


def a_catalogue(session: Session, *offers: CatalogueOffer) -> None:
    """A catalogue of these offers at the standard prices."""
    commands.ensure_price_book(session)
    commands.store_catalogue(session, provider="sandbox", offers=offers or [an_offer()])


def an_account(session: Session, **but: Any) -> AccountRef:
    """An active account that may order, in euros and Amsterdam."""
    facts: dict[str, Any] = {
        "account_id": new_id(), "customer_id": new_id(), "reseller_id": None, "name": "Head office",
        "currency": "EUR", "country": "NL", "region": "eu", "time_zone": "Europe/Amsterdam",
        "price_book": "Standard 2026",
    } | but  # fmt: skip
    commands.register_account(session, **facts)
    commands.activate_account_ref(session, account_id=facts["account_id"])
    return session.get_one(AccountRef, facts["account_id"])


def a_line(session: Session, quantity: int = 20, offer_id: str = "tailspin-analytics-pro", **but: Any) -> LineWish:
    """A line that asks for an offer of the catalogue by the provider's id."""
    found = session.scalars(select(Offer.id).where(Offer.provider_offer_id == offer_id)).one()
    return LineWish(offer_id=found, quantity=quantity, **but)


def terms_of(session: Session, account: AccountRef, *lines: LineWish, **but: Any) -> OrderTerms:
    """The terms of an order of these lines."""
    wishes = list(lines) or [a_line(session)]
    return queries.order_terms(session, EVERYBODY, account_id=account.id, lines=wishes, **but)


def place(session: Session, terms: OrderTerms, **but: Any) -> None:
    """Draft the order that the terms describe."""
    facts = {name: getattr(terms, name) for name in (
        "order_id", "account_id", "customer_id", "reseller_id", "lines", "currency", "charge_now", "commitment",
        "po_reference", "cost_centre", "preview_id", "every_month", "effective_on",
    )}  # fmt: skip
    commands.draft_order(session, **(facts | {"ordered_by": BUYER} | but))


def accepted(session: Session, terms: OrderTerms, **but: Any) -> tuple[AcceptedLine, ...]:
    """All lines accepted, as the provider would answer now: one lot with a window of seven days."""
    now = clock.business_now(session)
    window = now + timedelta(days=7)
    policy = Policy(max_quantity=300, cancelable_until=window, extend_mode="free_date")
    answer = AcceptedLine(new_id(), "", 1, term_day(now), term_day(now), lots=(), policy=but.pop("policy", policy))
    return tuple(
        replace(
            answer, subscription_id=line.subscription_id, provider_subscription_id=f"ccp-{line.subscription_id}",
            quantity=line.quantity, valid_to=line.valid_to, lots=(Lot(line.quantity, now, window),), **but,
        )
        for line in terms.lines
    )  # fmt: skip


def a_subscription(session: Session, account: AccountRef, *lines: LineWish, **but: Any) -> Subscription:
    """A running subscription, ordered and delivered now: 20 seats unless lines say otherwise."""
    terms = terms_of(session, account, *lines)
    place(session, terms)
    commands.activate_order(session, order_id=terms.order_id, accepted=accepted(session, terms, **but), rejected=())
    return session.get_one(Subscription, terms.lines[0].subscription_id)


def outcome(session: Session, held: Subscription, **but: Any) -> ChangeOutcome:
    """How the provider would say that a subscription stands: as it was, but for what is named."""
    now = clock.business_now(session)
    facts: dict[str, Any] = {
        "quantity": held.quantity, "valid_to": held.valid_to, "state": "active", "raw_state": "active",
        "auto_renew": held.auto_renew, "valid_from": held.valid_from, "policy": held.allowed, "provider_version": 2,
        "lots": (Lot(held.quantity, now - timedelta(days=1), now + timedelta(days=6)),),
    }  # fmt: skip
    return ChangeOutcome(**(facts | but))


def a_running(session: Session, *lines: LineWish, **but: Any) -> Subscription:
    """A running subscription in a shop of its own: 20 seats of Analytics Pro unless lines say otherwise."""
    a_catalogue(session, an_offer(plans=(a_plan(EUR="25.20"), a_plan("P1Y", "annual", EUR="292.00"))))
    return a_subscription(session, an_account(session), *lines, **but)


def change_of(session: Session, subscription: Subscription, action: str, **wish: Any) -> ChangeTerms:
    """The terms of a change."""
    return queries.change_terms(session, EVERYBODY, subscription_id=subscription.id, action=action, **wish)


def begin(session: Session, terms: ChangeTerms, **but: Any) -> None:
    """Begin the change that the terms describe."""
    facts = {name: getattr(terms, name) for name in (
        "change_id", "subscription_id", "customer_id", "reseller_id", "kind", "to_quantity", "mode", "valid_to_wish",
        "preview_id", "charge_now", "from_quantity", "valid_to",
    )}  # fmt: skip
    commands.begin_change(session, **(facts | {"requested_by": BUYER} | but))


def ask(exchange: Exchange, *, asked_before: bool = False, **arguments: Any) -> Any:
    """Perform an exchange as a worker does: the intent, the call outside any transaction, then its answer."""

    def taken(function: Any) -> dict[str, Any]:
        return {name: value for name, value in arguments.items() if name in function.__annotations__}

    with db.begin() as session:
        request = exchange.intend(session, **taken(exchange.intend))
    try:
        answer = exchange.call(request, asked_before)
    except DomainError as no:
        if exchange.refuse is not None:
            with db.begin() as session:
                exchange.refuse(session, no, **taken(exchange.refuse))
        raise
    with db.begin() as session:
        return exchange.record(session, answer, **taken(exchange.record))


def at(text: str) -> datetime:
    """An instant from ISO text with its offset."""
    return datetime.fromisoformat(text)


def on(text: str) -> date:
    """A day from ISO text."""
    return date.fromisoformat(text)


def scope_of(account: AccountRef) -> Scope:
    """What the account's own customer may see."""
    return Scope.customer(account.customer_id)


def somebody_else() -> Scope:
    """The scope of another customer."""
    return Scope.customer(new_id())


def ids(rows: Any) -> list[UUID]:
    """The ids of some rows."""
    return [row.id for row in rows]
