"""The sandbox provider over HTTP: what our exchanges ask, said in its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec

from domains.kernel.errors import NotFound, Refused

from .answers import UnknownOutcome, Unverified
from .border import ProviderId, Unreadable, Word, decoded
from .capabilities import CHANGES, Capabilities
from .catalogues import CatalogueNews, SaidPromotion, read_catalogue
from .facts import (
    CatalogueOffer,
    ChangePolicy,
    Customer,
    HeldSubscription,
    Items,
    MadeChange,
    MonthLine,
    PlacedOrder,
    User,
)
from .gate import Gate
from .hooks import check_signed, header
from .news import ChangesPage, Hint
from .wire import Wire

T = TypeVar("T")
MOST_PAGES = 1000  # a cursor that never ends is a fault, not a catalogue


class SandboxProvider:
    """The provider port, spoken to the sandbox."""

    def __init__(
        self, url: str, client_id: str, client_secret: str, timeout: float, *, key: str = "sandbox",
        webhook_secret: str = "", gate: Gate | None = None,
    ) -> None:  # fmt: skip
        self.key = key
        self._wire = Wire(url, client_id, client_secret, timeout, gate=gate)
        self._webhook_secret = webhook_secret

    def capabilities(self) -> Capabilities:
        """All that the port knows."""
        return Capabilities(
            changes=frozenset(CHANGES), cancel_modes=frozenset({"now", "end_of_term"}),
            end_of_term_modes=frozenset({"renew", "cancel", "bridge"}), extend="free_date",
            lists_subscriptions=True, lists_changes=True, signs_webhooks=bool(self._webhook_secret), tells_costs=True,
            places_in_part=True, checks_versions=True, has_customers=True,
        )  # fmt: skip

    def list_offers(self) -> list[CatalogueOffer]:
        """The whole catalogue with purchase prices."""
        return list(self._pages("/v1/offers", CatalogueOffer, limit=200))

    def read_catalogue(self, mark: str | None, etag: str | None) -> CatalogueNews:
        """What has changed of the catalogue since a mark, or all of it."""
        return read_catalogue(self._wire, mark, etag)

    def list_promotions(self) -> list[SaidPromotion]:
        """All promotions."""
        return list(self._pages("/v1/promotions", SaidPromotion, limit=200))

    def ensure_customer(self, reference: UUID, *, name: str, country: str, region: str, email: str) -> Customer:
        """Our tenant for an account: made once, the same afterwards."""
        body = {"name": name, "country": country, "region": region, "email": email}
        return self._wire.ask("PUT", f"/v1/customers/{reference}", Customer, json=body)

    def ensure_user(self, customer: UUID, reference: UUID, *, email: str, display_name: str) -> User:
        """The person a tenant is linked to: made once, the same afterwards."""
        body = {"email": email, "display_name": display_name}
        return self._wire.ask("PUT", f"/v1/customers/{customer}/users/{reference}", User, json=body)

    def place_order(self, operation_id: UUID, order: dict[str, Any]) -> PlacedOrder:
        """Order. The same operation id orders once, whatever happens on the way."""
        return self._wire.ask("POST", "/v1/orders", PlacedOrder, request_id=str(operation_id), json=order)

    def find_order(self, reference: UUID, order: dict[str, Any] | None = None) -> PlacedOrder | None:
        """The order that was placed under our reference, if any."""
        return self._one("/v1/orders", PlacedOrder, reference)

    def get_subscription(self, subscription_id: str) -> HeldSubscription | None:
        """A subscription as it stands; None when the provider does not know it."""
        try:
            found = self._wire.ask("GET", f"/v1/subscriptions/{quote(subscription_id, safe='')}", HeldSubscription)
        except NotFound:
            return None
        if found.id != subscription_id:
            raise UnknownOutcome("the provider answered with another subscription")
        return found

    def list_subscriptions(self, customer: UUID) -> list[HeldSubscription]:
        """All that a tenant has, in whatever state."""
        return list(self._pages("/v1/subscriptions", HeldSubscription, customer=str(customer), limit=200))

    def list_changes_since(self, cursor: str | None) -> ChangesPage:
        """The feed after a cursor: each of its lines is a hint."""
        query = {"after": cursor or "0", "limit": 200}
        said = self._wire.ask("GET", "/v1/changes-feed", _Feed, params=query)
        return ChangesPage(tuple(_hint(line) for line in said.items), said.next_cursor, said.has_more)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[Hint, ...]:
        """One line of the feed, signed with our common secret."""
        check_signed(self._webhook_secret, header(headers, "Ccp-Signature"), body)
        try:
            return (_hint(decoded(body, _Told)),)
        except Unreadable as error:
            raise Unverified("it cannot be read") from error

    def get_policy(self, subscription_id: str) -> ChangePolicy:
        """What may be changed of a subscription now."""
        path = f"/v1/subscriptions/{quote(subscription_id, safe='')}/change-policy"
        return self._wire.ask("GET", path, ChangePolicy)

    def make_change(self, operation_id: UUID, subscription_id: str, change: dict[str, Any]) -> MadeChange:
        """Change a subscription. The same operation id changes once."""
        path = f"/v1/subscriptions/{quote(subscription_id, safe='')}/changes"
        return self._wire.ask("POST", path, MadeChange, request_id=str(operation_id), json=change)

    def find_change(
        self, reference: UUID, subscription_id: str | None = None, change: dict[str, Any] | None = None
    ) -> MadeChange | None:
        """The change that was asked for under our reference, if any."""
        return self._one("/v1/changes", MadeChange, reference)

    def list_month_lines(self, month: date) -> list[MonthLine]:
        """All that a calendar month costs us, of all our customers."""
        return list(self._pages("/v1/billing/lines", MonthLine, limit=500, period=f"{month:%Y-%m}"))

    def set_clock(self, reference: UUID, ahead: int) -> None:
        """Let one of our tenants live so many seconds ahead. Asking again, or for less than there is, is no harm."""
        with suppress(Refused):  # it is there already, or further: another advance has come first
            self._wire.ask("PUT", f"/control/customers/{reference}/clock", dict, json={"ahead": ahead})

    def set_faults(self, reference: UUID, faults: Sequence[Mapping[str, Any]]) -> None:
        """Replace the faults that one of our tenants is shown."""
        asked = {"faults": [dict(fault) for fault in faults]}
        self._wire.ask("PUT", f"/control/customers/{reference}/faults", dict, json=asked)

    def _one(self, path: str, shape: type[T], reference: UUID) -> T | None:
        page = self._wire.ask("GET", path, Items, params={"reference": str(reference)})
        found = [_item(raw, shape) for raw in page.items]
        own = [item for item in found if getattr(item, "reference", None) == str(reference)]
        if len(own) != len(found):
            raise UnknownOutcome("the provider answered with somebody else's")
        return own[0] if own else None

    def _pages(self, path: str, shape: type[T], **params: Any) -> Iterator[T]:
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            query = params | ({"cursor": cursor} if cursor else {})
            page = self._wire.ask("GET", path, Items, params=query)
            for raw in page.items:
                yield _item(raw, shape)
            cursor = page.next_cursor
            if not cursor:
                return
        raise UnknownOutcome("the provider's list does not end")


class _Told(Word, frozen=True):
    """A line of the feed."""

    kind: str
    resource: str
    resource_id: ProviderId
    at: datetime


class _Feed(Word, frozen=True):
    """A page of the feed."""

    most = {"next_cursor": 4000}

    items: tuple[_Told, ...]
    next_cursor: str
    has_more: bool = False


def _hint(line: _Told) -> Hint:
    return Hint(line.kind, line.resource_id if line.resource == "subscription" else None, None, line.at)


def _item(raw: msgspec.Raw, shape: type[T]) -> T:
    try:
        return decoded(raw, shape)
    except Unreadable as error:
        raise UnknownOutcome(f"the provider's answer cannot be read: {error}") from error
