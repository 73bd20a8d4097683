"""Invoices: what a month was charged, once, with its tax, under a number that follows the last one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import delete, select

from domains.billing import commands, db, queries
from domains.billing.models import Charge, Invoice, InvoiceLine, InvoiceSeries, ProviderLine
from domains.billing.numbering import next_number
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import NotFound, Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from tests.conftest import Clock
from tests.factories.billing import a_customer, a_line, a_provider_line, charge, charge_change, charges, draft, issue

SEES_ALL = Scope.system("a test")
MARCH = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def in_april(databases: Settings, clock: Clock) -> None:
    clock.advance(days=22)


def a_payer(*amounts: str, **but: Any) -> UUID:
    """A customer with a charge of each amount for the first days of March."""
    with db.begin() as session:
        payer_id = a_customer(session, **but)
        charge(session, *(a_line(amount) for amount in amounts), customer_id=payer_id)
    return payer_id


def invoice(invoice_id: UUID) -> tuple[Invoice, list[InvoiceLine]]:
    with db.begin_read() as session:
        found = queries.get_invoice(session, SEES_ALL, invoice_id)
        return found, queries.invoice_lines(session, SEES_ALL, invoice_id)


def test_an_invoice_holds_every_charge_of_the_month_and_adds_up_to_them() -> None:
    payer_id = a_payer("630.00", "0.01", "99.99")
    with db.begin() as session:
        charge_change(session, Money.of("-30.00", "EUR"), customer_id=payer_id, kind="cancel")

    found, lines = invoice(issue(payer_id))

    with db.begin_read() as session:
        known = charges(session)
    assert sum(one.amount_minor for one in known) == found.net_minor == sum(line.net_minor for line in lines) == 70000
    assert (str(found.tax), str(found.total)) == ("EUR 147.00", "EUR 847.00")
    assert {one.invoice_id for one in known} == {found.id}
    assert [line.quantity for line in lines if line.kind == "cancel"] == [-20], "the minus is on the quantity"


def test_an_invoice_says_when_it_was_issued_and_when_it_is_due_in_the_payers_zone() -> None:
    found, _ = invoice(issue(a_payer("10.00", time_zone="Asia/Tokyo", payment_terms_days=14)))

    assert (found.state, found.issued_on, found.due_on) == ("issued", date(2026, 4, 1), date(2026, 4, 15))


def test_a_running_period_is_charged_at_the_sales_price_from_the_day_that_is_not_paid_yet() -> None:
    payer_id = a_payer("0.00")
    with db.begin() as session:
        charge(session, line := a_line(charged_until=date(2026, 2, 28)), customer_id=payer_id,
               effective_on=date(2026, 2, 10))  # fmt: skip
    whole = a_provider_line(line.subscription_id)

    issue(payer_id, whole)

    with db.begin_read() as session:
        found = [one for one in charges(session) if one.kind == "period"]
    assert [(one.effective_on, one.until, str(one.amount)) for one in found] == [
        (MARCH, date(2026, 3, 31), "EUR 630.00"),  # 20 × 31.50, not what it costs us
    ]


def test_of_a_period_that_begins_after_the_month_only_the_days_are_charged() -> None:
    payer_id = a_payer()
    with db.begin() as session:
        charge(session, line := a_line("100.00", charged_until=date(2026, 3, 9)), customer_id=payer_id,
               effective_on=date(2026, 2, 10))  # fmt: skip

    issue(payer_id, a_provider_line(line.subscription_id, first=date(2026, 3, 9)))

    with db.begin_read() as session:
        (found,) = [one for one in charges(session) if one.kind == "period"]
    assert (found.effective_on, str(found.amount)) == (date(2026, 3, 10), "EUR 447.10")  # 22 of 31 days


def test_what_is_charged_already_is_matched_and_not_charged_again() -> None:
    payer_id = a_payer()
    with db.begin() as session:
        charge(session, line := a_line("447.10", charged_until=date(2026, 3, 31)), customer_id=payer_id)
    first = a_provider_line(line.subscription_id, first=date(2026, 3, 9))  # the provider's day, in its own zone

    issue(payer_id, first)

    with db.begin_read() as session:
        (kept,) = session.scalars(select(ProviderLine))
        assert (kept.state, kept.charge_id) == ("matched", charges(session)[0].id)
        assert len(charges(session)) == 1


def test_what_was_bought_on_the_last_day_of_a_month_is_charged_for_the_next(databases: Settings) -> None:
    payer_id = a_payer()
    with db.begin() as session:
        charge(session, line := a_line("22.50", charged_until=date(2026, 2, 28)), customer_id=payer_id,
               effective_on=date(2026, 2, 28))  # fmt: skip

    issue(payer_id, a_provider_line(line.subscription_id))

    with db.begin_read() as session:
        assert [(one.kind, str(one.amount)) for one in charges(session)][1:] == [("period", "EUR 630.00")]


@pytest.mark.parametrize(
    "line", [{"quantity": 5, "first": date(2026, 3, 20)}, {"quantity": -5, "kind": "refund"}, {"charged": new_id()}]
)
def test_what_fits_no_charge_is_kept_for_a_person_and_never_passed_on(line: dict[str, Any]) -> None:
    payer_id = a_payer()
    with db.begin() as session:
        charge(session, sold := a_line("447.10", charged_until=date(2026, 3, 31)), customer_id=payer_id)

    issue(payer_id, a_provider_line(**({"charged": sold.subscription_id} | line)))

    with db.begin_read() as session:
        assert [one.state for one in session.scalars(select(ProviderLine))] == ["mismatch"]
        assert len(charges(session)) == 1


def test_days_that_an_extension_has_paid_for_are_not_charged_again() -> None:
    payer_id = a_payer()
    with db.begin() as session:
        charge(session, line := a_line("180.00", charged_until=date(2026, 3, 9)), customer_id=payer_id,
               effective_on=MARCH)  # fmt: skip
        charge_change(
            session, Money.of("447.10", "EUR"), customer_id=payer_id, kind="extend", from_quantity=20, to_quantity=20,
            subscription_id=line.subscription_id, effective_on=date(2026, 3, 5), valid_to_wish=date(2026, 4, 9),
            commitment=Money.of("636.10", "EUR"),
        )  # fmt: skip

    issue(payer_id, a_provider_line(line.subscription_id, first=date(2026, 3, 10), kind="proration"))

    with db.begin_read() as session:
        assert [(one.kind, one.until) for one in charges(session)] == [
            ("activation", date(2026, 3, 9)), ("extend", date(2026, 3, 31)),
        ]  # fmt: skip
        assert [one.state for one in session.scalars(select(ProviderLine))] == ["matched"]


def test_a_reseller_pays_for_its_end_customers_and_they_get_no_invoice() -> None:
    with db.begin() as session:
        reseller_id = a_customer(session, country="DE", tax_id="DE123456789", name="Contoso")
        end_customer_id = a_customer(session, name="Wingtip", reseller_id=reseller_id)
        charge(session, a_line("10.00"), customer_id=end_customer_id, reseller_id=reseller_id)

    found, lines = invoice(issue(reseller_id))

    assert (found.customer_id, str(found.total), found.taxes[0]["category"]) == (reseller_id, "EUR 10.00", "AE")
    assert [line.customer_name for line in lines] == ["Wingtip"]
    with db.begin_read() as session:
        assert [payer.payer_id for payer in queries.payers(session, SEES_ALL, MARCH.replace(day=31))] == [reseller_id]
        with pytest.raises(NotFound):
            queries.get_invoice(session, Scope.customer(end_customer_id), found.id)


def test_a_late_charge_of_an_earlier_month_is_on_the_next_invoice() -> None:
    payer_id = a_payer("10.00")
    with db.begin() as session:
        charge(session, a_line("5.00"), customer_id=payer_id, effective_on=date(2026, 1, 5))

    assert str(invoice(issue(payer_id))[0].net) == "EUR 15.00"


def test_where_nothing_is_due_there_is_no_invoice_and_no_number() -> None:
    issue(a_payer())

    with db.begin_read() as session:
        assert session.scalars(select(Invoice)).all() == session.scalars(select(InvoiceSeries)).all() == []


def test_a_draft_is_nobodys_and_can_be_taken_back() -> None:
    payer_id = a_payer("10.00")
    invoice_id = draft(payer_id)
    with db.begin_read() as session, pytest.raises(NotFound):
        queries.get_invoice(session, SEES_ALL, invoice_id)

    with db.begin() as session:
        commands.discard_draft(session, invoice_id=invoice_id)

    with db.begin_read() as session:
        assert [one.invoice_id for one in charges(session)] == [None]
        assert session.scalars(select(InvoiceLine)).all() == []
    assert str(invoice(issue(payer_id))[0].net) == "EUR 10.00"


def test_an_issued_invoice_stays_as_it_is() -> None:
    invoice_id = issue(a_payer("10.00"))
    before = invoice(invoice_id)[0].number

    with db.begin() as session:
        commands.finalise_invoice(session, invoice_id=invoice_id)
        commands.discard_draft(session, invoice_id=invoice_id)

    assert before == invoice(invoice_id)[0].number == "EU26-000001"


def test_without_a_vat_number_the_charges_wait() -> None:
    invoice_id = draft(a_payer("10.00", country="DE"))

    with db.begin() as session, pytest.raises(Refused):
        commands.finalise_invoice(session, invoice_id=invoice_id)
    with db.begin() as session:
        commands.discard_draft(session, invoice_id=invoice_id)

    with db.begin_read() as session:
        assert [one.invoice_id for one in charges(session)] == [None]


@examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["EU", "AP"]), st.booleans()), max_size=12))
def test_numbers_follow_one_another_in_each_series_whatever_comes_to_nothing(turns: list[tuple[str, bool]]) -> None:
    with db.begin() as session:
        session.execute(delete(InvoiceSeries))
    given_out: dict[str, list[str]] = {"EU": [], "AP": []}
    for prefix, comes_to_nothing in turns:
        try:
            with db.begin() as session:
                number = next_number(session, prefix.lower(), prefix, 2026)
                assert not comes_to_nothing
            given_out[prefix].append(number)
        except AssertionError:
            continue

    for prefix, numbers in given_out.items():
        assert numbers == [f"{prefix}26-{n:06d}" for n in range(1, len(numbers) + 1)]


@examples(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=6))
def test_the_totals_are_the_charges_to_the_cent(minors: list[int]) -> None:
    found, lines = invoice(issue(a_payer(*(str(Decimal(minor) / 100) for minor in minors))))

    assert found.net_minor == sum(minors) == sum(line.net_minor for line in lines)
    assert found.total_minor == found.net_minor + sum(one["tax_minor"] for one in found.taxes)
    with db.begin_read() as session:
        rows = session.scalars(select(Charge.amount_minor).where(Charge.invoice_id == found.id))
        assert sum(rows) == found.net_minor
