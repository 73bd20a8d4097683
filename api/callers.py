"""Whom a request is about when it does not say: the customer of the one who asks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from domains.kernel.errors import Invalid


def customer_meant(wish: dict[str, Any]) -> UUID:
    """Take `customer_id` out of a request; the caller's own when it is left out. Refused when there is neither."""
    found = wish.pop("customer_id", None) or g.caller.customer_id
    if found is None:
        raise Invalid("Say for which customer.", code="customer_missing", field="customer_id")
    return UUID(str(found))
