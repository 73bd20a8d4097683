"""What the forms about plans ask for, and how a plan is named in them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from domains.kernel.errors import Invalid
from domains.services.queries import PlanOffer

from .forms import whole


def key_of(plan: PlanOffer) -> str:
    """A plan in a form: its offer, term and billing cycle."""
    return f"{plan.offer_id}.{plan.term}.{plan.billing_cycle}"


def asked(plan: PlanOffer) -> dict[str, Any]:
    """A plan as `queries.change_terms` takes it."""
    return {"offer_id": plan.offer_id, "term": plan.term, "billing_cycle": plan.billing_cycle}


def chosen_plan(missing: str = "") -> dict[str, Any]:
    """The plan that a form names; nothing when it names none and `missing` is empty, refused with that text else."""
    value = request.values.get("plan", "")
    if not value and not missing:
        return {}
    offer, _dot, rest = value.partition(".")
    term, _dot, cycle = rest.partition(".")
    try:
        return {"offer_id": UUID(offer), "term": term[:10], "billing_cycle": cycle[:10]}
    except ValueError:
        raise Invalid(missing or _("Choose a plan."), code="not_chosen", field="plan") from None


def quantity() -> dict[str, Any]:
    """The quantity that a form names, if it names one."""
    return {"quantity": whole("quantity")} if request.values.get("quantity", "").strip() else {}


def wish_for_plan() -> dict[str, Any]:
    """What the form of another plan asks for."""
    return chosen_plan(_("Choose a plan.")) | quantity()


def wish_for_next_term() -> dict[str, Any]:
    """What the form of the next term asks for: a plan, a quantity, or that nothing is planned."""
    if request.values.get("mode") == "remove":
        return {"mode": "remove"}
    return chosen_plan() | quantity()


def nothing_more() -> dict[str, Any]:
    """A pause and its end need no further word."""
    return {}


WISHES = {
    "suspend": nothing_more, "resume": nothing_more, "plan": wish_for_plan, "schedule": wish_for_next_term,
}  # fmt: skip
