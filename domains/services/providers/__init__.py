"""All talk with cloud computing providers goes through this port; nothing else in the system knows an address of one.

A provider knows us by our own ids: the account's is the tenant's reference, an order's, change's and subscription's
are theirs. So whatever became of a call can be looked up by what we knew before we made it.
"""

from __future__ import annotations

import os
import threading
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from domains.kernel import config

from .facts import CatalogueOffer as CatalogueOffer
from .facts import CataloguePlan as CataloguePlan
from .facts import ChangePolicy as ChangePolicy
from .facts import Customer as Customer
from .facts import HeldSubscription as HeldSubscription
from .facts import MadeChange as MadeChange
from .facts import MonthLine as MonthLine
from .facts import PlacedOrder as PlacedOrder
from .facts import Price as Price
from .facts import Refusal as Refusal
from .facts import User as User
from .sandbox import SandboxProvider
from .wire import UnknownOutcome as UnknownOutcome


class Provider(Protocol):
    """What we ask of a provider.

    Every call raises Refused or NotFound for a clear no, Pending while something else is under way, NotNow when surely
    nothing was done, and UnknownOutcome (a NotNow) when it may have been.
    """

    key: str

    def list_offers(self) -> list[CatalogueOffer]: ...

    def ensure_customer(self, reference: UUID, *, name: str, country: str, region: str, email: str) -> Customer: ...

    def ensure_user(self, customer: UUID, reference: UUID, *, email: str, display_name: str) -> User: ...

    def place_order(self, operation_id: UUID, order: dict[str, Any]) -> PlacedOrder: ...

    def find_order(self, reference: UUID) -> PlacedOrder | None: ...

    def get_subscription(self, subscription_id: str) -> HeldSubscription | None: ...

    def get_policy(self, subscription_id: str) -> ChangePolicy: ...

    def make_change(self, operation_id: UUID, subscription_id: str, change: dict[str, Any]) -> MadeChange: ...

    def find_change(self, reference: UUID) -> MadeChange | None: ...

    def list_month_lines(self, month: date) -> list[MonthLine]: ...


_providers: dict[tuple[object, ...], Provider] = {}


def provider() -> Provider:
    """The provider of this process and thread: one HTTP session each, because sessions are not thread-safe."""
    settings = config.current()
    asked = (settings.provider_url, settings.provider_client_id, settings.provider_client_secret)
    key = (os.getpid(), threading.get_ident(), *asked, settings.provider_timeout)
    if key not in _providers:
        _providers[key] = SandboxProvider(*asked, settings.provider_timeout)
    return _providers[key]
