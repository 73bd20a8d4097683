"""Decide what shall happen at the end of a subscription's term, and see what has happened to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, current_app, g, request

from domains.kernel.crypto import canonical, digest
from domains.services import commands, db, queries
from domains.users import commands as people
from domains.users import db as users_db
from saga import store, tables
from saga.definition import Saga
from saga.flows.give_decision import give_decision as give_flow
from saga.flows.set_end_of_term import set_end_of_term as flow
from saga.payloads.end_of_term import GiveDecision, SetEndOfTerm

from . import described
from .auth import requires
from .blueprint import Blueprint
from .etags import if_match, same_version
from .schemas import Paged, listing
from .schemas.decisions import (
    DecisionList,
    DecisionOwnerRequest,
    DecisionQuery,
    EndOfTerm,
    EndOfTermRequest,
    HistoryEntryList,
)
from .schemas.operations import Operation
from .starting import accepted

blp = Blueprint("end_of_term", __name__, description=__doc__)
AT = "/subscriptions/<uuid:subscription_id>/end-of-term"
_FOLLOW = {
    "schema": Operation, "description": "Accepted: the provider has to hear of it; follow the operation.",
    "headers": {"Operation-Location": described.OPERATION_LOCATION, "Retry-After": described.RETRY_AFTER},
}  # fmt: skip


def may_start(view: Any) -> Any:
    """A view that may answer 202, with an operation to follow."""
    return described.describe(view, errors=[409], answers={202: _FOLLOW})


@blp.get("/decisions")
@requires("subscriptions:read")
@blp.query(DecisionQuery)
@blp.response(200, DecisionList)
def list_decisions(wish: dict[str, Any]) -> Any:
    """List the decisions about ends of terms, the most urgent first."""
    with db.begin_read() as session:
        return listing(queries.list_decisions(session, g.caller.scope, **wish))


@blp.get(AT)
@requires("subscriptions:read")
@blp.response(200, EndOfTerm, etag="body")
def get_end_of_term(subscription_id: UUID) -> Any:
    """Get what happens at the end of a subscription's term: what was decided, until when, and what each way costs."""
    with db.begin_read() as session:
        return queries.get_end_of_term(session, g.caller.scope, subscription_id)


@blp.get("/subscriptions/<uuid:subscription_id>/history")
@requires("subscriptions:read")
@blp.query(Paged)
@blp.response(200, HistoryEntryList)
def list_history(wish: dict[str, Any], subscription_id: UUID) -> Any:
    """List all that has happened to a subscription, newest first; nothing is ever taken out of it."""
    with db.begin_read() as session:
        return listing(queries.history_of(session, g.caller.scope, subscription_id, **wish))


@blp.put(AT)
@requires("subscriptions:write")
@blp.arguments(EndOfTermRequest)
@if_match()
@may_start
@blp.response(200, EndOfTerm, etag="body")
def set_end_of_term(wish: dict[str, Any], subscription_id: UUID, expected_version: int | None) -> Any:
    """Decide what shall happen at the end of a subscription's term.

    Answers 200 with the decision when the provider does so already, else 202 with the operation that tells it.
    """
    it, wish = seen(subscription_id, expected_version), {**wish, "remark": wish["note"]}
    del wish["note"]
    if wish["mode"] != it.if_nothing:
        return begun(flow, SetEndOfTerm.of(it, g.caller, **wish), it)
    known = {"scope": g.caller.scope, "by": g.caller.actor, "expected_version": it.version}
    with db.begin() as session:
        commands.decide_here(session, subscription_id=it.id, **known, **wish)
        return queries.get_end_of_term(session, g.caller.scope, it.id)


@blp.put(f"{AT}/owner")
@requires("subscriptions:write")
@blp.arguments(DecisionOwnerRequest)
@if_match()
@may_start
def give_decision(wish: dict[str, Any], subscription_id: UUID, expected_version: int | None) -> Any:
    """Make the decision somebody else's: a person of the customer or of its reseller, who is reminded from now on."""
    it = seen(subscription_id, expected_version)
    check_known(it, wish["user_id"])
    return begun(give_flow, GiveDecision.of(it, g.caller, user_id=wish["user_id"]), it)


def seen(subscription_id: UUID, expected_version: int | None) -> queries.EndOfTerm:
    """The decision as it stands; 412 when it is not in the version that the client has seen."""
    with db.begin_read() as session:
        it = queries.get_end_of_term(session, g.caller.scope, subscription_id)
    same_version(expected_version, it.version)
    return it


def check_known(it: queries.EndOfTerm, user_id: UUID | None) -> None:
    """404 for somebody who works neither for the customer nor for its reseller, where this process knows people.

    Elsewhere the operation's first step says so.
    """
    if user_id is not None and "users" in current_app.blueprints:
        with users_db.begin_read() as session:
            people.find_member(
                session, customer_id=it.customer_id, reseller_id=it.reseller_id, user_id=user_id, email=None
            )


def begun(saga: Saga, payload: Any, it: queries.EndOfTerm) -> Response:
    """Start what a decision needs and answer 202. The same wish about the same version is one run, however often it is
    sent: a PUT has no key of its own."""
    wished = digest(request.path, canonical(request.get_json(silent=True)))
    key = digest("end of term", g.caller.actor.id, str(it.decision_id), str(it.version), wished)
    told = {"label": payload.label, "resource": payload.resource, "actor": g.caller.actor}
    with tables.db.begin_read() as session:
        tried = store.tries(session, key)
    if tried and tried[-1].status == "compensated":  # it came to nothing, and the decision is as it was: once more
        key = f"{key}/{len(tried) + 1}"
    elif tried:
        key = tried[-1].business_key
    return accepted(store.start(saga, payload, key=key, request_digest=wished, **told))
