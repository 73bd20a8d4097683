"""Have people of your organisation told what is known of them, and have them erased."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from domains.kernel.personal import Whom
from domains.users import db, queries
from saga.flows.erase_person import erase_person
from saga.flows.export_person import export_person
from saga.payloads.people import person_of
from saga.payloads.person import ErasePerson, ExportPerson

from .auth import requires
from .blueprint import Blueprint
from .schemas import listing
from .schemas.privacy import ErasureList, ErasureQuery, PersonRequest
from .starting import Start, starts

blp = Blueprint("privacy", __name__, description=__doc__)


def _whom(user_id: UUID) -> Whom:
    with db.begin_read() as session:
        return queries.whom(session, g.caller.scope, user_id)


@blp.post("/personal-data/exports")
@requires("privacy:write")
@blp.arguments(PersonRequest)
@starts
def export_person_data(wish: dict[str, Any]) -> Start:
    """Have put together all that is known of a person; fetch it by `downloadPersonalExport` within a week."""
    owner = (g.caller.customer_id, g.caller.reseller_id)
    return Start(export_person, ExportPerson.of(_whom(wish["user_id"]), *owner, person_of(g.caller)))


@blp.get("/erasures")
@requires("privacy:read")
@blp.query(ErasureQuery)
@blp.response(200, ErasureList)
def list_erasures(wish: dict[str, Any]) -> Any:
    """List the proofs that people were erased, newest first. They name nobody."""
    with db.begin_read() as session:
        return listing(queries.list_erasures(session, g.caller.scope, **wish))


@blp.post("/erasures")
@requires("privacy:write")
@blp.arguments(PersonRequest)
@starts
def erase_person_data(wish: dict[str, Any]) -> Start:
    """Have a person erased everywhere. It cannot be taken back; what the law wants kept stays."""
    return Start(erase_person, ErasePerson.of(_whom(wish["user_id"]), g.caller.customer_id, g.caller.reseller_id))
