"""The provider's whole catalogue is pulled and taken over, by a saga on a schedule or at once by an entry point."""

from __future__ import annotations

from sqlalchemy.orm import Session

from domains.kernel.messages import Exchange

from ..commands import ensure_price_book, store_catalogue
from ..models import CatalogueChange, db
from ..providers import CatalogueOffer, provider


def _intend(session: Session) -> None:
    """Nothing to write down: pulling twice does no harm."""


def _call(request: None, asked_before: bool) -> list[CatalogueOffer]:
    return provider().list_offers()


def _record(session: Session, answer: list[CatalogueOffer]) -> CatalogueChange:
    ensure_price_book(session)
    return store_catalogue(session, provider=provider().key, offers=answer)


pull_catalogue = Exchange("services.pull_catalogue", _intend, _call, _record)


def sync_catalogue() -> CatalogueChange:
    """Pull the catalogue at once, in a transaction of its own; for entry points, outside any saga."""
    offers = _call(None, False)
    with db.begin() as session:
        return _record(session, offers)
