"""The catalogue: taken over from a provider as a whole or by what has changed, and what the provider takes off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.columns import cut
from domains.kernel.crypto import digest
from domains.kernel.database import insert_new, new_id
from domains.kernel.errors import Invalid

from ..models import CatalogueChange, Listing, Offer, OfferPlan, Promotion, Provider
from ..providers import CatalogueOffer, SaidPromotion
from ..queries.catalogue import rank
from .differences import Differences, chunks

_LINE = 60  # characters of a listing's terms or cycles
_LISTED = 60  # names kept of each kind of change, for the operator's page


def store_catalogue(
    session: Session,
    *,
    provider: str,
    offers: Sequence[CatalogueOffer],
    full: bool = True,
    ended: Sequence[str] = (),
    mark: str | None = None,
    etag: str | None = None,
) -> CatalogueChange:
    """Take over what a provider has said of its catalogue: new offers, and changed ones with their plans.

    All of it (`full`): what is missing is no longer sold. Else what has changed since a mark: only what is named as
    `ended` is. Offers that are the same as before are not written. Refuses an empty catalogue while we sell anything:
    the provider has then not answered what we asked. Each run is kept with what it has changed.
    """
    known = _known(session, provider, None if full else [*(offer.id for offer in offers), *ended])
    if full and not offers and any(row.active for row in known.values()):
        raise Invalid("The provider's catalogue came empty: nothing was changed.", code="catalogue_empty")
    said, over = {offer.id: (offer, digest(msgspec.json.encode(offer))) for offer in offers}, set(ended)
    written = [(new_id(), *found) for key, found in said.items() if key not in known]
    changed = [
        (known[key].id, *found) for key, found in said.items() if key in known and _differs(known[key], found[1])
    ]
    gone = [row for key, row in known.items() if row.active and (key in over or (full and key not in said))]
    differences = Differences(session)
    differences.look_at([row[0] for row in changed])
    _insert(session, Offer, [_row(provider, *found) for found in written])
    _update(session, rows := [_row(provider, *found) for found in changed])
    _end(session, [row.id for row in gone])
    _store_plans(session, [*written, *changed], [row[0] for row in changed])
    counts = CatalogueChange(len(written), len(changed), len(gone), len(said))
    run = {"provider": provider, "kind": "full" if full else "incremental", "mark": mark, "etag": etag}
    differences.keep(run, counts, added=written, changed=rows, ended=gone)
    _note(session, provider, written, changed, gone)
    return counts


def _differs(row: Any, seal: str) -> bool:
    return row.digest != seal or not row.active


def _known(session: Session, provider: str, named: list[str] | None) -> dict[str, Any]:
    """The offers that we know of a provider by its ids: all, or those that are named."""
    columns = (Offer.id, Offer.provider_offer_id, Offer.name, Offer.digest, Offer.active)
    query = select(*columns).where(Offer.provider == provider)
    if named is None:
        return {row.provider_offer_id: row for row in session.execute(query)}
    parts = (session.execute(query.where(Offer.provider_offer_id.in_(chunk))) for chunk in chunks(named))
    return {row.provider_offer_id: row for part in parts for row in part}


def _row(provider: str, offer_id: UUID, offer: CatalogueOffer, seal: str) -> dict[str, Any]:
    words = f"{offer.name} {offer.vendor} {offer.category} {offer.id} {offer.description}"
    return {
        "id": offer_id, "provider": provider, "provider_offer_id": offer.id, "vendor": offer.vendor,
        "category": offer.category, "name": offer.name, "description": offer.description, "kind": offer.kind,
        "unit": offer.unit, "min_quantity": offer.min_quantity, "max_quantity": offer.max_quantity,
        "countries": f",{','.join(offer.countries)},", "policy": offer.policy, "addon_of": list(offer.addon_of),
        "prerequisites": list(offer.prerequisites), "valid_from": offer.day("valid_from"),
        "valid_to": offer.day("valid_to"),
        "words": cut(words.casefold(), 2000), "provider_version": str(offer.version), "digest": seal, "active": True,
        "version": 1,
    }  # fmt: skip


def _insert(session: Session, model: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(model.__table__), rows)


def _update(session: Session, rows: list[dict[str, Any]]) -> None:
    """Write changed offers with one prepared statement (executemany), which is portable where MERGE is not."""
    if not rows:
        return
    table = Offer.__table__
    names = [name for name in rows[0] if name not in ("id", "version")]
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    statement = update(table).where(table.c.id == bindparam("offer_id"))
    bound = [{name: row[name] for name in names} | {"offer_id": row["id"]} for row in rows]
    session.execute(statement.values(values | {"version": table.c.version + 1}), bound)


def _end(session: Session, offer_ids: list[UUID]) -> None:
    table = Offer.__table__
    for chunk in chunks(offer_ids):
        statement = update(table).where(table.c.id.in_(chunk))
        session.execute(statement.values(active=False, version=table.c.version + 1))


def _store_plans(session: Session, offers: list[tuple[UUID, CatalogueOffer, str]], replaced: list[UUID]) -> None:
    for chunk in chunks(replaced):
        session.execute(delete(OfferPlan).where(OfferPlan.offer_id.in_(chunk)))
        session.execute(delete(Listing).where(Listing.offer_id.in_(chunk)))
    plans, listings = [], []
    for offer_id, offer, _ in offers:
        of_offer = _plans(offer_id, offer)
        plans += of_offer
        listings += _listings(of_offer)
    _insert(session, OfferPlan, plans)
    _insert(session, Listing, listings)


def _plans(offer_id: UUID, offer: CatalogueOffer) -> list[dict[str, Any]]:
    rows = {
        (price.currency, plan.term, plan.billing_cycle): {
            "offer_id": offer_id, "currency": price.currency, "term": plan.term, "billing_cycle": plan.billing_cycle,
            "position": position, "purchase_price": price.purchase_price, "list_price": price.list_price,
        }
        for position, plan in enumerate(offer.plans)
        for price in plan.prices
    }  # fmt: skip
    return list(rows.values())


def _listings(plans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_currency: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(plans, key=lambda row: rank(row["term"], row["billing_cycle"], row["position"])):
        by_currency.setdefault(row["currency"], []).append(row)
    copied = ("currency", "offer_id", "term", "billing_cycle", "purchase_price", "list_price")
    return [
        {name: sold[0][name] for name in copied}
        | {
            "terms": _words(row["term"] for row in sold),
            "billing_cycles": _words(row["billing_cycle"] for row in sold),
        }
        for sold in by_currency.values()
    ]


def _words(words: Iterable[str]) -> str:
    """Words in a line, each once, as many as a listing holds."""
    line = " ".join(dict.fromkeys(words))
    return line if len(line) <= _LINE else line[: _LINE + 1].rpartition(" ")[0]


def _note(session: Session, provider: str, written: list[Any], changed: list[Any], ended: list[Any]) -> None:
    row: dict[str, Any] = {"key": provider, "synced_at": None, "last_change": {}}
    insert_new(session, Provider.__table__, row, "key")
    found = session.get_one(Provider, provider)
    found.synced_at = clock.now(session)
    names = {"added": [offer.name for _, offer, _ in written], "changed": [offer.name for _, offer, _ in changed]}
    names["ended"] = [row.name for row in ended]
    if any(names.values()):
        found.last_change = {kind: sorted(listed)[:_LISTED] for kind, listed in names.items()}


def store_promotions(session: Session, *, provider: str, said: Sequence[SaidPromotion]) -> None:
    """Take over a provider's promotions. One that it tells of no more ends the day before; what we cannot reckon with
    is left out."""
    known = {row.id: row for row in session.scalars(select(Promotion).where(Promotion.provider == provider))}
    kept = {one.id: one for one in said if one.is_reckonable}
    for id, one in kept.items():
        terms = msgspec.to_builtins(one)
        row = known.get(id) or Promotion(provider=provider, id=id)
        if (row.terms, row.name) != (terms, one.name) or row.valid_to != one.valid_to:
            row.name, row.terms, row.valid_from, row.valid_to = one.name, terms, one.valid_from, one.valid_to
            session.add(row)
    yesterday = clock.business_now(session).date() - timedelta(days=1)
    for id in known.keys() - kept.keys():
        ends = known[id].valid_to
        known[id].valid_to = yesterday if ends is None else min(ends, yesterday)
