"""A reseller's own prices: what its end-customers pay, and what is told to whom."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Invalid, NotFound
from domains.kernel.money import UnitPrice
from domains.kernel.tenancy import Scope
from domains.services import commands, db, queries
from domains.services.models import AccountRef, Line, Offer, Subscription
from domains.services.pricing import Rule
from domains.services.providers import SaidPromotion
from tests.conftest import Clock
from tests.factories.services import a_catalogue, a_line, an_account, an_offer, on, place, scope_of

OPERATOR = Scope.operator()
PRO = "tailspin-analytics-pro"  # costs us 25.20, the reseller 31.50


def plus(percent: str, scope: str = "all", target: str = "", **but: Any) -> Rule:
    return Rule(scope, target, markup_percent=Decimal(percent), **but)


def resold(session: Session, account: AccountRef, percent: str | None = "10", *rules: Rule, **but: Any) -> int:
    """Set what the end-customers of an account's reseller pay, all of them unless one is named."""
    assert account.reseller_id is not None
    known: dict[str, Any] = {"reseller_id": account.reseller_id, "customer_id": account.reseller_id, "rules": rules}
    known["markup_percent"] = None if percent is None else Decimal(percent)
    return commands.set_resale_prices(session, **(known | but))


def why(session: Session, scope: Scope, account: AccountRef, **asked: Any) -> queries.Explanation:
    offer_id = session.scalars(select(Offer.id).where(Offer.provider_offer_id == PRO)).one()
    return queries.explain_price(session, scope, offer_id, account_id=account.id, **asked)


def price(session: Session, account: AccountRef, **asked: Any) -> str:
    return str(why(session, scope_of(account), account, **asked).unit_price)


@pytest.fixture
def shop(databases: Settings, clock: Clock) -> UUID:
    """An end-customer's account in a shop that sells Analytics Pro."""
    with db.begin() as session:
        a_catalogue(session)
        return an_account(session, reseller_id=new_id()).id


def test_an_end_customer_pays_the_resellers_percentage_and_what_differs_for_it(shop: UUID) -> None:
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        told = [price(session, account)]
        resold(session, account, "10")
        told.append(price(session, account))
        resold(session, account, "10", plus("20", "vendor", "tailspin software"))
        told.append(price(session, account))
        resold(session, account, None, customer_id=account.customer_id)
        told.append(price(session, account))
        resold(session, account, "50", plus("40", min_quantity=50), customer_id=account.customer_id, rounding="99")
        told += [price(session, account), price(session, account, quantity=50)]

    assert told == ["EUR 31.5", "EUR 34.65", "EUR 37.8", "EUR 37.8", "EUR 47.99", "EUR 44.99"]


def test_what_was_once_reads_the_rules_of_then_and_what_comes_those_of_now(shop: UUID, clock: Clock) -> None:
    clock.advance(days=1)
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        resold(session, account, "10")
    clock.advance(days=2)
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        resold(session, account, "20", plus("30", valid_from=on("2026-04-01")))
        days = [None, on("2026-03-10"), on("2026-03-11"), on("2026-04-01")]
        told = [price(session, account, on=day) for day in days]

    assert told == ["EUR 37.8", "EUR 31.5", "EUR 34.65", "EUR 40.95"]


def test_each_reader_is_told_of_a_price_what_concerns_them(shop: UUID) -> None:
    tenth = SaidPromotion("tenth", "A tenth off", percent=Decimal(10))
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        commands.store_promotions(session, provider="sandbox", said=[tenth])
        resold(session, account, "10", plus("20", "offer", PRO))
        customer = why(session, scope_of(account), account)
        reseller = why(session, Scope.reseller(account.reseller_id), account)  # type: ignore[arg-type]
        operator = why(session, OPERATOR, account)

    said = str(msgspec.to_builtins(customer))
    assert (str(customer.unit_price), customer.priced_by.book, customer.reseller) == ("EUR 34.02", "reseller", None)
    assert not any(word in said for word in ("28.35", "31.5", "25.2", "tenth", "A tenth off"))
    own = reseller.reseller
    assert own is not None and (str(own.unit_price), own.priced_by.promotion) == ("EUR 28.35", "A tenth off")
    assert (own.rule.markup_percent, own.margin_percent) == (Decimal(20), Decimal("16.7"))
    assert (reseller.unit_price, reseller.steps, reseller.purchase_price) == (customer.unit_price, (), None)
    assert (str(operator.unit_price), operator.reseller) == ("EUR 28.35", None)


def test_without_an_account_a_customer_sees_its_price_and_its_reseller_what_it_pays(shop: UUID) -> None:
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        resold(session, account, "10")
        scopes = [scope_of(account), Scope.reseller(account.reseller_id)]  # type: ignore[arg-type]
        found = [queries.search_offers(session, scope).items[0].unit_price for scope in scopes]
        bands = [queries.search_offers(session, scope).facets["price"][0].value for scope in scopes]
        again = queries.search_offers(session, scopes[0], sort="price").items[0].unit_price

    assert [str(one) for one in found] == ["EUR 34.65", "EUR 31.5"]
    assert (str(again), bands) == ("EUR 34.65", ["10-50", "10-50"])


