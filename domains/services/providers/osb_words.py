"""What an Open Service Broker (2.17) says, and what it means in the words of the port."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec

from domains.kernel.errors import NotFound

from ..pricing import ANNUAL, MONTHLY
from .answers import (
    AuthFailure,
    Busy,
    InvalidRequest,
    LimitExceeded,
    NotSupported,
    PermanentFailure,
    UnknownOutcome,
    meaning,
)
from .border import LAST_MOMENT, Unreadable, Word, decoded
from .facts import CatalogueOffer, HeldLot, HeldSubscription

log = logging.getLogger(__name__)
VERSION = "2.17"
TERMS = {"MONTHLY": ("P1M", MONTHLY), "YEARLY": ("P1Y", ANNUAL), "ANNUALLY": ("P1Y", ANNUAL)}  # of a cost's unit
MEANINGS: dict[str, type[Exception]] = {
    "ConcurrencyError": Busy,
    "AsyncRequired": UnknownOutcome,  # we always say that we can wait: a person must look
    "MaintenanceInfoConflict": InvalidRequest,
    "QuotaExceeded": LimitExceeded,
    "InvalidParameters": InvalidRequest,
    "RequiresApp": NotSupported,
}
BY_STATUS: dict[int, type[Exception]] = {
    400: InvalidRequest, 403: AuthFailure, 404: NotFound, 409: PermanentFailure, 410: NotFound,
    412: AuthFailure,  # it does not speak our version
    422: PermanentFailure,
}  # fmt: skip


class Said(Word, frozen=True):
    """A broker's reason for a no; both words may be missing."""

    most = {"error": 80, "description": 900}

    error: str = ""
    description: str = ""


class Plan(Word, frozen=True):
    """A plan of a service. `schemas` say which parameters it takes, `metadata` what it costs."""

    id: str
    name: str
    description: str = ""
    metadata: dict[str, Any] | None = None
    schemas: dict[str, Any] | None = None
    plan_updateable: bool | None = None
    maximum_polling_duration: float | None = None


class Offered(Word, frozen=True):
    """A service that a broker offers."""

    most = {"description": 20_000}

    id: str
    name: str
    plans: tuple[Plan, ...]
    description: str = ""
    metadata: dict[str, Any] | None = None
    tags: tuple[str, ...] | None = None
    plan_updateable: bool = False
    instances_retrievable: bool = False


class Catalogue(Word, frozen=True):
    """All that a broker offers."""

    services: tuple[Offered, ...]


class Instance(Word, frozen=True):
    """An instance as the broker has it."""

    service_id: str
    plan_id: str
    parameters: dict[str, Any] | None = None


class Accepted(Word, frozen=True):
    """A yes to a write; `operation` goes back to the broker as it came, when we ask how far it is."""

    most = {"operation": 10_000}

    operation: str | None = None


class LastOperation(Word, frozen=True):
    """How far an operation is: in progress, succeeded, failed; with a word that we do not know it is at work."""

    most = {"description": 900}

    state: str
    description: str = ""
    update_repeatable: bool | None = None


def no_of_broker(status: int, body: bytes, wait: float | None) -> Exception:
    """A broker's 4xx as the error it means for us."""
    try:
        said = decoded(body or b"{}", Said)
    except Unreadable:
        return UnknownOutcome(f"the broker answered {status} without a reason", retry_after=wait)
    kind = MEANINGS.get(said.error, BY_STATUS.get(status, PermanentFailure))
    if "quota" in said.description.lower() and kind is PermanentFailure:
        kind = LimitExceeded
    return meaning(kind, said.error or f"broker_{status}", said.description, wait)


def offers_of(catalogue: Catalogue) -> list[CatalogueOffer]:
    """Each plan as an offer. What cannot be looked at afterwards is not sold: we could not tell how it stands."""
    return [
        offer
        for service in catalogue.services
        if service.instances_retrievable
        for plan in service.plans
        if (offer := _offer(service, plan)) is not None
    ]


