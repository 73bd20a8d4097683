"""The catalogue: taken over from the provider as a whole, and the price books that we put on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.columns import cut
from domains.kernel.crypto import canonical, digest
from domains.kernel.database import insert_new, new_id
from domains.kernel.errors import Invalid

from ..models import CatalogueChange, Listing, Offer, OfferPlan, PriceBook, PriceRule, Provider
from ..pricing import STANDARD, STANDARD_NAME, Rule
from ..providers import CatalogueOffer
from ..queries.catalogue import rank

CHUNK = 500  # ids in one statement; Azure SQL takes 2,100 parameters
_LINE = 60  # characters of a listing's terms or cycles
_LISTED = 60  # names kept of each kind of change, for the operator's page


def store_catalogue(session: Session, *, provider: str, offers: Sequence[CatalogueOffer]) -> CatalogueChange:
    """Take over a provider's whole catalogue: new offers, changed ones with their plans, and the end of missing ones.

    Offers that are the same as before are not written. Refuses an empty catalogue while we sell anything: the provider
    has then not answered what we asked.
    """
    known = {row.provider_offer_id: row for row in session.execute(_known(provider))}
    if not offers and any(row.active for row in known.values()):
        raise Invalid("The provider's catalogue came empty: nothing was changed.", code="catalogue_empty")
    said = {offer.id: (offer, digest(canonical(msgspec.to_builtins(offer)))) for offer in offers}
    fresh = [found for key, found in said.items() if key not in known]
    changed = [
        (known[key].id, *found)
        for key, found in said.items()
        if key in known and (known[key].digest != found[1] or not known[key].active)
    ]
    ended = [row for key, row in known.items() if key not in said and row.active]
    written = [(new_id(), *found) for found in fresh]
    _insert(session, Offer, [_row(provider, *found) for found in written])
    _update(session, [_row(provider, *found) for found in changed])
    _end(session, [row.id for row in ended])
    _store_plans(session, [*written, *changed], [row[0] for row in changed])
    names = {
        "added": [offer.name for _, offer, _ in written],
        "changed": [offer.name for _, offer, _ in changed],
        "ended": [row.name for row in ended],
    }
    _note(session, provider, names)
    return CatalogueChange(len(written), len(changed), len(ended), len(said))


def _known(provider: str) -> Any:
    columns = (Offer.id, Offer.provider_offer_id, Offer.name, Offer.digest, Offer.active)
    return select(*columns).where(Offer.provider == provider)


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
    for chunk in _chunks(offer_ids):
        statement = update(table).where(table.c.id.in_(chunk))
        session.execute(statement.values(active=False, version=table.c.version + 1))


def _chunks(ids: list[UUID]) -> Iterable[list[UUID]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _store_plans(session: Session, offers: list[tuple[UUID, CatalogueOffer, str]], replaced: list[UUID]) -> None:
    for chunk in _chunks(replaced):
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
            "position": position, "purchase_price": price.purchase_price,
        }
        for position, plan in enumerate(offer.plans)
        for price in plan.prices
    }  # fmt: skip
    return list(rows.values())


def _listings(plans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_currency: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(plans, key=lambda row: rank(row["term"], row["billing_cycle"], row["position"])):
        by_currency.setdefault(row["currency"], []).append(row)
    copied = ("currency", "offer_id", "term", "billing_cycle", "purchase_price")
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


def _note(session: Session, provider: str, names: dict[str, list[str]]) -> None:
    row: dict[str, Any] = {"key": provider, "synced_at": None, "last_change": {}}
    insert_new(session, Provider.__table__, row, "key")
    found = session.get_one(Provider, provider)
    found.synced_at = clock.now(session)
    if any(names.values()):
        found.last_change = {kind: sorted(listed)[:_LISTED] for kind, listed in names.items()}


def set_price_book(session: Session, *, name: str, rules: Sequence[Rule], changed_for: UUID | None = None) -> UUID:
    """Make a price book, or give one other rules; what was ordered keeps its price. Returns the book's id.

    `changed_for` is the customer in whose audit trail it is noted, if it is one customer's book. Refuses a rule that
    could never be applied.
    """
    if not rules:
        raise Invalid("A price book needs at least one rule.", code="rules_missing", field="rules")
    for rule in rules:
        rule.check()
    row = {"id": new_id(), "name": name, "version": 0, "changed_at": clock.now(session)}
    insert_new(session, PriceBook.__table__, row, "name")
    book: PriceBook = session.scalars(select(PriceBook).where(PriceBook.name == name)).one()
    book.version, book.changed_at = book.version + 1, clock.now(session)
    session.execute(delete(PriceRule).where(PriceRule.price_book_id == book.id))
    _insert(session, PriceRule, [_rule_row(book.id, position, rule) for position, rule in enumerate(rules)])
    if changed_for is not None:
        known: dict[str, Any] = {"customer_id": changed_for, "subject": ("price_book", book.id)}
        private = {"rules": list(rules)}  # mark-ups are nobody's business but ours
        audit.record(session, "services.set_price_book", **known, after={"name": name}, private=private)
    return book.id


def _rule_row(book_id: UUID, position: int, rule: Rule) -> dict[str, Any]:
    fixed = rule.unit_price
    return {
        "price_book_id": book_id, "position": position, "scope": rule.scope, "target": rule.target,
        "markup_percent": rule.markup_percent, "unit_price": fixed.amount if fixed else None,
        "currency": fixed.currency if fixed else None, "term": rule.term, "billing_cycle": rule.billing_cycle,
    }  # fmt: skip


def ensure_price_book(session: Session) -> None:
    """Put the standard price book in place when there is none at all, so that a new installation can sell."""
    if session.scalars(select(PriceBook.id).order_by(PriceBook.id).limit(1)).first() is None:
        set_price_book(session, name=STANDARD_NAME, rules=STANDARD)
