"""Who sells to whom, and which tax that means: one table, by the day of the supply.

Every row needs the yes of an accountant in the seller's country before it is used for real. Sources and open points
are in docs/adr/0017-invoices-by-typst.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from domains.kernel.errors import Refused
from domains.kernel.money import Money

_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(_EU.split())
PREFIXES = {"GR": "EL"}  # a VAT number begins with the country's code, but for Greece
ALWAYS = date.max


@dataclass(frozen=True)
class Seller:
    """One of our legal entities: what its invoices must say of it, and the prefix of their numbers."""

    key: str
    prefix: str
    name: str
    street: str
    place: str
    country: str
    tax_id: str
    registration: str
    account: str
    title: str = "Invoice"


SELLERS = {
    "eu": Seller("eu", "EU", "Cloud Sales Europe B.V.", "Gracht 100", "1000 AA Amsterdam, Netherlands", "NL",
                 "NL000099999B01", "Chamber of commerce 00000000", "IBAN NL00 BANK 0000 0000 00"),
    "apac": Seller("apac", "AP", "Cloud Sales Asia Pacific Pte. Ltd.", "1 Quay Street", "Singapore 000001", "SG",
                   "M90000000X", "UEN 000000000A", "DBS 000-000000-0", "Tax invoice"),
    "au": Seller("au", "AU", "Cloud Sales Australia Pty Ltd", "1 Harbour Street", "Sydney NSW 2000, Australia", "AU",
                 "ABN 00 000 000 000", "ACN 000 000 000", "BSB 000-000 00000000", "Tax invoice"),
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """How a supply is taxed: its category and rate (percent), and the words the invoice must then hold."""

    category: str
    rate: Decimal
    name: str
    text: str = ""
    code: str = ""


@dataclass(frozen=True)
class Row:
    """A rule for a seller's country and where the buyer is (home, eu, abroad), on days from `since` to `until`."""

    seller: str
    buyer: str
    rule: Rule
    since: date
    until: date = ALWAYS


_REVERSE = "Reverse charge: the customer is liable for the VAT (Article 196 of Directive 2006/112/EC)."
_OUTSIDE = "Not subject to EU VAT: supplied where the customer is (Article 44 of Directive 2006/112/EC)."
_SINCE = date(2010, 1, 1)
TABLE = (
    Row("NL", "home", Rule("S", Decimal(21), "VAT Netherlands"), date(2012, 10, 1)),
    Row("NL", "eu", Rule("AE", Decimal(0), "VAT, reverse charge", _REVERSE, "VATEX-EU-AE"), _SINCE),
    Row("NL", "abroad", Rule("O", Decimal(0), "Outside the scope of VAT", _OUTSIDE, "VATEX-EU-O"), _SINCE),
    Row("SG", "home", Rule("SR", Decimal(8), "GST Singapore"), date(2023, 1, 1), date(2023, 12, 31)),
    Row("SG", "home", Rule("SR", Decimal(9), "GST Singapore"), date(2024, 1, 1)),
    Row("SG", "abroad", Rule("ZR", Decimal(0), "GST, zero-rated", "International service, section 21(3)."), _SINCE),
    Row("AU", "home", Rule("S", Decimal(10), "GST Australia"), date(2000, 7, 1)),
    Row("AU", "abroad", Rule("G", Decimal(0), "GST-free export"), date(2000, 7, 1)),
)


def seller_for(country: str, region: str) -> Seller:
    """The legal entity that sells to a country: its own where we have one, else that of its region."""
    own = next((one for one in SELLERS.values() if one.country == country), None)
    return own or SELLERS[region if region in SELLERS else "eu"]


def rule_for(seller: Seller, country: str, tax_id: str | None, on: date) -> Rule:
    """How a supply of a day to a business in a country is taxed. Refused where nobody can know: we do not guess."""
    buyer = "home" if country == seller.country else "eu" if {country, seller.country} <= EU else "abroad"
    if buyer == "eu" and not _is_vat_number(tax_id or "", PREFIXES.get(country, country)):
        raise Refused("Without the customer's own VAT number nobody knows which tax applies.", code="tax_undecided")
    rows = [row for row in TABLE if (row.seller, row.buyer) == (seller.country, buyer)]
    found = [row.rule for row in rows if row.since <= on <= row.until]
    if len(found) != 1:
        raise Refused("There is no tax rule for this day.", code="tax_undecided")
    return found[0]


def _is_vat_number(text: str, prefix: str) -> bool:
    """Whether it can be a VAT number of a country in the EU, by its shape; whether it is one, only VIES knows."""
    known = re.sub(r"[\s.-]", "", text).upper()
    return re.fullmatch(prefix + r"(?=.*\d)[0-9A-Z+*]{2,12}", known) is not None


def tax_sums(rule_and_net: Iterable[tuple[Rule, Money]], currency: str) -> list[tuple[Rule, Money, Money]]:
    """(rule, net, tax) for each category and rate: rounded once, on the sum of the nets, which are rounded already."""
    groups: dict[Rule, Money] = {}
    for rule, net in rule_and_net:
        groups[rule] = groups.get(rule, Money.zero(currency)) + net
    return [(rule, net, Money.of(net.amount * rule.rate / 100, currency)) for rule, net in groups.items()]


def as_facts(rule: Rule, net: Money, tax: Money) -> dict[str, Any]:
    """A tax sum as it is kept on the invoice."""
    kept = asdict(rule) | {"rate": f"{rule.rate.normalize():f}"}
    return kept | {"net_minor": net.minor, "tax_minor": tax.minor}