def _offer(service: Offered, plan: Plan) -> CatalogueOffer | None:
    known, detail = service.metadata or {}, plan.metadata or {}
    least, most = quantities(plan)
    name = f"{known.get('displayName') or service.name} · {detail.get('displayName') or plan.name}"
    facts = {
        "id": offer_id(service.id, plan.id), "vendor": str(known.get("providerDisplayName") or service.name),
        "category": next(iter(service.tags or ()), "Services"), "name": name, "kind": "service", "unit": "unit",
        "plans": _priced(detail), "description": plan.description or service.description, "min_quantity": least,
        "max_quantity": most, "policy": {"returnable": True, "extend": "free_date", "cancel_window_hours": None},
    }  # fmt: skip
    try:
        return msgspec.convert(facts, CatalogueOffer, strict=False, from_attributes=True)
    except msgspec.ValidationError as why:
        log.warning("an offer of a broker was left out", extra={"offer": name, "why": str(why)})
        return None


def offer_id(service_id: str, plan_id: str) -> str:
    """What we call a plan of a service."""
    return f"{service_id}/{plan_id}"


def quantities(plan: Plan) -> tuple[int, int | None]:
    """The least and the most units, as the plan's schema has them; one, where it knows no quantity."""
    found = _quantity_schema(plan, "create")
    if found is None:
        return 1, 1
    least, most = found.get("minimum"), found.get("maximum")
    return (least if isinstance(least, int) and least > 0 else 1), (most if isinstance(most, int) else None)


def takes_quantity(plan: Plan, verb: str) -> bool:
    """Whether a plan takes a quantity when an instance is made (create) or changed (update)."""
    return _quantity_schema(plan, verb) is not None


def _quantity_schema(plan: Plan, verb: str) -> dict[str, Any] | None:
    found: Any = plan.schemas or {}
    for name in ("service_instance", verb, "parameters", "properties", "quantity"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _priced(detail: dict[str, Any]) -> list[dict[str, Any]]:
    """The plans that the costs in a plan's metadata name; costs by use are none that can be reckoned with here."""
    costs = detail.get("costs")
    found: list[dict[str, Any]] = []
    for cost in costs if isinstance(costs, list) else []:
        unit = TERMS.get(str(cost.get("unit", "")).upper()) if isinstance(cost, dict) else None
        prices = _prices(cost.get("amount")) if unit else []
        if unit and prices:
            found.append({"term": unit[0], "billing_cycle": unit[1], "prices": prices})
    return found


def _prices(amount: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for currency, value in amount.items() if isinstance(amount, dict) else ():
        try:
            price = Decimal(str(value))
        except InvalidOperation:
            continue
        if len(currency) == 3 and currency.isascii() and currency.isalpha() and price.is_finite() and price >= 0:
            found.append({"currency": currency.upper(), "purchase_price": price})
    return found


def made_at(instance_id: str) -> datetime:
    """When an instance was asked for: our ids tell (UUIDv7); a stranger's does not, and counts as now and then."""
    try:
        found = UUID(instance_id)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
    seconds = (found.int >> 80) / 1000 if found.version == 7 else 0
    return datetime.fromtimestamp(seconds, UTC)


def held(instance_id: str, instance: Instance) -> HeldSubscription:
    """An instance as a subscription. Its units can go back at any time; its dates are ours to keep."""
    said = (instance.parameters or {}).get("quantity", 1)
    quantity = said if isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 2**31 else 1
    lot = HeldLot(quantity, made_at(instance_id), LAST_MOMENT)
    return HeldSubscription(
        id=instance_id, reference=instance_id, quantity=quantity, status="active", start_date=None, valid_to=None,
        auto_renew=True, lots=(lot,), cancelable_until=LAST_MOMENT,
        offer_id=offer_id(instance.service_id, instance.plan_id), name=None,
    )  # fmt: skip


def headers(operation_id: UUID | None) -> dict[str, str]:
    """The headers of a call; a write's carry its id."""
    made = {"X-Broker-API-Version": VERSION}
    return made | ({"X-Broker-API-Request-Identity": str(operation_id)} if operation_id else {})


def path(instance_id: str) -> str:
    """Where an instance is."""
    return f"/v2/service_instances/{quote(instance_id, safe='')}"
