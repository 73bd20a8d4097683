"""What a reseller is charged and what its end-customer pays stand on one charge, exact for both to the minor unit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domains.billing import commands, db, queries
from domains.billing.commands.charges import PlanCharge, RenewedTerm
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.money import Money, UnitPrice, precision
from domains.kernel.proration import at_price, prorate
from domains.kernel.tenancy import Scope
from tests.factories.billing import a_customer, a_line, a_provider_line, charge, charge_change, charges, draft

OWN = UnitPrice(Decimal(30), "EUR")  # what the reseller pays for what its customer pays 31.50 for


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def test_every_charge_of_a_resold_subscription_has_both_prices(databases: Settings) -> None:
    line, reseller_id, customer_id = a_line("630.00", payer_price=OWN), new_id(), new_id()
    whose = {"reseller_id": reseller_id, "customer_id": customer_id}
    plan = PlanCharge("Plus", UnitPrice(Decimal(50), "EUR"), eur("500.00"), eur("31.50"), date(2026, 4, 9),
                      payer_price=UnitPrice(Decimal(40), "EUR"))  # fmt: skip
    term = RenewedTerm(new_id(), "renewed", line.subscription_id, new_id(), "Head office", "Plus", 20,
                       UnitPrice(Decimal(60), "EUR"), eur("1200.00"), date(2026, 4, 10), date(2026, 4, 30),
                       UnitPrice(Decimal(45), "EUR"))  # fmt: skip
    with db.begin() as session:
        charge(session, line, **whose)
        charge_change(session, eur("-31.50"), subscription_id=line.subscription_id, **whose)
        commands.charge_plan(
            session, change_id=new_id(), subscription_id=line.subscription_id, account_id=new_id(), **whose,
            account_name="Head office", name="Pro", from_quantity=20, to_quantity=10,
            unit_price=UnitPrice(Decimal("31.5"), "EUR"), effective_on=date(2026, 3, 12), plan=plan,
        )  # fmt: skip
        commands.charge_renewal(session, renewal=term, **whose)
        found = [(one.kind, str(one.amount), one.resale_minor) for one in charges(session)]

    assert sorted(found) == [
        ("activation", "EUR 600.00", 63000), ("change_plan", "EUR -30.00", -3150),
        ("change_plan", "EUR 400.00", 50000), ("change_quantity", "EUR -30.00", -3150),
        ("renewal", "EUR 900.00", 120000),
    ]  # fmt: skip


def test_a_running_period_is_prorated_at_both_prices_and_invoiced_at_the_resellers(databases: Settings) -> None:
    with db.begin() as session:
        reseller_id = a_customer(session, name="Wingtip")
        customer_id = a_customer(session, reseller_id=reseller_id)
        line = a_line("0.00", charged_until=date(2026, 3, 15), payer_price=OWN)
        charge(session, line, customer_id=customer_id, reseller_id=reseller_id, effective_on=date(2026, 3, 15))
    bill = a_provider_line(line.subscription_id, first=date(2026, 3, 1))
    draft(reseller_id, bill, a_provider_line(line.subscription_id, first=date(2026, 3, 16)), month=date(2026, 3, 1))
    with db.begin_read() as session:
        period = next(one for one in charges(session) if one.kind == "period")
        tells = [
            [str(one.amount) for one in queries.list_charges(session, scope).items if one.kind == "period"]
            for scope in (Scope.customer(customer_id), Scope.reseller(reseller_id), Scope.operator())
        ]
        owed = queries.owed_by_customers(session, Scope.reseller(reseller_id), date(2026, 3, 31))
        strangers = [
            queries.owed_by_customers(session, scope, date(2026, 3, 31))
            for scope in (Scope.customer(customer_id), Scope.reseller(new_id()), Scope.operator())
        ]
        costs = queries.costs_by_month(session, Scope.customer(customer_id), months=36)["EUR"]

    assert (str(period.amount), period.resale_minor) == ("EUR 309.68", 32516)  # 16 of 31 days of 20 units
    assert tells == [["EUR 325.16"], ["EUR 309.68"], ["EUR 309.68"]]
    assert [(one.name, str(one.amount), str(one.margin)) for one in owed] == [("Northwind", "EUR 325.16", "EUR 15.48")]
    assert strangers == [[], [], []]
    assert sum(one.amount.minor for one in costs) in (0, 32516)  # by today it may be longer ago than costs go back


@given(
    st.sampled_from(["EUR", "JPY", "USD"]), st.integers(1, 10_000), st.integers(1, 10_000), st.integers(1, 300),
    st.integers(1, 31),
)  # fmt: skip
def test_the_resellers_amount_differs_from_a_proration_of_its_own_by_a_unit_at_most_and_goes_back_whole(
    currency: str, price: int, share: int, quantity: int, days: int
) -> None:
    unit = Decimal(1).scaleb(-precision(currency))
    sale, own = UnitPrice(price * unit, currency), UnitPrice(min(share, price) * unit, currency)
    period, segment = (date(2026, 3, 1), date(2026, 4, 1)), (date(2026, 3, 1), date(2026, 3, days))
    amount = prorate(sale, quantity, period, segment)

    charged, exact = at_price(amount, sale, own), prorate(own, quantity, period, segment)

    assert abs(charged.minor - exact.minor) <= 1
    assert at_price(-amount, sale, own) == -charged
