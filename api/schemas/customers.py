"""Customers on the wire: who buys, and on what terms."""

from __future__ import annotations

from marshmallow import fields

from . import Answer, Money, Paged, Patch, Request, page_of
from .values import Choice, Int, Whole, Word, count, identifier, moment, text

KINDS = ("direct", "reseller", "end_customer")
STATUSES = ("onboarding", "active", "suspended", "offboarding", "closed")


class Customer(Answer):
    """An organisation that buys, directly or through a reseller."""

    id = identifier()
    reseller_id = identifier("Who manages it; null for a direct customer or a reseller.", allow_none=True)
    kind = Word(*KINDS)
    status = Word(*STATUSES)
    name = fields.String()
    legal_name = fields.String()
    country = fields.String(metadata={"description": "ISO 3166, two letters.", "examples": ["NL"]})
    region = Word("eu", "apac", description="Where its data is.")
    currency = fields.String(metadata={"examples": ["EUR"]})
    language = fields.String(metadata={"examples": ["en"]})
    time_zone = fields.String(metadata={"examples": ["Europe/Amsterdam"]})
    email = fields.String()
    tax_id = fields.String(allow_none=True)
    street = fields.String(allow_none=True, metadata={"description": "With the house number, as invoices say it."})
    postcode = fields.String(allow_none=True)
    city = fields.String(allow_none=True)
    province = fields.String(allow_none=True, metadata={"description": "State, county or prefecture, where needed."})
    credit_limit = fields.Nested(Money, allow_none=True)
    payment_terms_days = count()
    is_sandbox = fields.Boolean(metadata={"description": "Nothing that happens here is real."})
    created_at = moment()
    version = Int(metadata={"format": "int32"})


CustomerList = page_of(Customer)


class CustomerQuery(Paged):
    """Which customers to list."""

    customer_id = identifier("Only this one.")
    kind = text(16, description="Only those of this kind.", examples=["end_customer"])
    q = text(120, description="Words in the name.")


class CustomerRequest(Request):
    """The customer to onboard. A reseller onboards its end-customers; other kinds are for the operator."""

    kind = Choice("CustomerKind", KINDS, load_default="end_customer")
    reseller_id = identifier("For an end-customer; yourself when it is left out.")
    name = text(120, required=True, examples=["Fourth Coffee"])
    legal_name = text(200, required=True, examples=["Fourth Coffee B.V."])
    country = fields.String(
        required=True,
        validate=Whole(r"^[A-Z]{2}$"),
        metadata={"description": "ISO 3166.", "examples": ["NL"]},
    )
    currency = fields.String(
        required=True,
        validate=Whole(r"^[A-Z]{3}$"),
        metadata={"description": "ISO 4217.", "examples": ["EUR"]},
    )
    language = text(8, required=True, examples=["en"])
    time_zone = text(60, required=True, examples=["Europe/Amsterdam"])
    email = text(320, required=True, examples=["office@fourthcoffee.example"])
    tax_id = text(40, load_default=None, allow_none=True, examples=["NL123456789B01"])
    street = text(200, load_default=None, allow_none=True, examples=["Gracht 12"])
    postcode = text(20, load_default=None, allow_none=True, examples=["1017 AB"])
    city = text(120, load_default=None, allow_none=True, examples=["Amsterdam"])
    province = text(60, load_default=None, allow_none=True, description="State, county or prefecture, where needed.")
    credit_limit = fields.Nested(Money, load_default=None, allow_none=True)
    payment_terms_days = count(0, 120, load_default=30)
    owner_name = text(200, required=True, description="Who signs in first.", examples=["Fay Four"])
    owner_email = text(320, required=True, examples=["fay@fourthcoffee.example"])


class CustomerPatch(Patch):
    """What shall be different; what is left out stays."""

    name = text(120)
    email = text(320)
    language = text(8)
    time_zone = text(60)
    legal_name = text(200, description="As it stands on invoices from now on; those that are issued stay.")
    tax_id = text(40, allow_none=True)
    street = text(200, allow_none=True)
    postcode = text(20, allow_none=True)
    city = text(120, allow_none=True)
    province = text(60, allow_none=True)
