"""How each kind of scene is played: the same queries, commands and flows that the portal and the API use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import requests

from domains.kernel.database import new_id
from domains.kernel.tenancy import Caller, Scope
from domains.services import db as services_db
from domains.services import queries as services
from domains.support import commands as support
from domains.support import db as support_db
from domains.support import queries as support_queries
from saga import store
from saga.flows.adopt_drift import adopt_drift
from saga.flows.cancel_subscription import cancel_subscription
from saga.flows.change_quantity import change_quantity
from saga.flows.extend_subscription import extend_subscription
from saga.flows.place_order import place_order
from saga.flows.refresh_subscription import RefreshSubscription, refresh_subscription
from saga.payloads.drift import SettleDrift
from saga.payloads.order import PlaceOrder
from saga.tables import Run
from saga.transports.inline import Transport

from .script import Scene


@dataclass
class Stage:
    """The demo so far: its callers by (customer, role), accounts by (customer, number), and what the tags stand for."""

    callers: dict[tuple[str, str], Caller]
    accounts: dict[tuple[str, int], UUID]
    transport: Transport
    control: str
    orders: dict[str, UUID] = field(default_factory=dict)
    subscriptions: dict[str, UUID] = field(default_factory=dict)

    def start(self, saga: Any, payload: Any, caller: Caller) -> Run:
        """Start a flow and work it off."""
        run = store.start(saga, payload, key=f"demo/{new_id()}", label=payload.label, resource=payload.resource,
                          actor=caller.actor)  # fmt: skip
        self.transport.run_until_quiet()
        return run


def play(stage: Stage, scene: Scene) -> None:
    """Play one scene."""
    PLAYS[scene.what](stage, scene, stage.callers[scene.who, "buyer"])


def _order(stage: Stage, scene: Scene, caller: Caller) -> None:
    known = dict(scene.with_)
    fault = known.pop("fault", None)
    term, cycle = known.pop("term", "P1Y"), known.pop("cycle", "monthly")
    with services_db.begin_read() as session:
        account_id = stage.accounts[scene.who, scene.account]
        wishes = [
            services.LineWish(_offer(session, caller.scope, account_id, name), quantity, term, cycle)
            for name, quantity in scene.lines
        ]
        terms = services.order_terms(session, caller.scope, account_id=account_id, lines=wishes, **known)
    if fault:
        faults = {"faults": [fault | _only(fault, terms)]}
        requests.put(f"{stage.control}/faults", json=faults, timeout=30).raise_for_status()
    stage.start(place_order, PlaceOrder.of(terms, caller), caller)
    stage.orders[scene.tag], stage.subscriptions[scene.tag] = terms.order_id, terms.lines[0].subscription_id


def _only(fault: dict[str, Any], terms: Any) -> dict[str, Any]:
    """A fault that lasts is for this order alone."""
    return {} if fault.get("count") else {"match": {"reference": str(terms.order_id)}}


def _offer(session: Any, scope: Scope, account_id: UUID, name: str) -> UUID:
    """Our id of an offer, by its name at the provider."""
    cursor: str | None = None
    while True:
        page = services.search_offers(session, scope, account_id=account_id, limit=200, cursor=cursor)
        found = [offer.id for offer in page.items if offer.provider_offer_id == name]
        if found or page.next_cursor is None:
            return found[0]
        cursor = page.next_cursor


def _change(stage: Stage, scene: Scene, caller: Caller, saga: Any, action: str, **wish: Any) -> None:
    with services_db.begin_read() as session:
        subscription_id = stage.subscriptions[scene.tag]
        terms = services.change_terms(session, caller.scope, subscription_id=subscription_id, action=action, **wish)
    stage.start(saga, saga.payload.of(terms, caller), caller)


def _quantity(stage: Stage, scene: Scene, caller: Caller) -> None:
    _change(stage, scene, caller, change_quantity, "change_quantity", quantity=scene.with_["to"])


def _cancel(stage: Stage, scene: Scene, caller: Caller) -> None:
    if scene.with_.get("slow"):  # the provider takes its time, so that it is still under way when the demo opens
        requests.put(f"{stage.control}/settings", json={"change_seconds": 10**7}, timeout=30).raise_for_status()
    _change(stage, scene, caller, cancel_subscription, "cancel", mode=scene.with_["mode"])
    requests.put(f"{stage.control}/settings", json={"change_seconds": 0}, timeout=30).raise_for_status()


def _extend(stage: Stage, scene: Scene, caller: Caller) -> None:
    with services_db.begin_read() as session:
        found = services.get_subscription(session, caller.scope, stage.subscriptions[scene.tag])
    day = found.allowed_end_dates[scene.with_["choice"]]
    _change(stage, scene, caller, extend_subscription, "extend", valid_to=day)


def _direct(stage: Stage, scene: Scene, caller: Caller) -> None:
    with services_db.begin_read() as session:
        found = services.get_subscription(session, caller.scope, stage.subscriptions[scene.tag])
    said = {"subscription_id": found.provider_subscription_id, **scene.with_}
    requests.post(f"{stage.control}/direct", json=said, timeout=30).raise_for_status()


def _refresh(stage: Stage, scene: Scene, caller: Caller) -> None:
    with services_db.begin_read() as session:
        found = services.get_subscription(session, caller.scope, stage.subscriptions[scene.tag])
    payload = RefreshSubscription(
        subscription_id=found.id, customer_id=found.customer_id, reseller_id=found.reseller_id, label=found.name
    )
    stage.start(refresh_subscription, payload, caller)


def _adopt(stage: Stage, scene: Scene, caller: Caller) -> None:
    """What a look has found to be otherwise is taken over by a person."""
    known: dict[str, Any] = {"subscription_id": stage.subscriptions[scene.tag], "state": "open"}
    with services_db.begin_read() as session:
        (found,) = services.list_drift(session, caller.scope, **known).items
        drift = services.find_drift(session, caller.scope, found.id)
    stage.start(adopt_drift, SettleDrift.of(drift, "adopt", None, caller, drift.version), caller)


def _case(stage: Stage, scene: Scene, caller: Caller) -> None:
    agent = stage.callers["operator", "agent"]
    link = support.LinkWish("order", stage.orders[scene.tag])
    with support_db.begin() as session:
        reference = support_queries.reference(session, caller.scope, "order", link.id)
        said = {"subject": scene.with_["subject"], "impact": scene.with_.get("impact", "normal")}
        case = support.open_case(
            session, case_id=new_id(), scope=caller.scope, customer_id=reference.customer_id,
            reseller_id=reference.reseller_id, account_id=None, **said, links=[link], opened_by=caller.actor,
            description="We noticed this today. What can be done?",
        )  # fmt: skip
    if scene.with_.get("end") or scene.with_.get("answer"):
        known: dict[str, Any] = {"scope": Scope.operator(), "case_id": case.id, "as_agent": True}
        with support_db.begin() as session:
            body = "Thank you for telling us. We have asked the provider and will come back to you."
            support.add_reply(session, **known, reply_id=new_id(), author=agent.actor, body=body)
    if scene.with_.get("end"):
        with support_db.begin() as session:
            support.change_status(session, **known, status=scene.with_["end"], expected_version=None)


PLAYS = {
    "order": _order, "quantity": _quantity, "cancel": _cancel, "extend": _extend, "direct": _direct,
    "refresh": _refresh, "adopt": _adopt, "case": _case,
}  # fmt: skip
