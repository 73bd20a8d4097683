"""What we ask of a provider, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from .capabilities import Capabilities
from .facts import (
    CatalogueOffer,
    ChangePolicy,
    Customer,
    HeldSubscription,
    MadeChange,
    MonthLine,
    PlacedOrder,
    User,
)
from .news import ChangesPage, Hint


class Provider(Protocol):
    """What we ask of a provider; `key` is what offers, orders and subscriptions call it by.

    Every call answers, or raises one of the classes of `answers`: Refused (in its kinds) or NotFound for a clear no,
    Busy while something else is under way, NotNow (in its kinds) when surely nothing was done, and UnknownOutcome when
    it may have been. What `capabilities` do not name is refused with NotSupported.
    """

    key: str

    def capabilities(self) -> Capabilities:
        """What it can do; asks nobody."""
        ...

    def list_offers(self) -> list[CatalogueOffer]:
        """The whole catalogue with purchase prices."""
        ...

    def ensure_customer(self, reference: UUID, *, name: str, country: str, region: str, email: str) -> Customer:
        """Our tenant for an account: made once, the same afterwards."""
        ...

    def ensure_user(self, customer: UUID, reference: UUID, *, email: str, display_name: str) -> User:
        """The person a tenant is linked to: made once, the same afterwards."""
        ...

    def place_order(self, operation_id: UUID, order: dict[str, Any]) -> PlacedOrder:
        """Order. The same operation id orders once, whatever happens on the way."""
        ...

    def find_order(self, reference: UUID, order: dict[str, Any] | None = None) -> PlacedOrder | None:
        """The order that was placed under our reference, if any; some need to know what was ordered to find it."""
        ...

    def get_subscription(self, subscription_id: str) -> HeldSubscription | None:
        """A subscription as it stands; None when the provider does not know it."""
        ...

    def list_subscriptions(self, customer: UUID) -> list[HeldSubscription]:
        """All that a tenant has, known to us or not, ended or not; a state that we do not know is kept as it is."""
        ...

    def list_changes_since(self, cursor: str | None) -> ChangesPage:
        """What has happened since a cursor (None: from the beginning), also what customers did there directly."""
        ...

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[Hint, ...]:
        """What a webhook hints at. Raises Unverified when the provider has not signed it, or not just now."""
        ...

    def get_policy(self, subscription_id: str) -> ChangePolicy:
        """What may be changed of a subscription now."""
        ...

    def make_change(self, operation_id: UUID, subscription_id: str, change: dict[str, Any]) -> MadeChange:
        """Change a subscription. The same operation id changes once.

        `change` is {reference, kind, expected_version?} and what its kind needs: change_quantity{quantity},
        cancel{mode: now | end_of_term}, extend{end_date}, suspend, resume, change_plan{offer_id, term, billing_cycle,
        quantity}, end_of_term{mode: renew | cancel | bridge}, schedule_next_term{instructions or None}.
        """
        ...

    def find_change(
        self, reference: UUID, subscription_id: str | None = None, change: dict[str, Any] | None = None
    ) -> MadeChange | None:
        """The change that was asked for under our reference, if any; some need to know which to find it."""
        ...

    def list_month_lines(self, month: date) -> list[MonthLine]:
        """All that a calendar month costs us, of all our customers."""
        ...
