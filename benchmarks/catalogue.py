"""`python -m benchmarks.catalogue`: the sync and the search of a large catalogue, beside plain SQL in the same run.

On SQLite and, where it is installed, on PostgreSQL (one of its own, writing to disk as usual). Writes
var/bench-catalogue.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, or_, select, true, update
from sqlalchemy.orm import Session

from benchmarks import machine
from domains.kernel import database
from domains.kernel.config import Settings
from domains.kernel.searching import holds
from domains.kernel.tenancy import Scope, work_as
from domains.services import commands, db, queries
from domains.services.commands.catalogue import _listings, _plans, _row
from domains.services.models import Listing, Offer, OfferPlan
from domains.services.providers import CatalogueOffer, CataloguePlan, Price
from domains.services.queries import shelf
from tests.servers import binaries, create_database, temporary_cluster

VENDORS, CATEGORIES = 200, 25
WORDS = ("Analytics", "Backup", "Mail", "Identity", "Storage", "Design", "Ledger", "Gateway", "Monitor", "Archive")
TABLES: tuple[Any, ...] = (Offer, OfferPlan, Listing)
TERMS = (("P1Y", "monthly"), ("P1M", "monthly"), ("P3Y", "annual"))
OPERATOR = Scope.operator()
SEARCHES: dict[str, dict[str, Any]] = {
    "everything": {}, "a word": {"q": "backup"}, "two words": {"q": "mail 17"}, "by price": {"sort": "price"},
    "a vendor": {"vendor": ["Vendor 7"]},
    "three facets": {"category": ["Category 3"], "term": ["P1M"], "price": ["10-50"]},
}  # fmt: skip


def offers(count: int) -> list[CatalogueOffer]:
    """A catalogue of so many offers, the same each time."""
    return [_offer(number) for number in range(count)]


def _offer(number: int) -> CatalogueOffer:
    cents = Decimal(199 + (number * 7919) % 60_000) / 100
    prices = tuple(Price(code, cents * rate, cents * rate * 2) for code, rate in (("EUR", 1), ("SEK", 11)))
    plans = tuple(CataloguePlan(term, cycle, prices) for term, cycle in TERMS)
    name = f"{WORDS[number % 10]} {WORDS[number // 10 % 10]} {number}"
    return CatalogueOffer(
        id=f"offer-{number}", vendor=f"Vendor {number % VENDORS}", category=f"Category {number % CATEGORIES}",
        name=name, kind="trial" if number % 20 == 0 else "seat", unit="seat", plans=plans,
        description=f"{name} for whoever needs it.",
        policy={"cancel_window_hours": 168, "return_window_hours": 168, "returnable": True, "extend": "free_date"},
    )  # fmt: skip


def timed(work: Callable[[], Any]) -> float:
    """Seconds that a piece of work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


# ---------- the sync ----------