def test_the_search_by_price_never_sees_another_resellers_shelf(shop: UUID) -> None:
    with db.begin() as session:
        account, other = session.get_one(AccountRef, shop), an_account(session, reseller_id=new_id())
        resold(session, account, "100")
        resold(session, other, "900")
    with db.begin_read() as session:
        bands = [
            [one.value for one in queries.search_offers(session, scope_of(each)).facets["price"]]
            for each in (session.get_one(AccountRef, shop), session.get_one(AccountRef, other.id))
        ]

    assert bands == [["50-100"], ["100-500"]]


def test_an_order_keeps_both_prices_and_tells_the_resellers_to_it_alone(shop: UUID) -> None:
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        resold(session, account, "10")
        terms = queries.order_terms(session, scope_of(account), account_id=shop, lines=[a_line(session, 4)])
        promises = [
            commands.preview_order(session, scope=scope, account_id=shop, lines=[a_line(session, 4)])
            for scope in (scope_of(account), Scope.reseller(account.reseller_id))  # type: ignore[arg-type]
        ]
        place(session, terms)
        line = session.get_one(Line, terms.lines[0].subscription_id)
        row = session.get_one(Subscription, line.subscription_id)
        held = [
            queries.get_order(session, scope, terms.order_id).lines[0].payer_price
            for scope in (scope_of(account), Scope.reseller(account.reseller_id))  # type: ignore[arg-type]
        ]
        views = [
            queries.get_subscription(session, scope, row.id).payer_price
            for scope in (scope_of(account), Scope.reseller(account.reseller_id))  # type: ignore[arg-type]
        ]

    own = UnitPrice(Decimal("31.5"), "EUR")
    assert (str(terms.lines[0].unit_price), terms.lines[0].payer_price) == ("EUR 34.65", own)
    assert (line.unit_price, row.unit_price, row.payer_price) == (Decimal("34.65"), terms.lines[0].unit_price, own)
    shown = [one.terms.lines[0].payer_price for one in promises]  # type: ignore[union-attr]
    assert shown == held == views == [None, own]


def test_a_preview_holds_its_price_for_the_reseller_too(shop: UUID) -> None:
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        resold(session, account, "10")
        promise = commands.preview_order(session, scope=scope_of(account), account_id=shop, lines=[a_line(session, 4)])
        resold(session, account, "80")
        kept: dict[str, Any] = {"account_id": shop, "lines": [a_line(session, 4)], "preview_id": promise.id}
        terms = queries.order_terms(session, scope_of(account), **kept)
        place(session, terms)
        row = session.get_one(Subscription, terms.lines[0].subscription_id)

    assert (row.unit_rate, row.payer_rate) == (Decimal("34.65"), Decimal("31.5"))


def test_a_fixed_price_of_the_resellers_holds_in_its_currency_and_else_the_percentage(shop: UUID) -> None:
    fixed = Rule("offer", PRO, unit_price=UnitPrice(Decimal(39), "EUR"), term="P1Y", billing_cycle="monthly")
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        a_catalogue(session, an_offer())
        resold(session, account, "10", fixed)
        yen = queries.get_offer(session, scope_of(account), a_line(session).offer_id, currency="JPY")

        assert price(session, account) == "EUR 39"
        assert str(yen.plans[0].unit_price) == "JPY 5363"


def test_prices_that_cannot_be_meant_are_refused_with_how_to_mend_them(shop: UUID) -> None:
    free = Rule("offer", PRO, unit_price=UnitPrice(Decimal(0), "EUR"), term="P1Y", billing_cycle="monthly")
    wrong: list[tuple[str, tuple[Any, ...]]] = [
        ("markup_percent", (None,)), ("markup_percent", ("-100",)), ("markup_percent", ("100001",)),
        ("rules", ("10", plus("-100"))), ("rules", ("10", free)),
        ("rules", ("10", Rule("all", discount_percent=Decimal(5)))),
    ]  # fmt: skip
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        for field, asked in wrong:
            with pytest.raises(Invalid) as no:
                resold(session, account, *asked)
            assert no.value.field == field
        with pytest.raises(Invalid) as no:
            resold(session, account, None, customer_id=account.customer_id)
        assert no.value.field == "markup_percent"
        assert queries.list_resale_prices(session, Scope.reseller(account.reseller_id)) == []  # type: ignore[arg-type]


def test_two_who_change_the_same_prices_do_not_overwrite_each_other(shop: UUID) -> None:
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        assert [resold(session, account, "10", expected_version=0), resold(session, account, "11")] == [1, 2]
        with pytest.raises(Conflict):
            resold(session, account, "12", expected_version=1)
        scope = Scope.reseller(account.reseller_id)  # type: ignore[arg-type]
        versions = queries.resale_versions(session, scope, account.reseller_id)  # type: ignore[arg-type]

    assert [(one.version, one.markup_percent) for one in versions] == [(2, Decimal(11)), (1, Decimal(10))]


def test_resale_prices_are_the_resellers_own(shop: UUID) -> None:
    with db.begin() as session:
        account = session.get_one(AccountRef, shop)
        resold(session, account, "10")
        stranger = Scope.reseller(new_id())
        for scope in (scope_of(account), OPERATOR, Scope.customer(account.reseller_id)):  # type: ignore[arg-type]
            assert queries.list_resale_prices(session, scope) == []
            with pytest.raises(NotFound):
                queries.get_resale_prices(session, scope, account.customer_id)
        assert queries.list_resale_prices(session, stranger) == []
        for whose in (account.customer_id, account.reseller_id, new_id()):
            with pytest.raises(NotFound):
                queries.get_resale_prices(session, stranger, whose)  # type: ignore[arg-type]
