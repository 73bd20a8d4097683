"""Documents: rendered once, the same for the same invoice, and given out only unharmed."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domains.billing import db, documents, exchanges, queries
from domains.billing.models import Document
from domains.kernel.config import Settings
from domains.kernel.tenancy import Scope
from tests.conftest import Clock
from tests.factories.billing import a_customer, a_line, charge, issue, render

pytestmark = pytest.mark.slow

SEES_ALL = Scope.system("a test")


@pytest.fixture
def document(databases: Settings, clock: Clock) -> Document:
    with db.begin() as session:
        payer_id = a_customer(session)
        charge(session, a_line("630.00"), customer_id=payer_id, effective_on=date(2026, 3, 1), account_name="本社")
    invoice_id = issue(payer_id)
    render(invoice_id, payer_id)
    with db.begin_read() as session:
        return session.get_one(Document, invoice_id)


def facts_of(document: Document) -> dict[str, Any]:
    with db.begin_read() as session:
        found = queries.get_invoice(session, SEES_ALL, document.id)
        return documents.facts_of(found, queries.invoice_lines(session, SEES_ALL, document.id))


def test_the_same_invoice_gives_the_same_pdf(document: Document) -> None:
    facts = facts_of(document)

    assert documents.render(facts) == documents.read(document.sha256)
    assert documents.read(document.sha256).startswith(b"%PDF-") and document.size > 10_000
    assert (facts["total"], facts["taxes"][0]["name"]) == ("762.30", "VAT Netherlands 21 % of 630.00")


@pytest.mark.asvs("1.2.3")
@pytest.mark.parametrize(
    "name",
    ['#panic() *b* _i_ \\ " $x$ @a <b> `c` [d] // /* = h', "🦄 GmbH", "ไทย", "a\x01b\ue000c\uffffd\ufeff", "W" * 200],
    ids=["markup", "emoji", "without_a_font", "unprintable", "without_end"],
)  # fmt: skip
def test_whatever_a_customer_is_called_the_document_is_made(document: Document, name: str) -> None:
    facts = facts_of(document)
    facts["buyer"]["legal_name"] = facts["lines"][0]["name"] = name

    assert documents.render(facts).startswith(b"%PDF-")


def test_hundreds_of_lines_go_on_on_further_pages(document: Document) -> None:
    facts = facts_of(document)
    pages = [len(re.findall(rb"/Type\s*/Page\b", documents.render(facts | {"lines": facts["lines"] * times})))
             for times in (1, 400)]  # fmt: skip

    assert pages == [1, 17]


def test_a_document_that_is_there_is_not_rendered_again(document: Document) -> None:
    with db.begin() as session:
        assert exchanges.render_invoice.intend(session, invoice_id=document.id) is None


def test_a_document_that_was_changed_or_is_gone_is_given_to_nobody(document: Document, databases: Settings) -> None:
    (path,) = Path(databases.var, "documents").rglob("*.pdf")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(documents.Damaged, match="was changed"):
        documents.read(document.sha256)

    path.unlink()
    with pytest.raises(documents.Damaged, match="is not there"):
        documents.read(document.sha256)
