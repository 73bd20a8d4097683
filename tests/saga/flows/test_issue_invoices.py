"""The month's invoices: from the provider's lines to a document, once, whatever dies on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from domains import billing, services
from domains.billing import documents, queries
from domains.billing.models import Charge, Document, Invoice, InvoiceLine, ProviderLine
from domains.kernel.database import new_id
from domains.services.models import Subscription
from saga import schedules, store, tables
from saga.flows.issue_invoices import issue_invoices
from saga.payloads.invoice import NOBODY, IssueInvoices
from saga.schedules import begin_check, begin_invoices
from tests.factories.services import EVERYBODY
from tests.sandboxes import Sandbox, sandbox_process

from .crashes import dies, dies_around
from .seen import run_of, words_of
from .shop import Shop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running_sandbox(session_folder: Path) -> Iterator[Sandbox]:
    """A provider of our own: its clock goes on by months, and never back."""
    with sandbox_process(session_folder) as made:
        yield made


@pytest.fixture(scope="module")
def opened() -> list[Shop]:
    """A shop that this provider knows."""
    return []


def after_the_month(shop: Shop, months: int = 1) -> None:
    """Let the month end, for the provider and for us."""
    for _ in range(months):
        turn = (shop.clock.now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=7, minute=0)
        shop.sandbox.control("POST", "clock/advance", to=turn.isoformat())
        shop.clock.move_to(turn)


def begun(shop: Shop) -> list[Any]:
    """The runs that the scheduler starts."""
    runs: Any = begin_invoices("now")
    return list(runs)


def held() -> tuple[list[Invoice], list[Charge], list[Document]]:
    with billing.db.begin_read() as session:
        invoices = session.scalars(select(Invoice).order_by(Invoice.number)).all()
        charges = session.scalars(select(Charge).order_by(Charge.effective_on, Charge.id)).all()
        return list(invoices), list(charges), list(session.scalars(select(Document)))


def lines_of(invoice_id: UUID) -> list[InvoiceLine]:
    with billing.db.begin_read() as session:
        return queries.invoice_lines(session, EVERYBODY, invoice_id)


def test_two_months_are_invoiced_with_the_running_month_and_a_document_each(shop: Shop) -> None:
    shop.bought()
    after_the_month(shop)
    (first,) = begun(shop)
    shop.transport.run_until_quiet()
    after_the_month(shop)
    begun(shop)
    shop.transport.run_until_quiet()

    invoices, charges, files = held()
    assert (run_of(first.id).status, words_of(first.id)) == ("completed", ["done"] * 4)
    assert numbers(invoices) == follow_one_another(invoices)
    assert [(one.kind, one.quantity) for one in charges] == [("activation", 20), ("period", 20)]
    assert [one.net for one in invoices] == [one.amount for one in charges]
    assert charges[1].amount == charges[1].price.times(20), "a whole month costs its whole price"
    assert [one.until for one in charges] == [one.month_end for one in map(Month, invoices)]
    assert all(documents.read(one.sha256).startswith(b"%PDF-") for one in files) and len(files) == 2
    with billing.db.begin_read() as session:
        assert {one.state for one in session.scalars(select(ProviderLine))} == {"matched"}


def numbers(invoices: list[Invoice]) -> list[str]:
    return [one.number or "" for one in invoices]


def follow_one_another(invoices: list[Invoice]) -> list[str]:
    """The numbers that these invoices must have: from 1 on in each year."""
    years = [f"EU{one.issued_on:%y}" for one in invoices]
    return [f"{year}-{years[: at + 1].count(year):06d}" for at, year in enumerate(years)]


class Month:
    """The last day of an invoice's month."""

    def __init__(self, invoice: Invoice) -> None:
        self.month_end = (invoice.month + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def test_the_same_month_begun_twice_gives_one_invoice(shop: Shop) -> None:
    shop.bought()
    after_the_month(shop)

    runs = [*begun(shop), *begun(shop)]
    shop.work_off_doubled()
    runs += begun(shop)

    assert len({one.id for one in runs}) == 1
    invoices, _, files = held()
    assert (len(invoices), len(files)) == (1, 1)


def test_the_runs_are_the_houses_and_customers_do_not_see_them(shop: Shop) -> None:
    shop.bought()
    after_the_month(shop)
    (run,) = begun(shop)

    assert run.customer_id == NOBODY
    with tables.db.begin_read() as session:
        assert store.find_by_resource(session, shop.scope, run.resource_id) is None


def test_a_month_is_invoiced_only_when_it_has_ended_everywhere(shop: Shop) -> None:
    shop.bought()
    turn = (shop.clock.now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
    shop.clock.move_to(turn + timedelta(hours=5))

    assert begun(shop) == []


def test_numbers_have_no_gap_after_the_process_has_died_between_all_commits(shop: Shop) -> None:
    """Each process dies at another place; together they issue each month once."""
    shop.bought()
    after_the_month(shop)
    (run,) = begun(shop)
    for step in issue_invoices.steps:
        dies_around(shop, step.action)
    shop.carry_on()
    after_the_month(shop)
    begun(shop)
    shop.carry_on()

    invoices, _, files = held()
    assert run_of(run.id).status == "completed"
    assert numbers(invoices) == follow_one_another(invoices)
    assert len(files) == 2
    assert all(sum(line.net_minor for line in lines_of(one.id)) == one.net_minor for one in invoices)


def test_a_process_that_dies_with_a_number_in_its_hand_leaves_no_gap(shop: Shop) -> None:
    shop.bought()
    after_the_month(shop)
    begun(shop)

    assert dies(shop.transport, "billing.finalise_invoice.numbered")
    assert held()[0][0].number is None
    shop.clock.advance(seconds=11)
    shop.carry_on()

    assert numbers(held()[0]) == follow_one_another(held()[0])


def test_when_no_tax_is_known_everything_is_taken_back_and_the_charges_wait(shop: Shop) -> None:
    shop.bought()
    with billing.db.begin() as session:
        payer = session.get_one(billing.models.CustomerRef, shop.customer_id)
        payer.country, payer.tax_id = "DE", None
    after_the_month(shop, months=2)

    (run,) = begun(shop)
    shop.transport.run_until_quiet()

    invoices, charges, _ = held()
    assert (run_of(run.id).status, (run_of(run.id).error or {})["code"]) == ("compensated", "tax_undecided")
    assert (invoices, [one.invoice_id for one in charges]) == ([], [None, None])
    assert [one.kind for one in charges] == ["activation", "period"], "the month is charged all the same"


def test_a_provider_that_is_away_when_the_month_ends_keeps_no_month_from_being_charged(shop: Shop) -> None:
    shop.bought()
    after_the_month(shop, months=2)
    shop.sandbox.fault("billing", "error")
    in_vain = [*begun(shop), begin_check("now")]
    shop.carry_on()
    shop.sandbox.control("PUT", "faults", faults=[])
    at_once = [*begun(shop), begin_check("now")]
    shop.clock.advance(hours=1)

    again: Any = [*begun(shop), begin_check("now")]
    shop.transport.run_until_quiet()

    assert [run_of(run.id).status for run in in_vain] == ["compensated"] * 2
    assert at_once == [None]
    assert [run_of(run.id).status for run in again] == ["completed"] * 2
    invoices, charges, _ = held()
    assert [one.kind for one in charges] == ["activation", "period"]
    assert {one.invoice_id for one in charges} == {one.id for one in invoices}
    assert [*begun(shop), begin_check("later")] == [None]


def test_invoices_leave_room_for_orders_in_the_queue(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.bought()
    after_the_month(shop)
    monkeypatch.setattr(schedules, "INVOICES_AT_ONCE", 1)
    with billing.db.begin() as session:  # somebody else owes something, too
        known = session.scalars(select(Charge)).one()
        facts = {column.name: getattr(known, column.name) for column in Charge.__table__.columns}
        session.add(Charge(**facts | {"id": new_id(), "customer_id": new_id()}))

    first, meanwhile = begun(shop), begun(shop)
    shop.transport.run_until_quiet()
    second = begun(shop)

    assert [len(first), len(meanwhile), len(second)] == [1, 0, 1]


def test_what_the_provider_bills_for_nobody_we_know_is_noted_once(shop: Shop) -> None:
    subscription = shop.bought()
    with services.db.begin() as session:  # as if it had been lost
        session.execute(delete(Subscription).where(Subscription.id == subscription))
    after_the_month(shop)

    runs = [begin_check(window) for window in ("one", "two")]
    shop.work_off_doubled()

    assert [run is None for run in runs] == [False, True]
    with billing.db.begin_read() as session:
        kept = session.scalars(select(ProviderLine).where(ProviderLine.reference == str(subscription))).all()
    assert [(one.reason, one.customer_id, one.quantity) for one in kept] == [("unknown", NOBODY, 20)]


def test_a_payload_names_the_month_by_its_first_day() -> None:
    payload = IssueInvoices.of(NOBODY, "EUR", datetime(2026, 3, 1, tzinfo=UTC).date())

    assert payload.resource == ("invoice", payload.invoice_id)
