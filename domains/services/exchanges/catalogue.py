"""Each provider's whole catalogue is pulled and taken over, by a saga on a schedule or at once by an entry point."""

from __future__ import annotations

import logging

from sqlalchemy.orm import Session

from domains.kernel.endpoints import DEFAULT
from domains.kernel.errors import NotNow
from domains.kernel.messages import Exchange

from ..commands import ensure_price_book, store_catalogue
from ..models import CatalogueChange, db
from ..providers import CatalogueOffer, keys, provider

log = logging.getLogger(__name__)
Catalogues = dict[str, list[CatalogueOffer]]  # by provider


def _intend(session: Session) -> None:
    """Nothing to write down: pulling twice does no harm."""


def _call(request: None, asked_before: bool) -> Catalogues:
    return {key: offers for key in keys() if (offers := _offers(key)) is not None}


def _offers(key: str) -> list[CatalogueOffer] | None:
    """What one provider sells; None when a further one cannot be asked, which must not keep the others' away."""
    try:
        return provider(key).list_offers()
    except NotNow as why:
        if key == DEFAULT:
            raise
        log.warning("a provider's catalogue was left out", extra={"provider": key, "why": str(why)})
        return None


def _record(session: Session, answer: Catalogues) -> CatalogueChange:
    ensure_price_book(session)
    made = [store_catalogue(session, provider=key, offers=offers) for key, offers in answer.items()]
    return CatalogueChange(
        sum(one.added for one in made), sum(one.changed for one in made), sum(one.ended for one in made),
        sum(one.offers for one in made),
    )  # fmt: skip


pull_catalogue = Exchange("services.pull_catalogue", _intend, _call, _record)


def sync_catalogue() -> CatalogueChange:
    """Pull the catalogue at once, in a transaction of its own; for entry points, outside any saga."""
    catalogues = _call(None, False)
    with db.begin() as session:
        return _record(session, catalogues)
