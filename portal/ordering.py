"""The order form: what was typed, as the order it asks for, and what it would cost so far."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import g, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Invalid, Refused
from domains.services import db, queries
from domains.services.queries import LineWish, OfferView

from . import formats
from .forms import Errors, chosen_id, maybe_day, optional_id, typed, whole
from .offers import accounts_of

ADD_ON = "addon-"  # the quantity of an add-on is typed into addon-<its id>
ANSWER = "answer-"  # an answer is typed into answer-<key of the question>
FIELDS = ("account", "plan", "quantity", "parent", "po_reference", "cost_centre", "starts_on")
NAMES = {
    "account_id": "account", "term": "plan", "billing_cycle": "plan", "parent_subscription_id": "parent",
    "offer_id": "quantity",
}  # fmt: skip


def wish(account_id: UUID | None = None) -> dict[str, Any]:
    """What the form asks for, as `queries.order_terms` takes it; `account_id` where the form shows one by itself."""
    term, _dot, cycle = request.values.get("plan", "").partition(".")
    offer_id, quantity = chosen_id("offer"), whole("quantity")
    first = LineWish(offer_id, quantity, term or None, cycle or None, optional_id("parent"), answers())
    return {
        "account_id": account_id or chosen_id("account", _("Choose the account to order for.")),
        "lines": [first, *(LineWish(one, count) for one, count in add_ons() if count)],
        "po_reference": typed("po_reference", label=_("PO number")),
        "cost_centre": typed("cost_centre", label=_("Cost centre")),
        "starts_on": maybe_day("starts_on"),
    }


def answers() -> dict[str, str] | None:
    """What the form answers to the offer's questions; None where it answers nothing."""
    typed = {name.removeprefix(ANSWER): request.values[name] for name in request.values if name.startswith(ANSWER)}
    return {key[:40]: said[:1000] for key, said in sorted(typed.items())[:40]} or None


def said_to_questions(session: Session) -> list[tuple[str, str]]:
    """Each question of the form's offer that is answered, with the answer."""
    given = answers() or {}
    offer = queries.get_offer(session, g.caller.scope, chosen_id("offer")) if given else None
    words = {"yes": _("Yes"), "no": _("No")}
    return [
        (one.label, words.get(given[one.key], given[one.key]) if one.kind == "yes_no" else given[one.key])
        for one in (offer.questions if offer else ())
        if given.get(one.key)
    ]


def add_ons() -> list[tuple[UUID, int]]:
    """The add-ons of the form, and how many of each."""
    names = [name for name in request.values if name.startswith(ADD_ON)]
    return [(UUID(name.removeprefix(ADD_ON)), whole(name, otherwise=0)) for name in sorted(set(names))]


def form_context(errors: Errors) -> dict[str, Any]:
    """What the form's page shows."""
    with db.begin_read() as session:
        accounts = accounts_of(session)
        account_id = optional_id("account") or (accounts[0].id if accounts else None)
        offer = queries.get_offer(session, g.caller.scope, chosen_id("offer"), account_id=account_id)
        extras = [queries.get_offer(session, g.caller.scope, link.id, account_id=account_id) for link in offer.add_ons]
        parents = parents_of(session, account_id, offer)
        terms, why = priced(session, offer, account_id)
    return {
        "offer": offer, "accounts": accounts, "account_id": account_id, "extras": extras, "parents": parents,
        "line_id": optional_id("line_id") or new_id(),
        "terms": terms, "why": why, "errors": named(errors), "typed": request.values, "add_on": ADD_ON,
        "quantity": request.values.get("quantity", offer.min_quantity), "plan": plan_of(offer),
    }  # fmt: skip


def named(errors: Errors) -> Errors:
    """The errors by the form's own names of its fields."""
    found = [name for name in request.values if name.startswith((ADD_ON, ANSWER))]
    found += [name for name in errors if name.startswith(ANSWER)]  # a box that was not ticked is not sent
    lines = {f"{field}-{n}": name for n, name in enumerate(wanted_add_ons(), 1) for field in ("quantity", "offer_id")}
    return errors.only(*FIELDS, *found, **NAMES, **lines)


def wanted_add_ons() -> list[str]:
    """The fields of the add-ons that are ordered, in the order of their lines."""
    names = sorted({name for name in request.values if name.startswith(ADD_ON)})
    return [name for name in names if request.values[name] not in ("", "0")]


def plan_of(offer: OfferView) -> str:
    """The plan chosen, else the offer's default."""
    known = [f"{plan.term}.{plan.billing_cycle}" for plan in offer.plans]
    chosen = request.values.get("plan", "")
    return chosen if chosen in known else (*known, "")[0]


def parents_of(session: Session, account_id: UUID | None, offer: OfferView) -> list[tuple[UUID, str]]:
    """The running subscriptions of the account that an add-on could add to."""
    if not offer.addon_of or account_id is None:
        return []
    bases = {link.id for link in offer.addon_of}
    running = queries.list_subscriptions(session, g.caller.scope, account_id=account_id, state="active", limit=200)
    return [(one.id, f"{one.name} · {one.number}") for one in running.items if one.offer_id in bases]


def priced(session: Session, offer: OfferView, account_id: UUID | None) -> tuple[Any, str]:
    """What the form would cost as it stands, or why that cannot be told yet. Nothing is promised."""
    if account_id is None or not offer.plans:
        return None, ""
    try:
        asked = wish(account_id) if request.values.get("quantity") else least(offer, account_id)
        return queries.order_terms(session, g.caller.scope, **asked, answered=False), ""
    except (Invalid, Refused, Conflict) as no:
        return None, formats.translated(no.detail)


def as_call(preview_id: UUID) -> str:
    """The same order for a program."""
    asked = wish()
    lines = [{key: value for key, value in vars(line).items() if value is not None} for line in asked["lines"]]
    body = {key: value for key, value in asked.items() if value} | {"lines": lines, "preview_id": preview_id}
    return f"POST /api/v1/orders\nIdempotency-Key: …\n\n{json.dumps(body, indent=1, default=str)}"


def least(offer: OfferView, account_id: UUID) -> dict[str, Any]:
    """The smallest order of an offer: what a form that nobody has touched yet asks for."""
    term, _dot, cycle = plan_of(offer).partition(".")
    return {"account_id": account_id, "lines": [LineWish(offer.id, offer.min_quantity, term or None, cycle or None)]}
