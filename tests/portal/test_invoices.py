"""Invoices on pages: the list, one with its lines, and the document, for who pays and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.billing import db
from domains.billing.commands import StrayLine, keep_strays
from domains.kernel.config import Settings
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from tests.api.test_invoices import an_invoice, downloads
from tests.conftest import Clock
from tests.factories.billing import a_customer, a_line, a_provider_line, charge, draft

from .conftest import made
from .visitor import Visitor, a_person, text_of


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    """The portal in a process that holds billing."""
    return made(replace(databases, domains="billing"), compiled)


def test_the_list_leads_to_the_invoice_and_its_document(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00", "20.05")
    visitor = Visitor(app, a_person(payer_id))

    listed, shown = visitor.get("/invoices"), visitor.get(f"/invoices/{invoice_id}")

    assert f'href="/invoices/{invoice_id}"' in listed.text and f'href="/invoices/{invoice_id}/pdf"' in listed.text
    assert "EU26-000001 10 Mar 2026 Mar 2026" in text_of(listed)
    said = text_of(shown)
    assert "Mar 2026, from Cloud Sales Europe B.V. to Northwind B.V." in said
    assert "Net 120.05 VAT Netherlands 21 % 25.21 Total EUR 145.26" in said


def test_the_document_is_saved_under_its_number_and_the_download_is_kept(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00")

    answer = Visitor(app, a_person(payer_id)).get(f"/invoices/{invoice_id}/pdf")

    assert answer.data.startswith(b"%PDF-") and answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="EU26-000001.pdf"'
    assert downloads() == [(payer_id, invoice_id)]


def test_another_tenants_invoice_is_not_there(app: Flask, clock: Clock) -> None:
    _, invoice_id = an_invoice("100.00")
    for kind in ("direct", "reseller"):
        visitor = Visitor(app, a_person(kind=kind))

        assert "No invoices yet" in text_of(visitor.get("/invoices"))
        answers = [visitor.get(f"/invoices/{invoice_id}{rest}") for rest in ("", "/pdf", "/csv")]
        assert [one.status_code for one in answers] == [404] * 3
    assert downloads() == []


def test_a_document_that_is_gone_is_said_to_be_gone(app: Flask, clock: Clock, databases: Settings) -> None:
    payer_id, invoice_id = an_invoice("100.00")
    next(Path(databases.var, "documents").rglob("*.pdf")).unlink()

    answer = Visitor(app, a_person(payer_id)).get(f"/invoices/{invoice_id}/pdf")

    assert answer.status_code == 500
    assert "not there as it was stored" in text_of(answer)


def test_without_the_right_no_invoice_is_seen(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00")
    caller = a_person(payer_id)
    visitor = Visitor(app, replace(caller, scopes=caller.scopes - {"invoices:read"}))

    answers = [visitor.get(f"/invoices{rest}") for rest in ("", f"/{invoice_id}", f"/{invoice_id}/pdf")]

    assert [one.status_code for one in answers] == [403] * 3
    assert downloads() == []


def test_the_lines_can_be_taken_into_a_spreadsheet(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00")

    answer = Visitor(app, a_person(payer_id)).get(f"/invoices/{invoice_id}/csv")

    assert answer.data.decode("utf-8-sig").splitlines()[1].startswith("EU26-000001,1,,Head office,")
    assert downloads("billing.download_lines") == [(payer_id, invoice_id)]


def test_mismatches_are_shown_to_staff_and_to_nobody_else(app: Flask, clock: Clock) -> None:
    with db.begin() as session:
        payer_id = a_customer(session)
        charge(session, line := a_line("630.00"), customer_id=payer_id, effective_on=date(2026, 3, 1))
        stray = StrayLine("BL-77", "who?", "cycle", 3, date(2026, 3, 1), date(2026, 4, 1), Money.of("9.00", "EUR"))
        keep_strays(session, month=date(2026, 3, 1), strays=(stray, stray))
    draft(payer_id, a_provider_line(line.subscription_id, line_id="BL-5", quantity=3, first=date(2026, 3, 20)))
    staff = a_person(kind="operator", role="administrator", scope=Scope.operator())

    said = text_of(Visitor(app, replace(staff, customer_id=None)).get("/invoices/mismatches"))

    assert "BL-77 cycle We have no such subscription who? Nobody we know" in said and said.count("BL-77") == 1
    assert "BL-5 cycle No charge of ours fits it Northwind 20 Mar 2026 – 31 Mar 2026 3 EUR 400.00" in said
    for role in ("owner", "agent"):
        assert Visitor(app, a_person(payer_id, role=role)).get("/invoices/mismatches").status_code == 403


def test_while_the_document_is_made_the_pages_say_so(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00", document=False)
    visitor = Visitor(app, a_person(payer_id))

    assert "Being made" in text_of(visitor.get("/invoices"))
    assert "It is being made." in text_of(visitor.get(f"/invoices/{invoice_id}"))
    assert visitor.get(f"/invoices/{invoice_id}/pdf").status_code == 404
