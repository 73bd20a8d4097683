"""Invoices on pages: the list, one with its lines, and the document, for who pays and nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel.config import Settings
from tests.api.test_invoices import an_invoice, downloads
from tests.conftest import Clock

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
        answers = [visitor.get(f"/invoices/{invoice_id}{rest}") for rest in ("", "/pdf")]
        assert [one.status_code for one in answers] == [404, 404]
    assert downloads() == []


def test_while_the_document_is_made_the_pages_say_so(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00", document=False)
    visitor = Visitor(app, a_person(payer_id))

    assert "Being made" in text_of(visitor.get("/invoices"))
    assert "It is being made." in text_of(visitor.get(f"/invoices/{invoice_id}"))
    assert visitor.get(f"/invoices/{invoice_id}/pdf").status_code == 404
