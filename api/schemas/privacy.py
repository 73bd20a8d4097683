"""What is known of people, and that they were erased, on the wire."""

from __future__ import annotations

from marshmallow import fields

from . import Answer, Paged, Request, page_of
from .values import identifier, moment


class PersonRequest(Request):
    """Whom it is about: a person of your organisation who belongs to no other."""

    user_id = identifier(required=True)


class PersonalExport(Answer):
    """A file that lies ready."""

    id = identifier()
    person_id = identifier()
    created_at = moment()
    expires_at = moment()


PersonalExportList = page_of(PersonalExport)


def _part(domain: str) -> fields.Dict:
    return fields.Dict(keys=fields.String(), metadata={"description": f"What {domain} hold: rows by table."})


class PersonalData(Answer):
    """All that is known of a person."""

    customers = _part("customers")
    users = _part("users")
    accounts = _part("accounts")
    services = _part("services")
    support = _part("support")
    billing = _part("billing")
    notifications = _part("notifications")


class Erasure(Answer):
    """The proof that a person was erased."""

    id = identifier()
    person_id = identifier("A random id that leads to nobody any more.")
    customer_id = identifier()
    at = moment()
    counts = fields.Dict(
        keys=fields.String(), values=fields.Raw(), metadata={"description": "Rows by domain and table."}
    )
    proof = fields.String(metadata={"description": "A keyed digest over person and counts."})


ErasureList = page_of(Erasure)


class ErasureQuery(Paged):
    """Which page."""
