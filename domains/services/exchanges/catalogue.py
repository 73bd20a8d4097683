"""Each provider's catalogue is read and taken over, by a saga on a schedule or at once by an entry point.

What has changed since the last time, where a provider tells that, and all of it once a day.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.endpoints import DEFAULT
from domains.kernel.errors import DomainError, Invalid, NotNow, Pending
from domains.kernel.messages import Exchange

from ..commands import ensure_price_book, store_catalogue, store_promotions
from ..models import CatalogueChange, CatalogueSync, db
from ..providers import CatalogueNews, SaidPromotion, TellsNews, keys, provider

log = logging.getLogger(__name__)
FULL_EVERY = timedelta(hours=24)


@dataclass(frozen=True)
class Mark:
    """Where a provider's catalogue stood when we asked last; all None: ask for all of it."""

    mark: str | None = None
    etag: str | None = None


@dataclass(frozen=True)
class Told:
    """What one provider has said: its catalogue, and its promotions where it has such."""

    news: CatalogueNews
    promotions: list[SaidPromotion] | None = None


Marks = dict[str, Mark]  # by provider
Catalogues = dict[str, Told]


def _intend(session: Session) -> Marks:
    """All of it, whatever we know."""
    return {key: Mark() for key in keys()}


def _intend_news(session: Session, *, full: bool) -> Marks:
    """Where each provider stood. Reading twice does no harm, so nothing is written down."""
    return _intend(session) if full else {key: _mark(session, key) for key in keys()}


def _mark(session: Session, key: str) -> Mark:
    query = select(CatalogueSync).where(CatalogueSync.provider == key).order_by(CatalogueSync.id.desc())
    whole = session.scalars(query.where(CatalogueSync.kind == "full").limit(1)).one_or_none()
    if whole is None or whole.ended_at <= clock.now(session) - FULL_EVERY:
        return Mark()
    last = session.scalars(query.limit(1)).one()
    return Mark(last.mark, last.etag) if last.mark else Mark()


def _call(request: Marks, asked_before: bool) -> Catalogues:
    return {key: told for key, mark in request.items() if (told := _told(key, mark)) is not None}


def _told(key: str, mark: Mark) -> Told | None:
    """What one provider sells; None when a further one gives none, which must not keep the others' away."""
    try:
        asked = provider(key)
        if isinstance(asked, TellsNews):
            return Told(asked.read_catalogue(mark.mark, mark.etag), asked.list_promotions())
        return Told(CatalogueNews(True, asked.list_offers()))
    except (NotNow, Pending, DomainError) as why:
        if key == DEFAULT:
            raise
        _left_out(key, why)
        return None


def _left_out(key: str, why: Exception) -> None:
    log.warning("a provider's catalogue was left out", extra={"provider": key, "why": str(why)})


def _record(session: Session, answer: Catalogues) -> CatalogueChange:
    ensure_price_book(session)
    made = [kept for key, told in answer.items() if (kept := _kept(session, key, told)) is not None]
    return CatalogueChange(
        sum(one.added for one in made), sum(one.changed for one in made), sum(one.ended for one in made),
        sum(one.offers for one in made),
    )  # fmt: skip


def _kept(session: Session, key: str, told: Told) -> CatalogueChange | None:
    """What has changed by one provider's catalogue; None when a further one's cannot be taken over."""
    if key == DEFAULT:
        return _store(session, key, told)
    try:
        with session.begin_nested():
            return _store(session, key, told)
    except Invalid as why:
        _left_out(key, why)
        return None


def _store(session: Session, key: str, told: Told) -> CatalogueChange:
    news = told.news
    if told.promotions is not None:
        store_promotions(session, provider=key, said=told.promotions)
    return store_catalogue(
        session, provider=key, offers=news.offers, full=news.full, ended=news.ended, mark=news.mark, etag=news.etag
    )


def _record_news(session: Session, answer: Catalogues, *, full: bool) -> CatalogueChange:
    return _record(session, answer)


pull_catalogue = Exchange("services.pull_catalogue", _intend, _call, _record)
read_catalogue = Exchange("services.read_catalogue", _intend_news, _call, _record_news)


def sync_catalogue() -> CatalogueChange:
    """Pull the catalogue at once, in a transaction of its own; for entry points, outside any saga."""
    with db.begin_read() as session:
        marks = _intend(session)
    catalogues = _call(marks, False)
    with db.begin() as session:
        return _record(session, catalogues)
