"""The part of the story about accounts that are closed, budgets, and the catalogue with its prices."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import structs
from sqlalchemy.orm import Session

from domains import accounts, services, users
from domains.accounts import commands as account_commands
from domains.accounts.queries.budgets import told
from domains.kernel import clock
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from domains.services import commands as service_commands
from domains.services import queries as service_queries
from domains.services.commands.previews import forget_expired
from domains.services.pricing.books import Rule
from domains.services.providers import Hint, SaidPromotion, provider
from domains.users import commands as user_commands

SCOPE = Scope.operator()


def budgets_and_closing() -> None:
    key = new_id()
    with accounts.db.begin() as session:
        account_commands.keep_open(session, account_id=key)
        account_commands.warn(session, key)
        account_commands.close_account(session, account_id=key)
        with suppress(DomainError):
            account_commands.begin_closing(session, account_id=key, customer_id=key, expected_version=None)
        account = accounts.queries.list_accounts(session, SCOPE, status="active").items[0]
        account_commands.check_closing(session, account, None)
        accounts.queries.outlook(session, SCOPE, account.id)
        told(session, account.id, clock.now(session).date())
    with services.db.begin() as session:
        for one in service_queries.list_subscriptions(session, SCOPE, state="active", limit=1).items:
            service_commands.apply_look(session, subscription_id=one.id, look=None)
    told_of = {"account_id": key, "customer_id": key, "name": "x", "percent": 80, "committed": Money.of(1, "EUR")}
    with users.db.begin() as session:
        user_commands.tell_of_budget(session, **told_of, budget=Money.of(1, "EUR"))


def keep_the_catalogue() -> None:
    with services.db.begin() as session:
        service_commands.ensure_price_book(session)
        book = service_commands.set_price_book(session, name="special", rules=[Rule("all", markup_percent=Decimal(5))])
        keep_prices(session, book)
        forget_expired(session)
        look_at_providers(session)
    known = provider()
    first, *others = known.list_offers()
    with services.db.begin() as session:  # one is new, one has changed, one has ended
        now = [structs.replace(first, id="new"), structs.replace(others[0], name="Changed"), *others[2:]]
        service_commands.store_catalogue(session, provider=known.key, offers=now)
        service_commands.store_catalogue(session, provider=known.key, offers=[first], full=False, ended=["new"])
        said = SaidPromotion("tenth", "A tenth", percent=Decimal(10), first_purchase=True)
        service_commands.store_promotions(session, provider=known.key, said=[said])
    look_at_prices()


def keep_prices(session: Session, book: UUID) -> None:
    holder, today = new_id(), clock.now(session).date()
    about = {"agreement_id": new_id(), "holder_id": holder, "reference": "FA-1", "price_book": "special"}
    made = service_commands.agree_prices(session, valid_from=today, **about)  # type: ignore[arg-type]
    service_commands.end_agreement(session, agreement_id=made.id, valid_to=None)
    service_queries.list_agreements(session, SCOPE, holder_id=holder)
    service_queries.list_agreements(session, Scope.customer(holder))
    service_queries.get_agreement(session, SCOPE, made.id)
    service_queries.list_price_books(session, SCOPE)
    service_queries.book_versions(session, SCOPE, book)
    service_queries.list_buyers(session, SCOPE)
    with suppress(DomainError):
        service_queries.check_holder(session, SCOPE, holder)


def look_at_providers(session: Any) -> None:
    hint = Hint("subscription.direct", "CS-1", str(new_id()), clock.now(session))
    service_commands.note_hints(session, provider="sandbox", hints=[hint])
    service_commands.take_hints(session, hint_ids=[one.id for one in service_queries.open_hints(session, SCOPE)])
    service_commands.forget_hints(session)
    service_queries.hinted_subscriptions(session, SCOPE)
    service_queries.list_providers(session, SCOPE)


def look_at_prices() -> None:
    with services.db.begin() as session, clock.frozen_at(clock.now(session) + timedelta(days=2)):
        today = clock.now(session).date()
        service_queries.preview_rules(session, SCOPE, rules=[Rule("all", markup_percent=Decimal(5))])
        offer = service_queries.search_offers(session, SCOPE, currency="EUR").items[0]
        account = service_queries.list_accounts(session, SCOPE, status=None)[0]
        for on in (None, today - timedelta(days=1)):
            with suppress(DomainError):
                service_queries.explain_price(session, SCOPE, offer.id, account_id=account.id, on=on)
        sync = service_queries.list_syncs(session).items[0]
        service_queries.get_sync(session, sync.id)
        service_queries.list_offer_changes(session, SCOPE, sync_id=sync.id, offer_id=offer.id, kind="added")
