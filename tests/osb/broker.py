"""A broker that keeps the rules of Open Service Broker 2.17: ids are the platform's, one operation at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, request
from openbrokerapi import errors
from openbrokerapi.catalog import Schemas, ServiceMetadata, ServicePlan, ServicePlanCost, ServicePlanMetadata
from openbrokerapi.service_broker import (
    DeprovisionDetails,
    DeprovisionServiceSpec,
    GetInstanceDetailsSpec,
    LastOperation,
    OperationState,
    ProvisionDetails,
    ProvisionedServiceSpec,
    ProvisionState,
    Service,
    ServiceBroker,
    UpdateDetails,
    UpdateServiceSpec,
)

SERVICE, OPAQUE, SMALL, LARGE, FIXED = "svc-db", "svc-opaque", "plan-small", "plan-large", "plan-fixed"
UNITS = {"type": "object", "properties": {"quantity": {"type": "integer", "minimum": 1, "maximum": 50}}}


@dataclass
class Kept:
    """An instance, and what is under way with it: `left` looks until that is done, then `then` is what it is."""

    service_id: str
    plan_id: str
    parameters: dict[str, Any]
    customer: str | None
    state: str = "ready"
    operation: str = ""
    left: int = 0
    then: dict[str, Any] = field(default_factory=dict)


class Broker(ServiceBroker):
    def __init__(self) -> None:
        self.instances: dict[str, Kept] = {}
        self.requests: list[str] = []  # the ids of writes, as they came
        self.looks, self.failing, self.number = 0, False, 0

    def catalog(self) -> list[Service]:
        units = Schemas(service_instance={"create": {"parameters": UNITS}, "update": {"parameters": UNITS}})
        costs = ServicePlanMetadata(costs=[ServicePlanCost({"usd": 10.5, "eur": 9.25}, "MONTHLY")], displayName="Small")
        usage = ServicePlanMetadata(costs=[ServicePlanCost({"usd": 0.1}, "1GB of messages")])
        plans = [
            ServicePlan(SMALL, "small", "A small database", costs, free=False, schemas=units),
            ServicePlan(LARGE, "large", "A large database", costs, free=False, schemas=units),
            ServicePlan(FIXED, "fixed", "One database, by use", usage, free=False),
        ]
        about = ServiceMetadata(displayName="Databases", providerDisplayName="Contoso Data")
        opaque = [ServicePlan("plan-opaque", "opaque", "Nobody can look at it", costs)]
        return [
            Service(SERVICE, "databases", "Databases", False, plans, tags=["Data"], metadata=about,
                    plan_updateable=True, instances_retrievable=True),
            Service(OPAQUE, "opaque", "Opaque", False, opaque),
        ]  # fmt: skip

    def provision(self, instance_id: str, details: ProvisionDetails, async_allowed: bool, **_: Any) -> Any:
        self.requests.append(request.headers["X-Broker-API-Request-Identity"])
        wanted = (details.service_id, details.plan_id, details.parameters or {}, details.organization_guid)
        known = self.instances.get(instance_id)
        if known is not None:
            if (known.service_id, known.plan_id, known.parameters, known.customer) != wanted:
                raise errors.ErrInstanceAlreadyExists
            at_work = known.state == "creating"
            state = ProvisionState.IS_ASYNC if at_work else ProvisionState.IDENTICAL_ALREADY_EXISTS
            return ProvisionedServiceSpec(state, operation=known.operation if at_work else None)
        self._check_units(details.plan_id, details.parameters)
        made = self.instances[instance_id] = Kept(*wanted)
        if self._begun(made, "creating", {}, async_allowed):
            return ProvisionedServiceSpec(ProvisionState.IS_ASYNC, operation=made.operation)
        return ProvisionedServiceSpec(ProvisionState.SUCCESSFUL_CREATED)

    def update(self, instance_id: str, details: UpdateDetails, async_allowed: bool, **_: Any) -> UpdateServiceSpec:
        self.requests.append(request.headers["X-Broker-API-Request-Identity"])
        known = self._idle(instance_id)
        self._check_units(details.plan_id or known.plan_id, details.parameters)
        then = {"plan_id": details.plan_id or known.plan_id}
        then |= {"parameters": details.parameters} if details.parameters is not None else {}
        at_work = self._begun(known, "updating", then, async_allowed)
        return UpdateServiceSpec(at_work, known.operation if at_work else None)

    def deprovision(
        self, instance_id: str, details: DeprovisionDetails, async_allowed: bool, **_: Any
    ) -> DeprovisionServiceSpec:
        known = self.instances.get(instance_id)
        if known is None:
            raise errors.ErrInstanceDoesNotExist
        if known.state == "deleting":
            return DeprovisionServiceSpec(True, known.operation)
        if known.state in ("creating", "updating"):
            raise errors.ErrConcurrentInstanceAccess
        if self._begun(known, "deleting", {}, async_allowed):
            return DeprovisionServiceSpec(True, known.operation)
        del self.instances[instance_id]
        return DeprovisionServiceSpec(False)

    def get_instance(self, instance_id: str, **_: Any) -> GetInstanceDetailsSpec:
        known = self.instances.get(instance_id)
        if known is None or known.state in ("creating", "failed"):
            raise errors.ErrInstanceDoesNotExist
        if known.state == "updating":
            raise errors.ErrConcurrentInstanceAccess
        return GetInstanceDetailsSpec(known.service_id, known.plan_id, None, known.parameters)

    def last_operation(self, instance_id: str, operation_data: str | None, *_: Any, **__: Any) -> LastOperation:
        known = self.instances.get(instance_id)
        if known is None:
            raise errors.ErrInstanceDoesNotExist
        if operation_data != known.operation:
            raise errors.ErrBadRequest("this is not the operation that was given out")
        if known.state == "failed":
            return LastOperation(OperationState.FAILED, "The disk is full.")
        known.left -= 1
        if known.left > 0:
            return LastOperation(OperationState.IN_PROGRESS, "Working")
        return self._finish(instance_id, known)

    # ---- its own

    def _idle(self, instance_id: str) -> Kept:
        known = self.instances.get(instance_id)
        if known is None:
            raise errors.ErrInvalidParameters("there is no such instance")
        if known.state != "ready":
            raise errors.ErrConcurrentInstanceAccess
        return known

    def _check_units(self, plan_id: str, parameters: dict[str, Any] | None) -> None:
        units = (parameters or {}).get("quantity", 1)
        if not 1 <= units <= (1 if plan_id == FIXED else 50):
            raise errors.ErrInvalidParameters(f"quantity is 1 to 50, not {units}")

    def _begun(self, kept: Kept, state: str, then: dict[str, Any], async_allowed: bool) -> bool:
        """Begin an operation. Done at once where looks are zero; else it takes so many looks."""
        if not self.looks:
            for name, value in then.items():
                setattr(kept, name, value)
            return False
        if not async_allowed:
            raise errors.ErrAsyncRequired
        self.number += 1
        kept.state, kept.left, kept.then, kept.operation = state, self.looks, then, f"op {self.number}/ä?&" + "x" * 2000
        return True

    def _finish(self, instance_id: str, kept: Kept) -> LastOperation:
        if self.failing and kept.state != "deleting":
            kept.state = "failed" if kept.state == "creating" else "ready"
            return LastOperation(OperationState.FAILED, "The disk is full.")
        if kept.state == "deleting":
            del self.instances[instance_id]
        for name, value in kept.then.items():
            setattr(kept, name, value)
        kept.state, kept.then = "ready", {}
        return LastOperation(OperationState.SUCCEEDED)


def controls(broker: Broker) -> Blueprint:
    """What a test sets and sees behind the protocol."""
    bp = Blueprint("control", __name__, url_prefix="/control")

    @bp.get("/state")
    def show() -> Any:
        held = {key: {"state": one.state, **one.parameters} for key, one in broker.instances.items()}
        return {"instances": held, "requests": broker.requests}

    @bp.put("/settings")
    def set_looks() -> Any:
        said = request.get_json()
        broker.looks, broker.failing = said.get("looks", 0), said.get("failing", False)
        return {}

    @bp.put("/parameters/<instance_id>")
    def set_parameters(instance_id: str) -> Any:
        broker.instances[instance_id].parameters = request.get_json()
        return {}

    return bp
