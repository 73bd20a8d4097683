"""What Microsoft Partner Center says, and what it means in the words of the port. Its codes are mapped one by one."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec

from domains.kernel.errors import NotFound

from ..pricing import ANNUAL, MONTHLY, ONE_TIME
from .answers import (
    AlreadyDone,
    AuthFailure,
    Busy,
    InvalidRequest,
    LimitExceeded,
    NotAllowedNow,
    NotEligible,
    NotSupported,
    PermanentFailure,
    Stale,
    UnknownOutcome,
    meaning,
)
from .border import Unreadable, Word, decoded
from .facts import CatalogueOffer, ChangePolicy, HeldLot, HeldSubscription, Returnable
from .news import Hint
from .plans import EndOfTerm

MEANINGS: dict[str, type[Exception]] = {
    code: kind
    for kind, codes in {
        InvalidRequest: "3000 2002 2054 27007 800009 800029",
        NotAllowedNow: "800090 900117 2001 800091 800061 800063 800093",
        NotEligible: "13605 900203 2085 2091 800028 800010 800017 800075 900416 20002",
        LimitExceeded: "800067 800088 800023 800025 900121 27006 900311 800018 900419",
        NotFound: "20000 20003 800008",
        Stale: "2055",
        Busy: "800060 800064 800014 900278 800072",
        AlreadyDone: "800065 800041 600061",
        AuthFailure: "900420 900329",
        UnknownOutcome: "800005",
        PermanentFailure: "900279 2011 800069",
        NotSupported: "2006 800095 800097",
    }.items()
    for code in codes.split()
}
BY_STATUS: dict[int, type[Exception]] = {
    400: InvalidRequest, 403: AuthFailure, 404: NotFound, 409: Busy, 412: Stale, 422: PermanentFailure,
}  # fmt: skip
DELETES_SCHEDULED = ("change_quantity", "cancel", "suspend")  # in the middle of a term
STATES = {"deleted": "canceled", "disabled": "expired"}  # its words that we have another one for; others stay
CYCLES = {"monthly": MONTHLY, "annual": ANNUAL, "one_time": ONE_TIME, "onetime": ONE_TIME}


class Said(Word, frozen=True):
    """A reason for a no."""

    most = {"description": 900}

    code: int | str = ""
    description: str = ""


class Listed(Word, frozen=True):
    """A page of a list; `links` hold where the next one is."""

    items: tuple[dict[str, Any], ...] = ()
    links: dict[str, Any] | None = None


class Checkout(Word, frozen=True):
    """What came of a cart: some of it may be ordered, and some not."""

    orders: tuple[dict[str, Any], ...] | None = ()
    errors: tuple[dict[str, Any], ...] | None = msgspec.field(name="orderErrors", default=())


def no_of_partner_center(status: int, body: bytes, wait: float | None) -> Exception:
    """A 4xx as the error it means for us."""
    try:
        said = decoded(body or b"{}", Said)
    except Unreadable:
        return UnknownOutcome(f"Partner Center answered {status} without a reason", retry_after=wait)
    kind = kind_of(said.code) or BY_STATUS.get(status, PermanentFailure)
    return meaning(kind, f"pc_{said.code or status}", said.description, wait)


def kind_of(code: Any) -> type[Exception] | None:
    """What a code means; None for one that we do not know."""
    return MEANINGS.get(str(code))


def offers_of(sheet: bytes, segment: str) -> list[CatalogueOffer]:
    """The offers of a price sheet: one for each product and SKU, with its terms, cycles and our prices.

    A line that cannot be read is left out with its offer's other lines kept.
    """
    rows: dict[str, list[dict[str, str]]] = {}
    for row in _rows(sheet):
        if row.get("Segment") in (None, "", segment) and row.get("ProductId") and row.get("SkuId"):
            rows.setdefault(f"{row['ProductId']}:{row['SkuId']}", []).append(row)
    found = [_offer(offer_id, lines) for offer_id, lines in rows.items()]
    return [one for one in found if one is not None]


def _rows(sheet: bytes) -> list[dict[str, str]]:
    text = io.StringIO(sheet.decode("utf-8-sig", "replace"), newline=None)
    try:
        return list(csv.DictReader(text))
    except csv.Error as why:
        raise UnknownOutcome(f"the price sheet cannot be read: {why}") from why


def _offer(offer_id: str, lines: list[dict[str, str]]) -> CatalogueOffer | None:
    first, plans = lines[0], [plan for line in lines if (plan := _plan(line)) is not None]
    facts = {
        "id": offer_id, "vendor": first.get("Publisher") or "Microsoft", "category": "Microsoft 365",
        "name": first.get("SkuTitle") or first.get("ProductTitle") or offer_id,
        "description": first.get("SkuDescription") or "", "kind": "seat", "unit": first.get("UnitOfMeasure") or "seat",
        "plans": plans, "countries": [line["Market"] for line in lines if line.get("Market")] or ["*"],
        "policy": {"returnable": True, "extend": "next_term"},
    }  # fmt: skip
    try:
        return msgspec.convert(facts, CatalogueOffer, strict=False)
    except msgspec.ValidationError:
        return None


def _plan(line: dict[str, str]) -> dict[str, Any] | None:
    cycle = CYCLES.get(line.get("BillingPlan", "").replace(" ", "_").lower())
    try:
        price = Decimal(line.get("UnitPrice", ""))
    except InvalidOperation:
        return None
    if cycle is None or not price.is_finite() or price < 0:
        return None
    priced = {"currency": line.get("Currency", ""), "purchase_price": price}
    return {"term": line.get("TermDuration", ""), "billing_cycle": cycle, "prices": [priced]}


def id_of(raw: dict[str, Any], customer_id: str) -> str:
    """What we call a subscription: it has its id within its tenant only."""
    return f"{customer_id}/{raw.get('id')}"


def held(raw: dict[str, Any], customer_id: str, customer: str | None) -> HeldSubscription:
    """A subscription as it stands. Its last day is inclusive and in UTC; a word for its state that is new is kept."""
    try:
        return msgspec.convert(_facts(raw, customer_id, customer), HeldSubscription, strict=False)
    except (ValueError, TypeError, AttributeError) as why:  # msgspec's own is a ValueError
        raise UnknownOutcome(f"a subscription of Partner Center cannot be read: {why}") from why


def _facts(raw: dict[str, Any], customer_id: str, customer: str | None) -> dict[str, Any]:
    status, parent = str(raw.get("status") or "none"), raw.get("parentSubscriptionId")
    return {
        "id": id_of(raw, customer_id), "reference": _reference(raw.get("friendlyName")),
        "quantity": raw.get("quantity"), "status": STATES.get(status, status),
        "start_date": _day(raw, "effectiveStartDate"), "valid_to": _day(raw, "commitmentEndDate"),
        "auto_renew": bool(raw.get("autoRenewEnabled")),
        "cancelable_until": raw.get("cancellationAllowedUntilDate"), "customer": customer,
        "offer_id": ":".join(str(raw.get("offerId", "")).split(":")[:2]) or None, "name": raw.get("offerName"),
        "term": raw.get("termDuration"), "billing_cycle": CYCLES.get(str(raw.get("billingCycle")).lower()),
        "parent_subscription_id": f"{customer_id}/{parent}" if parent else None,
        "end_of_term": "renew" if raw.get("autoRenewEnabled") else "bridge", "next_term": _next_term(raw),
        "lots": [vars_of(lot) for lot in _lots(raw)],
    }  # fmt: skip


def vars_of(lot: HeldLot) -> dict[str, Any]:
    """A lot as plain data."""
    return {"quantity": lot.quantity, "added_at": lot.added_at, "returnable_until": lot.returnable_until}


def _reference(name: Any) -> str | None:
    """Our id of the subscription: the name that we gave it. A name that somebody else gave is none."""
    try:
        return str(UUID(str(name)))
    except ValueError:
        return None


def moment(said: Any) -> datetime | None:
    """A moment that Partner Center says; None for none, or what cannot be read as one."""
    try:
        return datetime.fromisoformat(str(said)[:19] + "+00:00") if said else None
    except ValueError:
        return None


def _day(raw: dict[str, Any], name: str) -> date | None:
    said = moment(raw.get(name))
    return said.date() if said else None


def _lots(raw: dict[str, Any]) -> list[HeldLot]:
    """Each batch that can still go back with its own window; the rest stays until the renewal."""
    refundable = raw.get("refundableQuantity") or {}
    began = moment(raw.get("creationDate")) or moment(raw.get("effectiveStartDate"))
    if began is None:
        return []
    details = [one for one in refundable.get("details") or [] if isinstance(one.get("quantity"), int)]
    back = sum(one["quantity"] for one in details)
    kept = [HeldLot(raw["quantity"] - back, began)] if raw.get("quantity", 0) > back else []
    return kept + [HeldLot(one["quantity"], began, moment(one.get("allowedUntilDateTime"))) for one in details]


def _next_term(raw: dict[str, Any]) -> dict[str, Any] | None:
    said = raw.get("scheduledNextTermInstructions")
    if not isinstance(said, dict):
        return None
    product = said.get("product") or {}
    end = moment(said.get("customTermEndDate"))
    facts = {
        "quantity": said.get("quantity"), "offer_id": f"{product.get('productId')}:{product.get('skuId')}",
        "term": product.get("termDuration"), "billing_cycle": CYCLES.get(str(product.get("billingCycle")).lower()),
        "end_date": end.date().isoformat() if end else None,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def instructed(raw: dict[str, Any], asked: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a subscription is to be after its renewal, in Partner Center's words; None takes the instructions away."""
    if asked is None:
        return None
    product_id, sku_id, availability_id = [*str(raw.get("offerId", "")).split(":"), "", "", ""][:3]
    if asked.get("offer_id"):
        product_id, _, sku_id = str(asked["offer_id"]).partition(":")
        availability_id = ""
    product = {
        "productId": product_id, "skuId": sku_id, "availabilityId": availability_id,
        "billingCycle": asked.get("billing_cycle") or raw.get("billingCycle"),
        "termDuration": asked.get("term") or raw.get("termDuration"),
    }  # fmt: skip
    made = {"product": product, "quantity": asked.get("quantity") or raw.get("quantity")}
    return made | ({"customTermEndDate": f"{asked['end_date']}T00:00:00Z"} if asked.get("end_date") else {})


