"""Price agreements: who buys by which price book, from when to when. For the operator."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.services import commands, db, queries

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match
from .idempotency import once
from .schemas import listing
from .schemas.prices import (
    PriceAgreement,
    PriceAgreementList,
    PriceAgreementPatch,
    PriceAgreementQuery,
    PriceAgreementRequest,
)

blp = Blueprint("price_agreements", __name__, url_prefix="/price-agreements", description=__doc__)


@blp.get("")
@requires("price-books:read")
@blp.query(PriceAgreementQuery)
@blp.response(200, PriceAgreementList)
def list_price_agreements(wish: dict[str, Any]) -> Any:
    """List price agreements, newest first."""
    holder_id = wish.pop("customer_id", None)
    with db.begin_read() as session:
        return listing(queries.list_agreements(session, g.caller.scope, holder_id=holder_id, **wish))


@blp.get("/<uuid:agreement_id>")
@requires("price-books:read")
@blp.response(200, PriceAgreement, etag=True)
def get_price_agreement(agreement_id: UUID) -> Any:
    """Get a price agreement."""
    with db.begin_read() as session:
        return queries.get_agreement(session, g.caller.scope, agreement_id)


@blp.post("")
@requires("price-books:write")
@blp.arguments(PriceAgreementRequest)
@once(db)
@blp.response(201, PriceAgreement, etag=True)
def create_price_agreement(session: Session, wish: dict[str, Any]) -> Any:
    """Agree prices with a customer, or with a reseller for all its end-customers."""
    holder_id = wish.pop("customer_id")
    queries.check_holder(session, g.caller.scope, holder_id)
    queries.check_keeper(g.caller.scope)
    return commands.agree_prices(session, agreement_id=new_id(), holder_id=holder_id, **wish)


@blp.patch("/<uuid:agreement_id>")
@requires("price-books:write")
@blp.arguments(PriceAgreementPatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, PriceAgreement, etag=True)
def update_price_agreement(
    session: Session, changes: dict[str, Any], agreement_id: UUID, expected_version: int | None
) -> Any:
    """Give a price agreement another last day."""
    queries.get_agreement(session, g.caller.scope, agreement_id)
    queries.check_keeper(g.caller.scope)
    return commands.end_agreement(session, agreement_id=agreement_id, expected_version=expected_version, **changes)
