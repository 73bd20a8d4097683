"""Documents: an invoice as PDF by Typst, kept in the document store under its SHA-256 and read back only unharmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from babel import Locale

from domains.kernel import config
from domains.kernel.crypto import fingerprint
from domains.kernel.files import Damaged as Damaged
from domains.kernel.money import Money

from ..models import Invoice, InvoiceLine

PDF = "application/pdf"
FOLDER = Path(__file__).parent
PATIENCE = 60.0  # seconds until a press counts as stuck
STANDARDS = ["a-3a", "ua-1"]  # readable for ever, and by a screen reader
CITY_FIRST = frozenset("AU GB HK ID IE IN JP KR NZ PH SG TH TW VN".split())  # noqa: SIM905 reads better than a list


@dataclass(frozen=True)
class Kept:
    """A file in the document store."""

    sha256: str
    size: int


def render(facts: dict[str, Any]) -> bytes:
    """The PDF of an invoice; the same facts make the same bytes. Made by a press that is gone afterwards."""
    job = {"template": str(FOLDER / "invoice.typ"), "facts": facts, "standards": STANDARDS}
    press = [sys.executable, "-I", str(FOLDER / "press.py")]
    done = subprocess.run(press, input=json.dumps(job).encode(), capture_output=True, check=False, timeout=PATIENCE)
    if done.returncode != 0 or not done.stdout:
        raise RuntimeError(f"the invoice could not be rendered: {done.stderr.decode(errors='replace')[-400:]}")
    return done.stdout


def keep(content: bytes) -> Kept:
    """Put a file into the document store; it is there as a whole or not at all."""
    kept = Kept(fingerprint(content), len(content))
    path = _path(kept.sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False, buffering=0) as file:
        file.write(content)
        os.fsync(file.fileno())
    os.replace(file.name, path)
    return kept


def read(sha256: str) -> bytes:
    """A file of the document store, checked against its name."""
    try:
        content = _path(sha256).read_bytes()
    except FileNotFoundError:
        raise Damaged(f"the document {sha256} is not there") from None
    if fingerprint(content) != sha256:
        raise Damaged(f"the document {sha256} was changed")
    return content


def _path(sha256: str) -> Path:
    return Path(config.current().var) / "documents" / sha256[:2] / f"{sha256}.pdf"


def facts_of(invoice: Invoice, lines: Iterable[InvoiceLine]) -> dict[str, Any]:
    """What the document says, as text: amounts are rounded already, days are written out."""
    return {
        "title": invoice.seller["title"], "number": invoice.number, "seller": invoice.seller, "buyer": invoice.buyer,
        "address": address_of(invoice.buyer), "credit": invoice.total_minor < 0,
        "date": list(invoice.issued_on.timetuple()[:3]) if invoice.issued_on else [],
        "issued": _day(invoice.issued_on), "due": _day(invoice.due_on), "month": f"{invoice.month:%B %Y}",
        "currency": invoice.currency, "net": _amount(invoice.net), "total": _amount(invoice.total),
        "terms": _terms(invoice), "asked": _amount(max(invoice.total, -invoice.total)),
        "taxes": [_tax(one, invoice.currency) for one in invoice.taxes], "lines": [_line(one) for one in lines],
    }  # fmt: skip


def address_of(party: dict[str, Any]) -> list[str]:
    """An address as it stands on a letter, below the name; only its country where we know no more."""
    street, postcode, city, province = (party.get(name) or "" for name in ("street", "postcode", "city", "province"))
    place = f"{city} {province} {postcode}" if party["country"] in CITY_FIRST else f"{postcode} {city} {province}"
    country = Locale("en").territories.get(party["country"], party["country"])
    return [line for line in (street, " ".join(place.split()), country) if line]


def _terms(invoice: Invoice) -> str:
    return f"{(invoice.due_on - invoice.issued_on).days} days net" if invoice.due_on and invoice.issued_on else ""


def _line(line: InvoiceLine) -> dict[str, Any]:
    where = f"{line.customer_name}, {line.account_name}" if line.customer_name else line.account_name
    days = _days(line.first, line.last)
    price = f"{line.unit_price.normalize():,f}"
    whole, _, rest = price.partition(".")
    least = max(0, -int(line.net.amount.as_tuple().exponent))
    return {
        "name": line.name, "where": where, "days": days, "quantity": f"{line.quantity:,}".replace("-", "−"),
        "price": f"{whole}.{rest.ljust(least, '0')}" if rest or least else whole,
        "rate": "–" if line.tax_category == "O" else f"{line.tax_rate.normalize():f} %", "net": _amount(line.net),
    }  # fmt: skip


def _tax(one: dict[str, Any], currency: str) -> dict[str, str]:
    net, owed = (Money.from_minor(one[name], currency) for name in ("net_minor", "tax_minor"))
    rate = "" if one["category"] == "O" else f" {one['rate']} %"
    return {"name": f"{one['name']}{rate} of {_amount(net)}", "amount": _amount(owed), "text": one["text"]}


def _days(first: date, last: date | None) -> str:
    if last is None or last.year == date.max.year:
        return f"from {first:%-d %b %Y}"
    if last == first:
        return f"{first:%-d %b %Y}"
    return f"{first:%-d %b} to {last:%-d %b %Y}" if last.year == first.year else f"{_day(first)} to {_day(last)}"


def _day(day: date | None) -> str:
    return f"{day:%-d %b %Y}" if day else ""


def _amount(value: Money) -> str:
    return f"{value.amount:,}".replace("-", "−")


def content_digest(sha256: str) -> str:
    """The fingerprint as HTTP says it (RFC 9530), so that who downloads can check what came."""
    return f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"