def locked_from(raw: dict[str, Any], hours: float) -> datetime | None:
    """From when nothing can be changed before the renewal, which is on the day after the inclusive last one."""
    end = moment(raw.get("commitmentEndDate"))
    if end is None or not hours:
        return None
    return end.replace(hour=0, minute=0, second=0) + timedelta(days=1) - timedelta(hours=hours)


def policy_of(raw: dict[str, Any], customer_id: str, sku: dict[str, Any], hours: float) -> ChangePolicy:
    """What may be changed of a subscription, by its own windows and the limits of its SKU."""
    active, renews = raw.get("status") == "active", bool(raw.get("autoRenewEnabled"))
    lots = held(raw, customer_id, None).lots
    back = tuple(Returnable(lot.quantity, lot.returnable_until) for lot in lots if lot.returnable_until)
    return ChangePolicy(
        can_increase=active, min_quantity=_number(sku.get("minimumQuantity")) or 1,
        max_quantity=_number(sku.get("maximumQuantity")), returnable=back if active else (),
        cancel_until=moment(raw.get("cancellationAllowedUntilDate")), cancel_at_end_allowed=False,
        extend_mode="next_term", locked_from=locked_from(raw, hours), can_suspend=active,
        can_resume=raw.get("status") == "suspended", can_schedule=active and renews,
        deletes_scheduled=DELETES_SCHEDULED, end_of_term=end_rules(raw, hours) if active else None,
    )  # fmt: skip


def _number(said: Any) -> int | None:
    return said if isinstance(said, int) and 0 < said < 2**31 else None


def end_rules(raw: dict[str, Any], hours: float) -> EndOfTerm:
    """What may be decided about the end of the term: not to renew is to run on in paid extended service."""
    now = "renew" if raw.get("autoRenewEnabled") else "bridge"
    return EndOfTerm(modes=("renew", "bridge"), default=now, set_to=now, locked_from=locked_from(raw, hours))


def hint(raw: dict[str, Any]) -> Hint | None:
    """A record about a subscription as a hint; None for one about anything else."""
    at = moment(raw.get("operationDate"))
    if str(raw.get("resourceType")).lower() != "subscription" or at is None:
        return None
    try:
        told = json.loads(raw.get("resourceNewValue") or "{}")
    except ValueError:
        told = {}
    own = told.get("id") or told.get("Id") if isinstance(told, dict) else None
    about = f"{raw.get('customerId')}/{own}" if own else None
    return Hint(f"subscription.{raw.get('operationType')}", about, None, at)
