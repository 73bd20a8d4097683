"""Customers and what must be right about one."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Id, Instant, Json, Minor, Text
from domains.kernel.database import Database
from domains.kernel.errors import N_, Invalid
from domains.kernel.money import Money

db = Database("customers")
KINDS = ("direct", "reseller", "end_customer", "operator")
LANGUAGES = ("en", "de", "ja")
CURRENCIES = ("EUR", "GBP", "NOK", "SEK", "CHF", "PLN", "SGD", "AUD", "JPY", "NZD", "INR")
EUROPE = set(
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)
APAC = set("AU HK ID IN JP KR MY NZ PH SG TH TW VN".split())  # noqa: SIM905 reads better than a list
# The shape of VAT numbers (Council Directive 2006/112/EC, art. 215) and of their likes; whether one exists is
# checked with the tax office when invoices are issued.
TAX_ID = {
    "AT": r"ATU\d{8}", "BE": r"BE[01]\d{9}", "BG": r"BG\d{9,10}", "CH": r"CHE\d{9}(MWST|TVA|IVA)?",
    "CY": r"CY\d{8}[A-Z]", "CZ": r"CZ\d{8,10}", "DE": r"DE\d{9}", "DK": r"DK\d{8}", "EE": r"EE\d{9}",
    "ES": r"ES[A-Z0-9]\d{7}[A-Z0-9]", "FI": r"FI\d{8}", "FR": r"FR[A-Z0-9]{2}\d{9}", "GB": r"GB(\d{9}|\d{12})",
    "GR": r"EL\d{9}", "HR": r"HR\d{11}", "HU": r"HU\d{8}", "IE": r"IE\d[A-Z0-9+*]\d{5}[A-Z]{1,2}", "IT": r"IT\d{11}",
    "LT": r"LT(\d{9}|\d{12})", "LU": r"LU\d{8}", "LV": r"LV\d{11}", "MT": r"MT\d{8}", "NL": r"NL\d{9}B\d{2}",
    "NO": r"NO\d{9}(MVA)?", "PL": r"PL\d{10}", "PT": r"PT\d{9}", "RO": r"RO\d{2,10}", "SE": r"SE\d{12}",
    "SI": r"SI\d{8}", "SK": r"SK\d{10}", "AU": r"\d{11}", "NZ": r"\d{8,9}", "SG": r"[A-Z0-9]{9,10}", "JP": r"T?\d{13}",
    "IN": r"\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9]",
}  # fmt: skip
LIVE = N_("This is no sandbox: the time of a live customer is real, and its provider shows no faults.")
ADDRESS = {"street": 200, "postcode": 20, "city": 120, "province": 60}  # characters at most


class Customer(db.Model):
    """An organisation that buys. Its own row belongs to itself, an end-customer's to its reseller too."""

    __tablename__ = "customer"
    __table_args__ = (Index("ix_customer_reseller_id_id", "reseller_id", "id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Text(16))
    status: Mapped[str] = mapped_column(Text(16))
    name: Mapped[str] = mapped_column(Text(120))
    legal_name: Mapped[str] = mapped_column(Text(200))
    country: Mapped[str] = mapped_column(Text(2))
    region: Mapped[str] = mapped_column(Text(8))
    currency: Mapped[str] = mapped_column(Text(3))
    language: Mapped[str] = mapped_column(Text(8))
    time_zone: Mapped[str] = mapped_column(Text(60))
    email: Mapped[str] = mapped_column(Text(320))
    tax_id: Mapped[str | None] = mapped_column(Text(40))
    street: Mapped[str | None] = mapped_column(Text(200))
    postcode: Mapped[str | None] = mapped_column(Text(20))
    city: Mapped[str | None] = mapped_column(Text(120))
    province: Mapped[str | None] = mapped_column(Text(60))
    credit_minor: Mapped[int | None] = mapped_column(Minor)
    payment_terms_days: Mapped[int] = mapped_column(Count)
    price_book: Mapped[str] = mapped_column(Text(60))
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count)
    sandbox_of: Mapped[UUID | None] = mapped_column(Id)  # the live customer whose sandbox this is
    clock_ahead: Mapped[int] = mapped_column(Count, server_default="0")  # seconds, of a sandbox only
    faults: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)  # that the provider is to show, of a sandbox only

    @property
    def is_sandbox(self) -> bool:
        return self.sandbox_of is not None

    @property
    def credit_limit(self) -> Money | None:
        return None if self.credit_minor is None else Money.from_minor(self.credit_minor, self.currency)


