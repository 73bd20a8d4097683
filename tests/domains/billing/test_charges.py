"""Charges: one for each thing that costs something, with what it is for, once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from domains.billing import db, queries
from domains.billing.commands import AcceptedLine
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid
from domains.kernel.money import Money, UnitPrice
from domains.kernel.tenancy import Scope
from tests.conftest import Clock
from tests.factories.billing import a_line, charge, charge_change, charges


def test_each_accepted_line_is_charged_with_what_it_is_for(databases: Settings, clock: Clock) -> None:
    line, order_id, account_id = a_line("445.16"), new_id(), new_id()
    customer, reseller = new_id(), new_id()
    with db.begin() as session:
        owners = {"customer_id": customer, "reseller_id": reseller, "account_id": account_id}
        charge(session, line, a_line("1.00"), order_id=order_id, **owners)
        made = charges(session)[0]

        assert (len(charges(session)), made.id, made.source_id) == (2, line.subscription_id, order_id)
        assert (made.customer_id, made.reseller_id, made.account_id) == (customer, reseller, account_id)
        assert (made.kind, made.name, made.quantity, made.account_name) == (
            "activation", "Analytics Pro", 20, "Head office",
        )  # fmt: skip
        assert (made.amount, made.price) == (Money.of("445.16", "EUR"), UnitPrice(Decimal("31.5"), "EUR"))
        assert (made.effective_on, made.until, made.created_at) == (date(2026, 3, 10), date(2026, 4, 9), clock.now)


def test_what_the_provider_did_not_accept_is_not_charged(databases: Settings) -> None:
    yes, no = a_line(), a_line()
    with db.begin() as session:
        charge(session, yes, no, accepted=(AcceptedLine(yes.subscription_id), AcceptedLine(new_id())))
        charge(session, a_line(), accepted=())

        assert [made.id for made in charges(session)] == [yes.subscription_id]


def test_an_order_that_is_charged_again_is_charged_once(databases: Settings) -> None:
    lines, order_id = (a_line("10.00"), a_line("20.00")), new_id()
    with db.begin() as session:
        charge(session, lines[0], order_id=order_id)
        charge(session, *lines, order_id=order_id)
        charge(session, a_line("99.00", subscription_id=lines[0].subscription_id), order_id=order_id)
        actions = list(session.scalars(select(db.audit_entry.c.action)))

        assert [str(made.amount) for made in charges(session)] == ["EUR 10.00", "EUR 20.00"]
        assert actions == ["billing.charge"] * 2


def test_a_currency_without_decimals_is_charged_in_whole_units(databases: Settings) -> None:
    with db.begin() as session:
        charge(session, a_line("78000", "JPY", unit_price=UnitPrice(Decimal("3900"), "JPY")))
        made = charges(session)[0]

        assert (made.amount_minor, made.currency, str(made.amount)) == (78000, "JPY", "JPY 78000")
        assert str(made.price) == "JPY 3900"


def test_a_rate_finer_than_a_cent_is_kept_as_it_is(databases: Settings) -> None:
    with db.begin() as session:
        charge(session, a_line("0.01", unit_price=UnitPrice(Decimal("0.000123"), "EUR")))
        session.expire_all()

        assert charges(session)[0].unit_price == Decimal("0.000123")


@pytest.mark.parametrize(
    ("kind", "to_quantity", "amount", "quantity"),
    [
        ("change_quantity", 25, "110.25", 5),
        ("change_quantity", 15, "-110.25", -5),
        ("cancel", 20, "-445.16", 20),
        ("extend", 20, "630.00", 20),
    ],
)
def test_a_change_is_charged_or_given_back(
    databases: Settings, kind: str, to_quantity: int, amount: str, quantity: int
) -> None:
    with db.begin() as session:
        facts = {"kind": kind, "from_quantity": 20, "to_quantity": to_quantity}
        change_id = charge_change(session, Money.of(amount, "EUR"), **facts)
        charge_change(session, Money.of(amount, "EUR"), **facts, change_id=change_id)
        (made,) = charges(session)

        assert (made.id, made.source_id, made.kind) == (change_id, change_id, kind)
        assert (made.amount, made.quantity, made.until) == (Money.of(amount, "EUR"), quantity, None)


def test_a_change_that_costs_nothing_leaves_no_charge(databases: Settings) -> None:
    with db.begin() as session:
        charge_change(session, Money.zero("JPY"), kind="cancel")

        assert charges(session) == []


def test_charges_are_listed_to_whom_they_belong(databases: Settings) -> None:
    reseller, customer = new_id(), new_id()
    with db.begin() as session:
        mine = charge_change(session, Money.of(1, "EUR"), customer_id=customer, reseller_id=reseller)
        other = charge_change(session, Money.of(2, "EUR"), reseller_id=reseller)
        foreign = charge_change(session, Money.of(3, "EUR"))
        seen = {
            scope: [made.id for made in queries.list_charges(session, scope).items]
            for scope in (
                Scope.customer(customer),
                Scope.reseller(reseller),
                Scope.operator(),
                Scope.customer(reseller),
            )
        }

    assert list(seen.values()) == [[mine], [other, mine], [foreign, other, mine], []]


def test_charges_are_listed_by_account_subscription_and_customer(databases: Settings) -> None:
    ids = {name: new_id() for name in ("account_id", "subscription_id", "customer_id")}
    with db.begin() as session:
        wanted = charge_change(session, Money.of(1, "EUR"), **ids)
        charge_change(session, Money.of(2, "EUR"), customer_id=ids["customer_id"])
        scope = Scope.operator()
        for name in ("account_id", "subscription_id"):
            assert [made.id for made in queries.list_charges(session, scope, **{name: ids[name]}).items] == [wanted]
        assert len(queries.list_charges(session, scope, customer_id=ids["customer_id"]).items) == 2
        assert queries.list_charges(session, Scope.customer(new_id()), **ids).items == []


def test_charges_are_paged(databases: Settings) -> None:
    customer = new_id()
    with db.begin() as session:
        made = [charge_change(session, Money.of(1, "EUR"), customer_id=customer) for _ in range(3)]
        scope = Scope.customer(customer)
        first = queries.list_charges(session, scope, limit=2)
        rest = queries.list_charges(session, scope, limit=2, cursor=first.next_cursor)
        with pytest.raises(Invalid):
            queries.list_charges(session, Scope.operator(), customer_id=customer, cursor=first.next_cursor)

    assert [one.id for one in first.items + rest.items] == made[::-1]
    assert rest.next_cursor is None
