"""Whose price it is, and why: books, agreements and promotions in the database, today and on days that are over."""

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
from domains.kernel.errors import Invalid, NotFound, Refused
from domains.kernel.money import UnitPrice
from domains.kernel.tenancy import Scope
from domains.services import commands, db, queries
from domains.services.models import AccountRef, Offer
from domains.services.pricing import Rule
from domains.services.providers import SaidPromotion
from tests.conftest import Clock
from tests.factories.services import (
    EVERYBODY,
    a_catalogue,
    a_line,
    a_plan,
    a_subscription,
    an_account,
    an_offer,
    on,
    place,
    scope_of,
    terms_of,
)

OPERATOR = Scope.operator()
TENTH = SaidPromotion("tenth", "A tenth off", percent=Decimal(10), first_purchase=True, max_quantity=50)


def eur(amount: str) -> UnitPrice:
    return UnitPrice(Decimal(amount), "EUR")


def book(session: Session, name: str, *rules: Rule, **but: Any) -> UUID:
    return commands.set_price_book(session, name=name, rules=rules, **but)


def plus(percent: int, scope: str = "all", target: str = "", **but: Any) -> Rule:
    return Rule(scope, target, markup_percent=Decimal(percent), **but)


def agree(session: Session, holder: UUID, name: str, first: str = "2026-01-01", last: str | None = None) -> Any:
    return commands.agree_prices(
        session, agreement_id=new_id(), holder_id=holder, reference=f"FA {name}", price_book=name,
        valid_from=on(first), valid_to=on(last) if last else None,
    )  # fmt: skip


def why(session: Session, scope: Scope, account: AccountRef, **asked: Any) -> queries.Explanation:
    offer_id = session.scalars(select(Offer.id).where(Offer.provider_offer_id == "tailspin-analytics-pro")).one()
    return queries.explain_price(session, scope, offer_id, account_id=account.id, **asked)


def test_a_customers_agreement_comes_before_its_resellers_and_both_before_its_book(
    databases: Settings, clock: Clock
) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session, reseller_id=new_id())
        prices = [why(session, scope_of(account), account)]
        for name, percent, holder in (("Partner", 20, account.reseller_id), ("Own", 10, account.customer_id)):
            book(session, name, plus(percent))
            agree(session, holder, name)
            prices.append(why(session, scope_of(account), account))

    assert [str(one.unit_price) for one in prices] == ["EUR 31.5", "EUR 30.24", "EUR 27.72"]
    assert [one.priced_by.agreement for one in prices] == [None, "FA Partner", "FA Own"]