class Sandbox(db.Model):
    """That a customer has a sandbox, and which: the row is the customer's, and there is one at most."""

    __tablename__ = "sandbox"

    customer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    sandbox_id: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(120))
    created_at: Mapped[datetime] = mapped_column(Instant)


def region_of(country: str) -> str:
    """The region a country is served from: eu or apac. Refuses a country we do not sell in."""
    if country in EUROPE:
        return "eu"
    if country in APAC:
        return "apac"
    raise Invalid(
        "We do not sell in “%(country)s”: use a two-letter code of Europe or APAC.", field="country", country=country
    )


def check(*, country: str, currency: str, language: str, time_zone: str, email: str, tax_id: str | None) -> None:
    """Refuse facts about a customer that cannot be right, naming the field."""
    region_of(country)
    if currency not in CURRENCIES:
        raise Invalid(
            "We do not sell in %(currency)s: choose from %(sold)s.",
            field="currency",
            currency=currency,
            sold=tuple(CURRENCIES),
        )
    if language not in LANGUAGES:
        raise Invalid(f"language is one of {', '.join(LANGUAGES)}.", field="language")
    if time_zone not in available_timezones():
        raise Invalid(
            "“%(zone)s” is not a time zone: use a name such as Europe/Amsterdam.", field="time_zone", zone=time_zone
        )
    check_email(email)
    shape = TAX_ID.get(country)
    if tax_id and shape and not re.fullmatch(shape, re.sub(r"[\s.-]", "", tax_id).upper()):
        raise Invalid(
            "“%(given)s” is not a tax number of %(country)s.",
            code="tax_id_invalid",
            field="tax_id",
            given=tax_id,
            country=country,
        )


def check_newcomer(
    *, name: str, legal_name: str, owner_name: str, owner_email: str, credit_limit: Money | None = None, **facts: Any
) -> None:
    """Refuse an onboarding whose names or facts cannot be right, naming the field, before anything is started."""
    clean_name(name)
    clean_address(**{part: facts.pop(part, None) for part in ADDRESS})
    for field, given in (("legal_name", legal_name), ("owner_name", owner_name)):
        clean_name(given, field, 200)
    check_email(owner_email, "owner_email")
    check(**facts)
    check_credit(credit_limit, facts["currency"])


def check_credit(limit: Money | None, currency: str) -> None:
    """Refuse a credit limit below zero, and one in another currency than the customer's."""
    if limit is not None and (limit.currency != currency or limit.minor < 0):
        raise Invalid("Give a credit limit of zero or more in %(currency)s.", field="credit_limit", currency=currency)


def check_email(email: str, field: str = "email") -> None:
    """Refuse what is not an e-mail address."""
    if len(email) > 320 or not re.fullmatch(r"[^\s@<>,;:]+@[^\s@<>,;:]+\.[^\s@<>,;:.]+", email):
        raise Invalid("“%(given)s” is not an e-mail address.", code="email_invalid", field=field, given=email)


def clean_name(name: str, field: str = "name", longest: int = 120) -> str:
    """A name without stray spaces; refused when empty or too long."""
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= longest:
        raise Invalid("Give a name of 1 to %(longest)s characters.", code="name_invalid", field=field, longest=longest)
    return clean


def clean_address(**given: str | None) -> dict[str, str | None]:
    """An address without stray spaces: none at all, or with a street and a city. Refused when a part is too long."""
    clean = {part: " ".join((given.get(part) or "").split()) or None for part in ADDRESS}
    for part, longest in ADDRESS.items():
        if len(clean[part] or "") > longest:
            raise Invalid("Use at most %(longest)s characters.", code="address_invalid", field=part, longest=longest)
    for part in ("street", "city"):
        if any(clean.values()) and not clean[part]:
            raise Invalid("An address has a street and a city.", code="address_invalid", field=part)
    return clean