def syncs(count: int) -> dict[str, dict[str, float]]:
    """A first sync, one of the same, and one in which a hundredth has changed; each beside the bare statements."""
    said = offers(count)
    changed = [msgspec.structs.replace(offer, description="Other words.") for offer in said[: count // 100]]
    plain = {"first": timed(lambda: _bare_first(said))}
    _forget()
    found = {"first": timed(lambda: _store(said))}
    plain["unchanged"], found["unchanged"] = timed(_bare_unchanged), timed(lambda: _store(said))
    whole = [*changed, *said[len(changed) :]]
    plain["1 % changed"] = timed(lambda: _bare_changed(changed))
    found["1 % changed"] = timed(lambda: _store(whole))
    again = [msgspec.structs.replace(offer, description="Other words again.") for offer in changed]
    plain["1 % told alone"] = timed(lambda: _bare_changed(again))
    found["1 % told alone"] = timed(lambda: _store(again, full=False))
    return {name: {"ours_s": found[name], "plain_s": plain[name]} for name in found}


def _store(said: list[CatalogueOffer], **but: Any) -> None:
    with db.begin() as session:
        commands.store_catalogue(session, provider="sandbox", offers=said, **but)


def _rows(said: list[CatalogueOffer]) -> tuple[list[Any], list[Any], list[Any]]:
    rows = [_row("bare", database.new_id(), offer, "x") for offer in said]
    plans = [_plans(row["id"], offer) for row, offer in zip(rows, said, strict=True)]
    return rows, [one for some in plans for one in some], [one for some in plans for one in _listings(some)]


def _bare_first(said: list[CatalogueOffer]) -> None:
    """The rows themselves, inserted."""
    with db.engine.begin() as connection:
        for model, rows in zip(TABLES, _rows(said), strict=True):
            connection.execute(insert(model.__table__), rows)


def _forget() -> None:
    with db.engine.begin() as connection:
        for model in TABLES:
            connection.execute(delete(model.__table__))


def _bare_unchanged() -> None:
    with db.engine.connect() as connection:
        connection.execute(select(Offer.id, Offer.provider_offer_id, Offer.digest, Offer.active)).all()


def _bare_changed(said: list[CatalogueOffer]) -> None:
    with db.engine.begin() as session:
        ids = {row.provider_offer_id: row.id for row in session.execute(select(Offer.provider_offer_id, Offer.id))}
        for offer in said:
            key = ids[offer.id]
            session.execute(update(Offer.__table__).where(Offer.__table__.c.id == key).values(description="plain"))
            session.execute(delete(OfferPlan.__table__).where(OfferPlan.__table__.c.offer_id == key))
            plans = _plans(key, offer)
            session.execute(insert(OfferPlan.__table__), plans)
            session.execute(delete(Listing.__table__).where(Listing.__table__.c.offer_id == key))
            session.execute(insert(Listing.__table__), _listings(plans))


# ---------- the search ----------


def searches(rounds: int) -> dict[str, dict[str, float]]:
    """Each search: the first one after the catalogue has changed, later ones, and the same asked of the database."""
    found = {}
    for name, wish in SEARCHES.items():
        shelf._shelves.clear()
        cold = timed(lambda wish=wish: _search(wish))  # type: ignore[misc]
        warm = statistics.median(timed(lambda wish=wish: _search(wish)) for _ in range(rounds))  # type: ignore[misc]
        plain = statistics.median(timed(lambda wish=wish: _plain(wish)) for _ in range(max(rounds // 4, 3)))  # type: ignore[misc]
        found[name] = {"first_ms": cold * 1000, "ours_ms": warm * 1000, "plain_ms": plain * 1000}
    return found


def _search(wish: dict[str, Any]) -> Any:
    with db.begin_read() as session:
        return queries.search_offers(session, OPERATOR, currency="EUR", limit=20, **wish)


def _plain(wish: dict[str, Any]) -> None:
    """Count, five facets and a page by SQL. It knows our cost and not the sales price: no bands, no order by it."""
    with db.begin_read() as session:
        session.scalar(_narrowed(select(func.count()), wish))
        for facet in (Offer.vendor, Offer.category, Offer.kind, Listing.terms, Listing.billing_cycles):
            session.execute(_narrowed(select(facet, func.count()), wish).group_by(facet)).all()
        order = Listing.purchase_price if wish.get("sort") == "price" else Offer.name
        session.execute(_narrowed(select(Offer, Listing), wish).order_by(order, Offer.id).limit(20)).all()


def _narrowed(query: Any, wish: dict[str, Any]) -> Any:
    query = query.select_from(Offer).join(Listing, Listing.offer_id == Offer.id)
    query = query.where(Listing.currency == "EUR", Offer.active == true(), or_(Offer.valid_to.is_(None), true()))
    for word in wish.get("q", "").split():
        query = query.where(holds(Offer.words, word))
    for name in ("vendor", "category"):
        if wish.get(name):
            query = query.where(getattr(Offer, name).in_(wish[name]))
    return query.where(holds(Listing.terms, wish["term"][0])) if wish.get("term") else query


# ---------- all of it ----------


def places() -> Iterator[tuple[str, str]]:
    """Where it is measured: a name, and a URL with {domain}."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        yield "SQLite", f"sqlite:///{folder}/{{domain}}.sqlite3"
        if binaries() is None:
            print("left out: PostgreSQL is not installed")
            return
        url = stack.enter_context(temporary_cluster(""))
        create_database(url.format(domain="services"))
        yield "PostgreSQL", url


def measure(url: str, count: int, rounds: int) -> dict[str, Any]:
    database.bind(replace(Settings.from_env(), database_url=url))
    db.metadata.create_all(db.engine)
    with db.begin() as session:
        commands.ensure_price_book(session)
    found = {"sync": syncs(count)}
    with db.begin() as session:
        _settle(session)
    found["search"] = searches(rounds)
    db.engine.dispose()
    return found


def _settle(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql("ANALYZE")


def told(name: str, found: dict[str, Any]) -> Iterator[str]:
    yield f"\n  {name}: sync                ours s   plain SQL s   ratio"
    for what, row in found["sync"].items():
        yield f"    {what:20} {row['ours_s']:12.2f} {row['plain_s']:13.2f} {row['ours_s'] / row['plain_s']:7.1f}"
    yield f"  {name}: search        first after a change ms   ours ms   plain SQL ms   ratio"
    for what, row in found["search"].items():
        figures = f"{row['first_ms']:23.0f} {row['ours_ms']:9.1f} {row['plain_ms']:14.1f}"
        yield f"    {what:16} {figures} {row['ours_ms'] / row['plain_ms']:7.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=20, help="searches of each kind")
    asked = parser.parse_args()
    work_as(Scope.system("measure the catalogue"))
    found: dict[str, Any] = {"machine": machine.facts(), "offers": asked.offers}
    print(f"  {asked.offers:,} offers, {len(TERMS)} plans each in 2 currencies")
    for name, url in places():
        found[name] = measure(url, asked.offers, asked.rounds)
        print("\n".join(told(name, found[name])), flush=True)
    Path("var").mkdir(exist_ok=True)
    Path("var/bench-catalogue.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
