"""The part of the story in which a reseller sets what its end-customers pay, and reads what they owe it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from domains import billing, services
from domains.billing import queries as billing_queries
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.kernel.tenancy import Scope
from domains.services import commands, queries
from domains.services.models import Subscription


def sell_on() -> None:
    """Set and read prices, for all and for one; list the ways to run longer; sum up a month."""
    with services.db.begin() as session:
        held = session.scalars(select(Subscription).where(Subscription.reseller_id.is_not(None)).limit(1)).one()
        assert held.reseller_id is not None
        scope = Scope.reseller(held.reseller_id)
        for whose in (held.reseller_id, held.customer_id):
            about = {"reseller_id": held.reseller_id, "customer_id": whose}
            commands.set_resale_prices(session, **about, markup_percent=Decimal(10))
            queries.get_resale_prices(session, scope, whose)
            queries.resale_versions(session, scope, whose)
        with suppress(DomainError):
            queries.check_end_customer(session, scope, new_id())
        queries.list_resale_prices(session, scope)
        for one in (scope, Scope.customer(held.customer_id)):
            queries.explain_price(session, one, held.offer_id, account_id=held.account_id)
            with suppress(DomainError):  # it was not in the catalogue then
                queries.explain_price(session, one, held.offer_id, account_id=held.account_id, on=date(2026, 1, 1))
        queries.list_extensions(session, scope, held.id)
    with billing.db.begin() as session:
        billing_queries.owed_by_customers(session, scope, date(2026, 3, 1))
