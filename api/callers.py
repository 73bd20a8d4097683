"""On whose behalf a request is made, when it does not say, and who may say so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from domains.kernel.errors import Invalid
from domains.kernel.tenancy import Caller
from domains.services.pricing import STANDARD_NAME

from .errors import refused


def customer_meant(wish: dict[str, Any]) -> UUID:
    """Take `customer_id` out of a request; the caller's own when it is left out. Refused when there is neither."""
    found: UUID | None = wish.pop("customer_id", None) or g.caller.customer_id
    if found is None:
        raise Invalid("Say for which customer.", code="customer_missing", field="customer_id")
    return found


def onboarding_by(caller: Caller, wish: dict[str, Any]) -> dict[str, Any]:
    """The facts of a customer to onboard: a reseller's own end-customer, or whatever the operator says.

    Refused with 403 for everybody else, and for a reseller that names another kind or another reseller.
    """
    reseller_id = wish.get("reseller_id")
    if caller.scope.kind != "operator":
        own = wish["kind"] == "end_customer" and reseller_id in (None, caller.customer_id)
        if caller.scope.kind != "reseller" or not own:
            raise refused(
                403, "forbidden", "A reseller may onboard its own end-customers; nobody else may onboard any."
            )
        reseller_id = caller.customer_id
    return {**wish, "reseller_id": reseller_id, "price_book": STANDARD_NAME}
