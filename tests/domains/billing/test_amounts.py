"""What an invoice adds up to where it is not plain: late, in yen, in the customer's favour, a month twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from domains.billing import db, documents, queries
from domains.billing.models import Invoice, InvoiceLine
from domains.kernel.config import Settings
from domains.kernel.money import Money, UnitPrice
from domains.kernel.tenancy import Scope
from tests.conftest import Clock
from tests.factories.billing import a_customer, a_line, charge, charge_change, charges, issue

SEES_ALL = Scope.system("a test")
MARCH = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def in_april(databases: Settings, clock: Clock) -> None:
    clock.advance(days=22)


def invoice(invoice_id: UUID) -> tuple[Invoice, list[InvoiceLine]]:
    with db.begin_read() as session:
        found = queries.get_invoice(session, SEES_ALL, invoice_id)
        return found, queries.invoice_lines(session, SEES_ALL, invoice_id)


def test_a_month_has_one_invoice_and_what_comes_late_waits_for_the_next() -> None:
    with db.begin() as session:
        payer_id = a_customer(session)
        charge(session, a_line("10.00"), customer_id=payer_id, effective_on=MARCH)
    issue(payer_id)
    with db.begin() as session:
        charge(session, a_line("5.00"), customer_id=payer_id, effective_on=MARCH)

    issue(payer_id)
    following, _ = invoice(issue(payer_id, month=date(2026, 4, 1)))

    with db.begin_read() as session:
        found = queries.list_invoices(session, SEES_ALL, customer_id=payer_id).items
    assert [str(one.net) for one in found] == ["EUR 5.00", "EUR 10.00"]
    assert following.month == date(2026, 4, 1)


def test_what_comes_late_has_the_rate_of_its_own_month() -> None:
    with db.begin() as session:
        payer_id = a_customer(session, country="SG", region="apac", currency="SGD")
        for day in (date(2023, 12, 30), date(2024, 1, 15)):
            charge(session, a_line("100.00", "SGD"), customer_id=payer_id, effective_on=day)

    found, lines = invoice(issue(payer_id, currency="SGD", month=date(2024, 1, 1)))

    assert [(line.first.year, line.tax_rate) for line in lines] == [(2023, 8), (2024, 9)]
    assert [(one["rate"], one["net_minor"], one["tax_minor"]) for one in found.taxes] == [
        ("8", 10000, 800), ("9", 10000, 900),
    ]  # fmt: skip
    assert str(found.total) == "SGD 217.00"


def test_yen_have_no_decimals_anywhere() -> None:
    with db.begin() as session:
        payer_id = a_customer(session, country="JP", region="apac", currency="JPY", tax_id="T1234567890123")
        charge(session, a_line("63000", "JPY", unit_price=UnitPrice(Decimal("3150"), "JPY")), customer_id=payer_id,
               effective_on=MARCH)  # fmt: skip

    found, lines = invoice(issue(payer_id, currency="JPY"))
    said = documents.facts_of(found, lines)

    assert (found.net_minor, str(found.total), found.taxes[0]["category"]) == (63000, "JPY 63000", "ZR")
    assert (said["total"], said["lines"][0]["price"], said["lines"][0]["net"]) == ("63,000", "3,150", "63,000")


def test_more_given_back_than_charged_is_said_to_be_in_the_customers_favour() -> None:
    with db.begin() as session:
        payer_id = a_customer(session)
        charge_change(session, Money.of("-30.05", "EUR"), customer_id=payer_id, kind="cancel")

    found, lines = invoice(issue(payer_id))
    said = documents.facts_of(found, lines)

    assert (str(found.net), str(found.tax), str(found.total)) == ("EUR -30.05", "EUR -6.31", "EUR -36.36")
    assert (said["credit"], said["asked"], said["total"]) == (True, "36.36", "−36.36")
    assert b"%PDF-" in documents.render(said)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 3, 31), date(2026, 3, 31), "31 Mar 2026"), (date(2026, 3, 10), None, "from 10 Mar 2026"),
        (date(2026, 3, 10), date.max, "from 10 Mar 2026"), (MARCH, date(2026, 3, 31), "1 Mar to 31 Mar 2026"),
        (date(2026, 3, 10), date(2027, 3, 9), "10 Mar 2026 to 9 Mar 2027"),
    ],
)  # fmt: skip
def test_the_days_of_a_line_are_said_so_that_nobody_can_mistake_them(first: date, last: date | None, said: str) -> None:
    with db.begin() as session:
        payer_id = a_customer(session)
        charge(session, a_line("10.00", charged_until=last), customer_id=payer_id, effective_on=first)

    found, lines = invoice(issue(payer_id))

    assert documents.facts_of(found, lines)["lines"][0]["days"] == said


def test_seats_that_come_or_go_are_for_the_days_that_the_others_are_paid_for() -> None:
    with db.begin() as session:
        payer_id = a_customer(session)
        charge(session, line := a_line("345.48", charged_until=date(2026, 3, 17)), customer_id=payer_id,
               effective_on=MARCH)  # fmt: skip
        known = {"customer_id": payer_id, "subscription_id": line.subscription_id}
        charge_change(session, Money.of("20.32", "EUR"), **known, effective_on=date(2026, 3, 14))
        charge_change(session, Money.of("1.00", "EUR"), customer_id=payer_id, effective_on=date(2026, 3, 14))

    _, lines = invoice(issue(payer_id))

    assert sorted((str(line.net.amount), line.last) for line in lines) == [
        ("1.00", None), ("20.32", date(2026, 3, 17)), ("345.48", date(2026, 3, 17)),
    ]  # fmt: skip


def test_both_parties_addresses_are_frozen_on_the_invoice() -> None:
    known = {"street": "Keizersgracht 1", "postcode": "1017 ZZ", "city": "Amsterdam"}
    with db.begin() as session:
        payer_id = a_customer(session, **known)
        charge(session, a_line("10.00"), customer_id=payer_id, effective_on=MARCH)
    invoice_id = issue(payer_id)

    with db.begin() as session:
        a_customer(session, customer_id=payer_id, street="Elsewhere 2", city="Utrecht", version=2)
    found, lines = invoice(invoice_id)

    assert documents.facts_of(found, lines)["address"] == ["Keizersgracht 1", "1017 ZZ Amsterdam", "Netherlands"]
    assert (found.seller["street"], found.seller["place"]) == ("Gracht 100", "1000 AA Amsterdam, Netherlands")
    with db.begin_read() as session:
        assert {one.invoice_id for one in charges(session)} == {invoice_id}


@pytest.mark.parametrize(
    ("party", "said"),
    [
        ({"country": "SG", "street": "9 Lucerne Road", "city": "Singapore", "postcode": "000009"},
         ["9 Lucerne Road", "Singapore 000009", "Singapore"]),
        ({"country": "AU", "street": "1 Harbour St", "city": "Sydney", "province": "NSW", "postcode": "2000"},
         ["1 Harbour St", "Sydney NSW 2000", "Australia"]),
        ({"country": "DE", "street": None, "city": None}, ["Germany"]), ({"country": "NL"}, ["Netherlands"]),
    ],
)  # fmt: skip
def test_an_address_stands_as_letters_have_it_there(party: dict[str, str | None], said: list[str]) -> None:
    assert documents.address_of(party) == said
