"""Microsoft Partner Center: carts that are checked out; subscriptions that are read, changed and written as a whole.

A write carries MS-RequestId, by which a repeated one is the same; a change carries If-Match, by which nothing is
overwritten that we have not seen. Our ids go along as friendly names, by which everything is found again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from domains.kernel.database import new_id
from domains.kernel.endpoints import Endpoint
from domains.kernel.errors import NotFound

from . import partner_center_words as words
from .answers import NotEligible, NotSupported, UnknownOutcome, meaning
from .capabilities import Capabilities
from .facts import (
    CatalogueOffer,
    ChangePolicy,
    Customer,
    HeldSubscription,
    MadeChange,
    MonthLine,
    PlacedLine,
    PlacedOrder,
    Refusal,
    User,
)
from .gate import Gate
from .news import ChangesPage, Hint
from .partner_center_changes import as_wanted, fulfils
from .partner_center_orders import POLL, Raw, checked_out, lines_of, order_of, placed
from .wire import Answer, Wire


class PartnerCenterProvider:
    """The provider port, spoken to Partner Center."""

    def __init__(
        self, url: str, client_id: str, client_secret: str, timeout: float, *, endpoint: Endpoint,
        gate: Gate | None = None,
    ) -> None:  # fmt: skip
        self.key, self._about = endpoint.key, endpoint
        token = {"scope": endpoint.scope} if endpoint.scope else None
        reads, to = words.no_of_partner_center, (url, client_id, client_secret, timeout)
        self._wire = Wire(*to, no=reads, token_url=endpoint.token_url, token_form=token, gate=gate)
        self._tenants: dict[str, str] = {}  # their ids, by our reference
        self._seen: tuple[str, Raw, str] | None = None  # the subscription that was read last, whole, and its version

    def capabilities(self) -> Capabilities:
        """Quantity, an end within the window, a pause, and what the renewal brings; another end only with that."""
        return Capabilities(
            changes=frozenset(
                {"change_quantity", "cancel", "suspend", "resume", "end_of_term", "schedule_next_term"}
            ), end_of_term_modes=frozenset({"renew", "bridge"}), extend="next_term", lists_subscriptions=True,
            lists_changes=True, places_in_part=True, checks_versions=True, has_customers=True,
        )  # fmt: skip

    def list_offers(self) -> list[CatalogueOffer]:
        """The price sheet of our market and segment."""
        sheet = f"/v1/sales/pricesheets(Market='{self._about.market}',PricesheetView='updatedlicenses')/$value"
        return words.offers_of(self._wire.fetched(sheet, _headers()), self._about.segment)

    def ensure_customer(self, reference: UUID, *, name: str, country: str, region: str, email: str) -> Customer:
        """The tenant whose domain is made of our reference. The customer agreement is for people to confirm."""
        found = self._tenant(str(reference))
        if found is None:
            domain = _domain(str(reference))
            address = {"country": country, "firstName": name[:50], "lastName": name[:50]}
            body = {
                "companyProfile": {"domain": f"{domain}.onmicrosoft.com", "companyName": name},
                "billingProfile": {
                    "companyName": name, "email": email, "culture": "en-US", "language": "en",
                    "defaultAddress": address,
                },
            }  # fmt: skip
            made = self._ask("POST", "/v1/customers", uuid5(reference, "customer"), json=body).said
            found = self._tenants[str(reference)] = str(made.get("id"))
        return Customer(found, str(reference), name, country, f"{_domain(str(reference))}.onmicrosoft.com", "active")

    def ensure_user(self, customer: UUID, reference: UUID, *, email: str, display_name: str) -> User:
        raise _not_supported("users, whose passwords are not ours to make")

    def place_order(self, operation_id: UUID, order: Raw) -> PlacedOrder:
        """A cart of the lines that are not ordered yet, checked out; each line may fail by itself."""
        customer_id = self._need_tenant(order["customer"])
        known = self._ordered(customer_id, order)
        items, lines = self._cart_lines(order, known)
        cart_id = ""
        if items:
            request = uuid5(operation_id, " ".join(sorted(item["friendlyName"] for item in items)))
            at = f"/v1/customers/{customer_id}/carts"
            cart_id = str(self._ask("POST", at, request, json={"lineItems": items}).said.get("id"))
            done = self._wire.answered(
                "POST", f"{at}/{quote(cart_id)}/checkout", words.Checkout, headers=_headers(uuid5(request, "checkout"))
            ).said
            lines |= checked_out(customer_id, done, items)
        return order_of(order, cart_id or order["reference"], known | lines)

    def find_order(self, reference: UUID, order: Raw | None = None) -> PlacedOrder | None:
        """The order, if all its lines are found by their names; else None: asking again orders only what is missing."""
        if order is None or (customer_id := self._tenant(order["customer"])) is None:
            return None
        known = self._ordered(customer_id, order)
        return order_of(order, str(reference), known) if len(known) == len(order["lines"]) else None

    def get_subscription(self, subscription_id: str) -> HeldSubscription | None:
        """A subscription as it stands; its whole resource is kept for the change that may follow."""
        try:
            raw, _version = self._read(subscription_id)
        except NotFound:
            return None
        return words.held(raw, subscription_id.partition("/")[0], None)

    def list_subscriptions(self, customer: UUID) -> list[HeldSubscription]:
        """All that a tenant has; nothing for an account without one."""
        customer_id = self._tenant(str(customer))
        if customer_id is None:
            return []
        at = f"/v1/customers/{customer_id}/subscriptions"
        return [words.held(raw, customer_id, str(customer)) for raw in self._pages(at)]

    def list_changes_since(self, cursor: str | None) -> ChangesPage:
        """The audit records of subscriptions since a moment; they are kept for 90 days at most."""
        since, _, told = (cursor or "").partition(" ")
        query = {"startDate": since[:10]} if since else {}
        hints = [hint for raw in self._pages("/v1/auditrecords", **query) if (hint := words.hint(raw)) is not None]
        hints.sort(key=lambda one: one.at)
        here = [one for one in hints if not since or one.at.isoformat() >= since]
        last = here[-1].at.isoformat() if here else since
        seen = sum(one.at.isoformat() == last for one in here)  # a record that comes later in the same second is new
        return ChangesPage(tuple(here[int(told or 0) :]), f"{last} {seen}" if here else cursor)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[Hint, ...]:
        raise _not_supported("webhooks that we can verify: its audit records are read instead")

    def get_policy(self, subscription_id: str) -> ChangePolicy:
        """Its windows as it says them: which seats can go back until when, and until when all of it can."""
        raw, _version = self._read(subscription_id)
        product_id, sku_id, *_ = [*str(raw.get("offerId", "")).split(":"), ""]
        sku = self._get(f"/v1/products/{quote(product_id)}/skus/{quote(sku_id)}", country=self._about.market)
        return words.policy_of(raw, subscription_id.partition("/")[0], sku, self._about.lock_hours)

    def make_change(self, operation_id: UUID, subscription_id: str, change: Raw) -> MadeChange:
        """Write the whole subscription back as it was seen, but for what changes; refused when it is another by now."""
        if not self.capabilities().takes(change):
            raise _not_supported(f"{change['kind']} {change.get('mode', '')}".strip())
        raw, version = self._seen_or_read(subscription_id)
        if fulfils(raw, change):  # asked twice: the same request with another body would be refused
            return _made(subscription_id, change, "succeeded", None)
        sent = {"headers": _headers(operation_id) | {"If-Match": version}, "json": as_wanted(raw, change)}
        answer = self._wire.answered("PATCH", _path(subscription_id), Raw, **sent)
        return _made(subscription_id, change, "pending" if answer.status == 202 else "succeeded", answer.wait)

    def find_change(
        self, reference: UUID, subscription_id: str | None = None, change: Raw | None = None
    ) -> MadeChange | None:
        """Whether the subscription is as a change wanted it; None when not: asked again, it is the same request."""
        if subscription_id is None or change is None:
            return None
        raw, _version = self._read(subscription_id)
        return _made(subscription_id, change, "succeeded", None) if fulfils(raw, change) else None

    def list_month_lines(self, month: date) -> list[MonthLine]:
        raise _not_supported("costs here: its reconciliation exports are not read yet")

    # ---- the protocol

    def _read(self, subscription_id: str) -> tuple[Raw, str]:
        answer = self._wire.answered("GET", _path(subscription_id), Raw, headers=_headers())
        known = answer.said.get("attributes") or {}
        version = str(known.get("etag") or answer.headers.get("ETag") or "*")
        self._seen = (subscription_id, answer.said, version)
        return answer.said, version

    def _seen_or_read(self, subscription_id: str) -> tuple[Raw, str]:
        """The subscription as it was seen last, once; so that a change is of what the customer has decided on."""
        seen = self._seen
        found = seen[1:] if seen and seen[0] == subscription_id else self._read(subscription_id)
        self._seen = None
        return found

    def _ask(self, method: str, path: str, request_id: UUID, **options: Any) -> Answer[Raw]:
        return self._wire.answered(method, path, Raw, headers=_headers(request_id), **options)

    def _get(self, path: str, **query: Any) -> Raw:
        return self._wire.answered("GET", path, Raw, headers=_headers(), params=query).said

    def _pages(self, path: str, **query: Any) -> Iterator[Raw]:
        extra: dict[str, str] = {}
        for _ in range(1000):
            page = self._wire.answered("GET", path, words.Listed, headers=_headers() | extra, params=query).said
            yield from page.items
            following = (page.links or {}).get("next") or {}
            if not following.get("uri"):
                return
            path, query = f"/v1{following['uri']}", {}
            extra = {str(one.get("key")): str(one.get("value")) for one in following.get("headers") or []}
        raise UnknownOutcome("Partner Center's list does not end")

    def _tenant(self, reference: str) -> str | None:
        """The id of the tenant of an account, found by the domain that is made of our reference."""
        if reference not in self._tenants:
            asked = {"Field": "Domain", "Value": _domain(reference), "Operator": "starts_with"}
            found = list(self._pages("/v1/customers", filter=json.dumps(asked)))
            if not found:
                return None
            self._tenants[reference] = str(found[0].get("id"))
        return self._tenants[reference]

    def _need_tenant(self, reference: str) -> str:
        found = self._tenant(reference)
        if found is None:
            raise meaning(NotEligible, "customer_unknown")
        return found

    def _ordered(self, customer_id: str, order: Raw) -> dict[str, PlacedLine]:
        """The lines of an order that are ordered already, by our names."""
        wanted, found = {line["reference"] for line in order["lines"]}, {}
        for made in self._pages(f"/v1/customers/{customer_id}/orders"):
            for line in lines_of(made):
                if line.get("friendlyName") in wanted:
                    found[line["friendlyName"]] = placed(customer_id, made, line)
        return found

    def _cart_lines(self, order: Raw, known: Mapping[str, PlacedLine]) -> tuple[list[Raw], dict[str, PlacedLine]]:
        """What goes into the cart, each in a group of its own; and the lines that it cannot take, with the reason."""
        items, refused = [], {}
        for position, line in enumerate(order["lines"]):
            if line["reference"] in known:
                continue
            item_id = None if line.get("parent_subscription_id") else self._catalogue_item(line)
            if item_id is None:
                code = "not_supported" if line.get("parent_subscription_id") else "offer_unknown"
                refused[line["reference"]] = PlacedLine(line["reference"], "rejected", None, Refusal(code))
                continue
            items.append({
                "id": position, "catalogItemId": item_id, "friendlyName": line["reference"],
                "quantity": line["quantity"], "currencyCode": order["currency"], "billingCycle": line["billing_cycle"],
                "termDuration": line["term"], "orderGroup": str(position),
            })  # fmt: skip
        return items, refused

    def _catalogue_item(self, line: Raw) -> str | None:
        """What a product and SKU are called today in our segment and term; None when they are not sold."""
        product_id, _, sku_id = line["offer_id"].partition(":")
        path = f"/v1/products/{quote(product_id)}/skus/{quote(sku_id)}/availabilities"
        try:
            found = list(self._pages(path, country=self._about.market))
        except NotFound:
            return None
        for one in found:
            terms = [term.get("duration") for term in one.get("terms") or []]
            if line["term"] in terms and one.get("segment", self._about.segment) == self._about.segment:
                return str(one.get("catalogItemId"))
        return None


def _not_supported(what: str) -> Exception:
    return meaning(NotSupported, "not_supported", f"Partner Center has no {what}")


def _headers(request_id: UUID | None = None) -> dict[str, str]:
    return {"MS-CorrelationId": str(new_id()), **({"MS-RequestId": str(request_id)} if request_id else {})}


def _path(subscription_id: str) -> str:
    customer_id, _, own = subscription_id.partition("/")
    return f"/v1/customers/{quote(customer_id, safe='')}/subscriptions/{quote(own, safe='')}"


def _domain(reference: str) -> str:
    """The domain of an account's tenant: at most 27 letters and digits, the same each time."""
    return f"css{hashlib.sha256(reference.encode()).hexdigest()[:22]}"


def _made(subscription_id: str, change: Raw, status: str, wait: float | None) -> MadeChange:
    reference = change["reference"]
    wait = (wait or POLL) if status == "pending" else None
    return MadeChange(reference, reference, subscription_id, status, None, wait)
