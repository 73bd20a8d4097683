"""The providers' catalogues come in: offers, plans and purchase prices, at most once an hour unless asked for."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domains.services import exchanges as provider

from ..definition import N_, Saga, pivot

NOBODY = UUID(int=0)  # runs of the house belong to no customer
_TITLE = N_("Fetch the catalogue")


@dataclass(frozen=True, kw_only=True)
class SyncCatalogue:
    """What has changed since the last time is read; with `full`, all of it, which also ends what is missing."""

    customer_id: UUID = NOBODY
    reseller_id: UUID | None = None
    full: bool = False

    @property
    def label(self) -> str:
        """Nothing distinguishes one from another."""
        return ""

    @property
    def resource(self) -> tuple[str, UUID]:
        """What the run is about."""
        return "catalogue", NOBODY


@dataclass(frozen=True, kw_only=True)
class PullCatalogue:
    """All of it, always."""

    customer_id: UUID = NOBODY
    reseller_id: UUID | None = None


sync_catalogue = Saga(
    "sync-catalogue", SyncCatalogue, (pivot(provider.read_catalogue, title=_TITLE),), version=2, house=True
)

# As it was begun before a provider could tell what has changed: until no such run is under way.
sync_catalogue_v1 = Saga(
    "sync-catalogue", PullCatalogue, (pivot(provider.pull_catalogue, title=_TITLE),), version=1, house=True
)