def test_what_an_agreement_says_nothing_of_is_sold_by_the_customers_book(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        book(session, "Narrow", plus(0, "vendor", "Fabrikam"))
        agree(session, account.customer_id, "Narrow")

        assert why(session, scope_of(account), account).unit_price == eur("31.50")


def test_an_agreement_holds_from_its_first_day_to_its_last(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        book(session, "Spring", plus(0))
        agree(session, account.customer_id, "Spring", "2026-03-11", "2026-03-20")
        days = ("2026-03-10", "2026-03-11", "2026-03-20", "2026-03-21")

        found = [why(session, scope_of(account), account, on=on(day)).unit_price for day in days]

    assert found == [eur("31.50"), eur("25.20"), eur("25.20"), eur("31.50")]


def test_an_order_and_its_preview_are_priced_by_their_quantity_and_say_by_what(
    databases: Settings, clock: Clock
) -> None:
    with db.begin() as session:
        a_catalogue(session)
        book(session, "Standard 2026", plus(25), plus(10, min_quantity=50))
        account = an_account(session)

        few, many = (terms_of(session, account, a_line(session, count)).lines[0] for count in (49, 50))
        terms = terms_of(session, account, a_line(session, 50))
        place(session, terms)
        book(session, "Standard 2026", plus(99))
        kept = queries.get_order(session, EVERYBODY, terms.order_id).lines[0]

    assert (few.unit_price, many.unit_price) == (eur("31.50"), eur("27.72"))
    assert many.priced_by is not None
    assert (many.priced_by.tier, many.priced_by.book) == (50, "Standard 2026")
    assert (kept.unit_price, kept.priced_by) == (eur("27.72"), many.priced_by)


def test_tiers_are_told_with_the_plan(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        book(session, "Standard 2026", plus(25), plus(10, min_quantity=50), plus(5, min_quantity=1000))
        account = an_account(session)
        offer_id = session.scalars(select(Offer.id)).one()

        plan = queries.get_offer(session, scope_of(account), offer_id, account_id=account.id).plans[0]

    assert [(tier.from_quantity, tier.unit_price) for tier in plan.tiers] == [(50, eur("27.72"))]  # sold up to 300


def test_a_day_that_is_over_is_explained_by_the_rules_and_costs_of_then(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
    clock.advance(days=5)
    with db.begin() as session:
        book(session, "Standard 2026", plus(50))
    clock.advance(days=5)
    with db.begin() as session:
        commands.store_catalogue(session, provider="sandbox", offers=[an_offer(plans=(a_plan(EUR="40.00"),))])
    clock.advance(days=1)

    with db.begin_read() as session:
        days = ("2026-03-10", "2026-03-14", "2026-03-15", "2026-03-19", "2026-03-20", "2026-03-21")
        found = {day: why(session, OPERATOR, account, on=on(day)) for day in days}

    assert [str(one.unit_price) for one in found.values()] == [
        "EUR 31.5", "EUR 31.5", "EUR 37.8", "EUR 37.8", "EUR 60", "EUR 60",
    ]  # fmt: skip
    assert str(found["2026-03-19"].purchase_price) == "EUR 25.2"


def test_before_it_was_in_the_catalogue_an_offer_had_no_price(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)

        with pytest.raises(Refused) as refused:
            why(session, scope_of(account), account, on=on("2026-03-09"))
        with pytest.raises(Invalid):
            why(session, scope_of(account), account, on=on("1999-01-01"))

    assert refused.value.field == "on"


def test_what_it_costs_us_and_the_steps_are_told_to_the_operator_alone(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session, reseller_id=new_id())
        told = [why(session, scope, account) for scope in (scope_of(account), Scope.reseller(account.reseller_id))]
        ours = why(session, OPERATOR, account)

    assert all((one.rule, one.steps, one.purchase_price, one.margin_percent) == (None, (), None, None) for one in told)
    assert all("25.2" not in str(msgspec.to_builtins(one)) for one in told)
    assert (str(ours.purchase_price), ours.margin_percent) == ("EUR 25.2", Decimal("20.0"))
    assert [step.kind for step in ours.steps] == ["purchase", "markup", "rounding"]


def test_another_customers_account_explains_nothing(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)

        with pytest.raises(NotFound):
            why(session, Scope.customer(new_id()), account)


# ---------- promotions ----------


def test_a_promotion_is_given_to_whoever_may_have_it_and_stays_on_the_line(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        commands.store_promotions(session, provider="sandbox", said=[TENTH])
        account = an_account(session)
        given, beyond = (terms_of(session, account, a_line(session, count)).lines[0] for count in (50, 51))
        told = why(session, scope_of(account), account, quantity=51)
        a_subscription(session, account, a_line(session, 5))
        again = why(session, scope_of(account), account, quantity=5)

    assert (given.unit_price, beyond.unit_price) == (eur("28.35"), eur("31.50"))
    assert given.priced_by is not None
    assert (given.priced_by.promotion_id, given.priced_by.regular_price) == ("tenth", eur("31.50"))
    assert (told.promotion, told.hindrance, told.most) == ("A tenth off", "max_quantity", 50)
    assert (again.hindrance, again.unit_price) == ("first_purchase", eur("31.50"))


def test_a_promotion_holds_in_its_countries_on_its_days_and_ends_when_it_is_taken_back(
    databases: Settings, clock: Clock
) -> None:
    spring = msgspec.structs.replace(TENTH, countries=("NL",), valid_from=on("2026-03-11"), valid_to=on("2026-04-01"))
    with db.begin() as session:
        a_catalogue(session)
        commands.store_promotions(session, provider="sandbox", said=[spring])
        dutch, french = an_account(session), an_account(session, country="FR")

        def prices() -> list[str]:
            days = ("2026-03-10", "2026-03-11", "2026-04-01", "2026-04-02")
            found = [why(session, scope_of(dutch), dutch, on=on(day)).unit_price for day in days]
            return [str(one.amount.normalize()) for one in found]

        before, abroad = prices(), why(session, scope_of(french), french, on=on("2026-03-12")).unit_price
    clock.advance(days=4)
    with db.begin() as session:
        commands.store_promotions(session, provider="sandbox", said=[])
        after = why(session, scope_of(dutch), dutch).unit_price
        then = why(session, scope_of(dutch), dutch, on=on("2026-03-12")).unit_price

    assert before == ["31.5", "28.35", "28.35", "31.5"]
    assert (abroad, after, then) == (eur("31.50"), eur("31.50"), eur("28.35"))


def test_a_promotion_is_for_what_its_own_provider_sells(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        commands.store_promotions(session, provider="another", said=[TENTH])
        account = an_account(session)
        ordered, told = terms_of(session, account, a_line(session, 5)).lines[0], why(session, OPERATOR, account)
        listed = queries.search_offers(session, scope_of(account), account_id=account.id).items[0]

    assert (ordered.unit_price, told.promotion, listed.unit_price) == (eur("31.50"), None, eur("31.50"))


def test_an_order_for_a_later_day_has_the_price_that_holds_on_it(databases: Settings, clock: Clock) -> None:
    ending = msgspec.structs.replace(TENTH, valid_to=on("2026-03-15"))
    with db.begin() as session:
        a_catalogue(session)
        commands.store_promotions(session, provider="sandbox", said=[ending])
        book(session, "Rising", plus(25), plus(50, valid_from=on("2026-03-20")))
        account = an_account(session, price_book="Rising")
        days = (None, on("2026-03-16"), on("2026-03-20"))
        found = [terms_of(session, account, a_line(session, 5), starts_on=day).lines[0] for day in days]

    assert [one.unit_price for one in found] == [eur("28.35"), eur("31.50"), eur("37.80")]
    assert [str(one.priced_by.on) for one in found if one.priced_by] == ["2026-03-10", "2026-03-16", "2026-03-20"]


def test_lines_of_one_offer_are_counted_together_for_the_most_of_a_promotion(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        commands.store_promotions(session, provider="sandbox", said=[TENTH])
        account = an_account(session)
        within, beyond = (
            terms_of(session, account, a_line(session, 25), a_line(session, count)).lines for count in (25, 26)
        )

    assert {line.unit_price for line in within} == {eur("28.35")}
    assert {line.unit_price for line in beyond} == {eur("31.50")}


def test_a_promotion_that_we_cannot_reckon_with_is_left_out(databases: Settings, clock: Clock) -> None:
    nonsense = [
        SaidPromotion("both", "x", percent=Decimal(5), amounts={"EUR": Decimal(1)}), SaidPromotion("none", "x"),
        SaidPromotion("much", "x", percent=Decimal(101)), SaidPromotion("less", "x", amounts={"EUR": Decimal(-1)}),
    ]  # fmt: skip
    with db.begin() as session:
        a_catalogue(session)
        commands.store_promotions(session, provider="sandbox", said=nonsense)
        account = an_account(session)

        assert why(session, scope_of(account), account).promotion is None
