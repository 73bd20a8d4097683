"""The provider's catalogue comes in: offers, plans and purchase prices, at most once an hour unless asked for."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domains.services import exchanges as provider

from ..definition import N_, Saga, pivot

NOBODY = UUID(int=0)  # runs of the house belong to no customer


@dataclass(frozen=True, kw_only=True)
class SyncCatalogue:
    """Nothing needs to be said: the provider's catalogue is one."""

    customer_id: UUID = NOBODY
    reseller_id: UUID | None = None


sync_catalogue = Saga(
    "sync-catalogue", SyncCatalogue, (pivot(provider.pull_catalogue, title=N_("Fetch the catalogue")),), house=True
)
