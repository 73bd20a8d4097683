"""What a catalogue sync changes: of each offer the fields that differ, and of each plan the price, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.columns import cut
from domains.kernel.database import new_id

from ..models import CatalogueChange, CatalogueSync, Offer, OfferChange, OfferPlan, PastPrice

T = TypeVar("T")
CHUNK = 500  # ids in one statement; Azure SQL takes 2,100 parameters
FIELDS = (
    "name", "vendor", "category", "description", "kind", "unit", "min_quantity", "max_quantity", "countries", "policy",
    "addon_of", "prerequisites", "valid_from", "valid_to", "active",
)  # fmt: skip
PRICES = ("purchase_price", "list_price")
Plans = dict[tuple[str, str, str], Any]


def chunks(ids: Sequence[T]) -> Iterable[list[T]]:
    """Ids in as many parts as one statement takes."""
    return (list(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))


class Differences:
    """What one sync changes: looked at before anything is written, compared and kept afterwards."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._offers: dict[UUID, dict[str, Any]] = {}
        self._plans: dict[UUID, Plans] = {}

    def look_at(self, offer_ids: Sequence[UUID]) -> None:
        """Remember offers and their plans as they are before they are written."""
        self._offers, self._plans = self._offers_now(offer_ids), self._plans_now(offer_ids)

    def _offers_now(self, offer_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        columns = [Offer.id, *(getattr(Offer, name) for name in FIELDS)]
        found = (self._session.execute(select(*columns).where(Offer.id.in_(part))) for part in chunks(offer_ids))
        return {row.id: row._asdict() for rows in found for row in rows}

    def _plans_now(self, offer_ids: Sequence[UUID]) -> dict[UUID, Plans]:
        names = ("offer_id", "term", "billing_cycle", "currency", *PRICES)
        columns = [getattr(OfferPlan, name) for name in names]
        kept: dict[UUID, Plans] = {}
        for part in chunks(offer_ids):
            for row in self._session.execute(select(*columns).where(OfferPlan.offer_id.in_(part))):
                kept.setdefault(row.offer_id, {})[row.term, row.billing_cycle, row.currency] = row
        return kept

    def keep(
        self, run: dict[str, Any], counts: CatalogueChange, *, added: Sequence[tuple[UUID, Any, str]],
        changed: Sequence[dict[str, Any]], ended: Sequence[Any],
    ) -> None:  # fmt: skip
        """Keep the run, what it has changed, and the prices that it has replaced."""
        now, sync_id = clock.now(self._session), new_id()
        row = {"id": sync_id, "ended_at": now, **{name: getattr(counts, name) for name in counts.__dataclass_fields__}}
        self._session.execute(insert(CatalogueSync.__table__), [row | run])
        known = {"sync_id": sync_id, "at": now, "before": {}, "after": {}, "prices": []}
        rows = [known | {"offer_id": id, "name": offer.name, "kind": "added"} for id, offer, _ in added]
        rows += [known | {"offer_id": one.id, "name": one.name, "kind": "ended"} for one in ended]
        after = self._plans_now([one["id"] for one in changed])
        for one in changed:
            plans = _plans_differing(self._plans.get(one["id"], {}), after.get(one["id"], {}))
            facts = {
                "offer_id": one["id"],
                "name": one["name"],
                "kind": "changed",
                "prices": [told for _, told in plans],
            }
            rows.append(known | facts | _differing(self._offers[one["id"]], one))
            self._keep_prices(one["id"], now, [plan for plan, _ in plans if plan is not None])
        if rows:
            insertable = [one | {"id": new_id(), "name": cut(str(one["name"]), 200)} for one in rows]
            self._session.execute(insert(OfferChange.__table__), insertable)

    def _keep_prices(self, offer_id: UUID, until: Any, plans: Sequence[Any]) -> None:
        names = ("term", "billing_cycle", "currency", *PRICES)
        rows = [
            {name: getattr(plan, name) for name in names} | {"offer_id": offer_id, "until": until} for plan in plans
        ]
        if rows:
            self._session.execute(insert(PastPrice.__table__), rows)


def _differing(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The fields that differ, before and after, as JSON holds them."""
    names = [name for name in FIELDS if before[name] != after[name]]
    return msgspec.to_builtins({  # type: ignore[no-any-return]
        "before": {name: before[name] for name in names}, "after": {name: after[name] for name in names},
    })  # fmt: skip


def _plans_differing(before: Plans, after: Plans) -> list[tuple[Any, dict[str, Any]]]:
    """The plans that are new, gone or at another price: as they were, and what is told of them."""
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        pairs = {name: [_said(old, name), _said(new, name)] for name in PRICES}
        if any(one != other for one, other in pairs.values()):
            term, billing_cycle, currency = key
            found.append((old, {"term": term, "billing_cycle": billing_cycle, "currency": currency} | pairs))
    return found


def _said(plan: Any, name: str) -> str | None:
    value = getattr(plan, name) if plan is not None else None
    return f"{value.normalize():f}" if value is not None else None
