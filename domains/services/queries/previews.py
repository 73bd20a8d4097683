"""Promises: the terms that were shown to a customer, taken up again only as they were signed and in time."""

from __future__ import annotations

import hmac
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock, config
from domains.kernel.crypto import canonical, keyed_digest
from domains.kernel.errors import N_, NotFound, Refused
from domains.kernel.tenancy import Scope

from ..models import Preview

T = TypeVar("T")


def signature_of(preview: Preview) -> str:
    """The signature over everything that a preview promises, to whom, and until when."""
    until = preview.expires_at.isoformat(timespec="seconds")
    parts = (str(preview.id), str(preview.customer_id), preview.kind, until)
    return keyed_digest(config.current().preview_key, *parts, canonical(preview.terms))


def is_ours(preview: Preview) -> bool:
    """Whether a preview is as we signed it; compared in the same time whatever differs."""
    return hmac.compare_digest(preview.signature, signature_of(preview))


def promised(session: Session, scope: Scope, preview_id: UUID, kind: str, terms: type[T]) -> T:
    """The terms promised by a preview in scope.

    Refuses a preview that has expired or was taken up, that is not for this kind of thing, or not as we signed it.
    """
    query = select(Preview).where(Preview.id == preview_id, scope.covers(Preview))
    found: Preview | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such preview.", code="preview_not_found", field="preview_id")
    if found.kind != kind or not is_ours(found):
        raise mismatch("This preview does not hold for this. Make a new one.")
    if clock.now(session) >= found.expires_at:
        raise Refused(
            "The preview has expired on %(time)s. Make a new one and check its prices.",
            code="preview_expired",
            field="preview_id",
            time=found.expires_at,
        )
    if found.redeemed_by is not None:
        raise used()
    return msgspec.convert(found.terms, terms, strict=False)


def used() -> Refused:
    """The refusal of a promise that somebody has taken up."""
    text = N_("This preview was used for another order already. Make a new one.")
    return Refused(text, code="preview_used", field="preview_id")


def check_same(*pairs: tuple[str | None, str | None]) -> None:
    """Refuse another PO reference or cost centre than was promised; what is left out is taken as promised."""
    if any(said is not None and kept is not None and said != kept for said, kept in pairs):
        raise mismatch("This preview does not hold for this. Make a new one.")


def mismatch(detail: str, **params: Any) -> Refused:
    """The refusal of something that differs from what its preview promised."""
    return Refused(detail, code="preview_mismatch", field="preview_id", **params)
