"""The catalogue is taken over as a whole, and sold at our prices."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import msgspec
import pytest
from sqlalchemy import func, select

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid, NotFound
from domains.kernel.money import UnitPrice
from domains.services import commands, db, queries
from domains.services.models import Listing, Offer, OfferPlan, PriceBook, Provider
from domains.services.pricing import Rule
from domains.services.providers import CatalogueOffer
from tests.conftest import Clock
from tests.factories.services import EVERYBODY, a_catalogue, a_plan, an_account, an_offer, scope_of, somebody_else

CURRENCIES = ("EUR", "GBP", "NOK", "SEK", "CHF", "PLN", "SGD", "AUD", "JPY", "NZD", "INR")


def store(*offers: CatalogueOffer) -> commands.catalogue.CatalogueChange:
    with db.begin() as session:
        return commands.store_catalogue(session, provider="sandbox", offers=offers)


def test_a_first_sync_brings_all_offers_with_their_plans(databases: Settings, clock: Clock) -> None:
    change = store(an_offer(), an_offer("adatum-backup", name="Backup", plans=(a_plan("P1M"), a_plan("P1Y"))))

    with db.begin_read() as session:
        assert (change.added, change.changed, change.ended, change.offers) == (2, 0, 0, 2)
        assert session.scalar(select(func.count()).select_from(OfferPlan)) == 6
        assert session.get_one(Provider, "sandbox").synced_at == clock.now
        assert session.get_one(Provider, "sandbox").last_change["added"] == ["Analytics Pro", "Backup"]


def test_a_sync_writes_only_what_has_changed(databases: Settings) -> None:
    kept, dearer = an_offer(), an_offer("adatum-backup", name="Backup")
    store(kept, dearer)

    change = store(kept, msgspec.structs.replace(dearer, plans=(a_plan(EUR="99.00"),)))

    with db.begin_read() as session:
        assert (change.added, change.changed, change.ended) == (0, 1, 0)
        found = session.scalars(select(Offer).where(Offer.provider_offer_id == "adatum-backup")).one()
        prices = session.scalars(select(OfferPlan.purchase_price).where(OfferPlan.offer_id == found.id)).all()
        assert (found.version, prices) == (2, [Decimal(99)])
        assert session.scalars(select(Listing.purchase_price).where(Listing.offer_id == found.id)).all() == [99]


def test_an_offer_that_has_vanished_is_no_longer_sold_and_may_come_back(databases: Settings) -> None:
    store(an_offer(), an_offer("adatum-backup", name="Backup"))

    assert store(an_offer()).ended == 1
    with db.begin_read() as session:
        assert queries.search_offers(session, EVERYBODY, currency="EUR").total == 1
    assert store(an_offer(), an_offer("adatum-backup", name="Backup")).changed == 1
    with db.begin_read() as session:
        assert queries.search_offers(session, EVERYBODY, currency="EUR").total == 2


def test_an_empty_catalogue_ends_nothing(databases: Settings) -> None:
    store(an_offer())

    with pytest.raises(Invalid) as refused:
        store()
    assert refused.value.code == "catalogue_empty"


def test_a_plan_named_twice_is_taken_once(databases: Settings) -> None:
    assert store(an_offer(plans=(a_plan(EUR="1"), a_plan(EUR="2")))).added == 1


def test_a_large_catalogue_is_taken_over_twice(databases: Settings) -> None:
    terms = (("P1M", "monthly"), ("P1Y", "monthly"), ("P1Y", "annual"), ("P3Y", "annual"))
    plans = tuple(a_plan(*term, **dict.fromkeys(CURRENCIES, "10.00")) for term in terms)
    offers = [an_offer(f"offer-{n}", name=f"Offer {n}", plans=plans) for n in range(300)]

    assert store(*offers).added == 300
    assert store(*(msgspec.structs.replace(offer, description="another") for offer in offers)).changed == 300


def test_a_new_installation_gets_the_standard_price_book_once(databases: Settings) -> None:
    with db.begin() as session:
        commands.ensure_price_book(session)
        commands.set_price_book(session, name="Standard 2026", rules=[Rule("all", markup_percent=Decimal(50))])
        commands.ensure_price_book(session)

    with db.begin_read() as session:
        assert [(book.name, book.version) for book in session.scalars(select(PriceBook))] == [("Standard 2026", 2)]


def test_a_customer_pays_by_the_price_book_of_the_account(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        commands.set_price_book(session, name="Wingtip 2026", rules=[Rule("all", markup_percent=Decimal(50))])
        standard, wingtip = an_account(session), an_account(session, price_book="Wingtip 2026")

        prices = [
            queries.search_offers(session, scope_of(account), account_id=account.id).items[0].unit_price
            for account in (standard, wingtip)
        ]

    assert prices == [UnitPrice(Decimal("31.50"), "EUR"), UnitPrice(Decimal("37.80"), "EUR")]


def test_a_price_book_without_a_rule_for_an_offer_has_no_price_for_it(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        commands.set_price_book(session, name="Narrow", rules=[Rule("vendor", "Fabrikam", markup_percent=Decimal(5))])

        page = queries.search_offers(session, EVERYBODY, currency="EUR", price_book="Narrow")

    assert page.items[0].unit_price is None


def test_an_offer_is_shown_with_its_plans_add_ons_and_needs(databases: Settings) -> None:
    plans = (a_plan("P1M", EUR="30.00"), a_plan("P1Y", EUR="25.20"), a_plan("P1Y", "annual", EUR="290.00"))
    connector = an_offer("connector", name="Connector", kind="addon", addon_of=("tailspin-analytics-pro",))
    suite = an_offer("suite", name="Suite")
    with db.begin() as session:
        a_catalogue(session, an_offer(plans=plans, prerequisites=("suite",)), connector, suite)
        account = an_account(session)
        found = queries.search_offers(session, scope_of(account), account_id=account.id, q="analytics-pro").items[0]

        offer = queries.get_offer(session, scope_of(account), found.id, account_id=account.id)
        add_on = queries.get_offer(session, scope_of(account), offer.add_ons[0].id, account_id=account.id)

    assert [(plan.term, plan.billing_cycle, str(plan.unit_price)) for plan in offer.plans] == [
        ("P1Y", "monthly", "EUR 31.5"), ("P1M", "monthly", "EUR 37.5"), ("P1Y", "annual", "EUR 362.5"),
    ]  # fmt: skip
    assert [link.name for link in offer.prerequisites] == ["Suite"]
    assert [link.name for link in add_on.addon_of] == ["Analytics Pro"]
    assert offer.is_sold
    assert "purchase" not in str(msgspec.to_builtins(offer))


def test_an_offer_nobody_knows_is_not_found(databases: Settings) -> None:
    with db.begin_read() as session, pytest.raises(NotFound):
        queries.get_offer(session, EVERYBODY, new_id())


def test_prices_for_another_customers_account_are_not_found(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)

        with pytest.raises(NotFound):
            queries.search_offers(session, somebody_else(), account_id=account.id)


def test_every_country_and_currency_sees_what_is_sold_there(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(), an_offer("german", name="Only German", countries=("DE", "AT")))
        accounts = [an_account(session, country=country, currency=currency)
                    for country, currency in product(("NL", "DE"), ("EUR", "SEK"))]  # fmt: skip

        totals = [queries.search_offers(session, EVERYBODY, account_id=account.id).total for account in accounts]

    assert totals == [1, 0, 2, 0]
