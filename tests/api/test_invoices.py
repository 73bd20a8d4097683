"""Invoices through the API: lists, one with its lines, and the document, for who pays and nobody else."""

from __future__ import annotations

import csv
import hashlib
import io
from base64 import b64encode
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from api.spec import SCOPES
from domains.billing import db
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.money import Money
from tests.conftest import Clock
from tests.factories.billing import a_customer, a_line, charge, charge_change, issue, render

from .program import Program, a_caller


def an_invoice(*amounts: str, document: bool = True) -> tuple[UUID, UUID]:
    """(payer, invoice) of March 2026, issued on its last day but one."""
    with db.begin() as session:
        payer_id = a_customer(session)
        charge(session, *(a_line(amount) for amount in amounts), customer_id=payer_id, effective_on=date(2026, 3, 1))
    invoice_id = issue(payer_id)
    if document:
        render(invoice_id, payer_id)
    return payer_id, invoice_id


def downloads(action: str = "billing.download_invoice") -> list[tuple[UUID, UUID]]:
    """The downloads that the audit trail knows of: whose, and which invoice's."""
    with db.begin_read() as session:
        table = db.audit_entry
        found = session.execute(table.select().where(table.c.action == action))
        return [(row.customer_id, row.subject_id) for row in found]


def test_an_invoice_is_listed_and_read_with_its_lines_and_tax(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00", "20.05")
    program = Program(app, a_caller(payer_id))

    (listed,) = program.get("/invoices").json["items"]
    found = program.get(f"/invoices/{invoice_id}").json

    assert listed["number"] == found["number"] == "EU26-000001"
    assert listed["total"] == found["total"] == {"amount": "145.26", "currency": "EUR"}
    assert [line["net"]["amount"] for line in found["lines"]] == ["100.00", "20.05"]
    assert found["taxes"][0]["tax"] == {"amount": "25.21", "currency": "EUR"}
    assert (found["buyer"]["name"], found["seller"]["country"]) == ("Northwind B.V.", "NL")


def test_the_document_comes_with_its_fingerprint_and_every_download_is_kept(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00")
    program = Program(app, a_caller(payer_id))

    answer = program.get(f"/invoices/{invoice_id}/pdf")
    program.get(f"/invoices/{invoice_id}/pdf")

    known = hashlib.sha256(answer.data).digest()
    assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="EU26-000001.pdf"'
    assert answer.headers["Content-Digest"] == f"sha-256=:{b64encode(known).decode()}:"
    assert "no-store" in answer.headers["Cache-Control"]
    assert program.get(f"/invoices/{invoice_id}").json["document"]["sha256"] == known.hex()
    assert downloads() == [(payer_id, invoice_id)] * 2


@pytest.mark.asvs("1.2.10")
def test_the_lines_come_as_a_table_in_which_nothing_is_a_formula(app: Flask, clock: Clock) -> None:
    with db.begin() as session:
        payer_id = a_customer(session)
        lines = [a_line("10.00", name="=HYPERLINK(1)"), a_line("0.05", name='a "quoted", name')]
        charge(session, *lines, customer_id=payer_id, effective_on=date(2026, 3, 1), account_name="+1 本社")
        charge_change(session, Money.of("-3.00", "EUR"), customer_id=payer_id, kind="cancel", name="@SUM")
    invoice_id = issue(payer_id)
    program = Program(app, a_caller(payer_id))

    answer = program.get(f"/invoices/{invoice_id}/csv")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["name"], row["account"], row["quantity"], row["net"]) for row in rows] == [
        ("'=HYPERLINK(1)", "'+1 本社", "20", "10.00"), ('a "quoted", name', "'+1 本社", "20", "0.05"),
        ("'@SUM", "Head office", "-20", "-3.00"),
    ]  # fmt: skip
    assert answer.headers["Content-Disposition"] == 'attachment; filename="EU26-000001.csv"'
    assert downloads("billing.download_lines") == [(payer_id, invoice_id)]


def test_another_tenants_invoice_is_not_there(app: Flask, clock: Clock) -> None:
    _, invoice_id = an_invoice("100.00")
    for caller in (a_caller(), a_caller(kind="reseller")):
        program = Program(app, caller)

        assert program.get("/invoices").json["items"] == []
        for path in (*(f"/invoices/{invoice_id}{rest}" for rest in ("", "/pdf", "/csv")), f"/invoices/{new_id()}"):
            answer = program.get(path)
            assert (answer.status_code, answer.json["code"]) == (404, "invoice_not_found")
    assert downloads() == []


def test_a_document_that_is_gone_is_said_to_be_gone(app: Flask, clock: Clock, databases: Settings) -> None:
    payer_id, invoice_id = an_invoice("100.00")
    next(Path(databases.var, "documents").rglob("*.pdf")).unlink()

    answer = Program(app, a_caller(payer_id)).get(f"/invoices/{invoice_id}/pdf")

    assert (answer.status_code, answer.json["code"]) == (500, "document_damaged")
    assert "Open a case" in answer.json["detail"]


def test_without_the_scope_no_invoice_is_read(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00")
    program = Program(app, a_caller(payer_id, scopes=frozenset(SCOPES) - {"invoices:read"}))

    answers = [program.get(f"/invoices{rest}") for rest in ("", f"/{invoice_id}", f"/{invoice_id}/pdf")]

    assert [one.status_code for one in answers] == [403] * 3
    assert downloads() == []


def test_a_document_that_is_still_made_is_not_there_yet(app: Flask, clock: Clock) -> None:
    payer_id, invoice_id = an_invoice("100.00", document=False)
    program = Program(app, a_caller(payer_id))

    answer = program.get(f"/invoices/{invoice_id}/pdf")

    assert (answer.status_code, answer.json["code"]) == (404, "document_not_ready")
    assert program.get(f"/invoices/{invoice_id}").json["document"] is None
