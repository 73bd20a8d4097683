"""Privacy: what is known of oneself, fetched whole; to be forgotten; and what an owner has done for others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, request
from flask_babel import gettext as _

from domains.kernel.errors import Invalid
from domains.kernel.personal import Whom
from domains.users import db, queries
from saga.flows.erase_person import erase_person
from saga.flows.export_person import export_person
from saga.payloads.people import person_of
from saga.payloads.person import ErasePerson, ExportPerson

from .access import proved, requires, signed_in
from .forms import Errors, chosen_id, refusals_on, typed
from .htmx import page
from .own_means import by_provider, sent_to_own_means
from .starting import Start, starts

bp = Blueprint("privacy", __name__, url_prefix="/privacy")


@bp.before_request
def by_own_means() -> Any:
    """Let nobody whom an organisation's provider let in fetch or erase what all organisations know of a person."""
    of_oneself = request.endpoint in ("privacy.export", "privacy.erase")
    return sent_to_own_means("/privacy") if of_oneself and by_provider() else None


@bp.get("")
@signed_in
def index(errors: Errors | None = None) -> Any:
    """What one can ask for; an owner also for others, and sees the proofs."""
    wrong, owner = errors or Errors(), g.caller.may("privacy:write") and g.caller.customer_id
    with db.begin_read() as session:
        known: dict[str, Any] = {"user": queries.oneself(session, UUID(g.caller.actor.id)), "people": [], "proofs": []}
        if owner:
            members = queries.list_users(session, g.caller.scope, customer_id=g.caller.customer_id, limit=200).items
            known["people"] = [one for one in members if one.status != "invited" and str(one.id) != g.caller.actor.id]
            known["proofs"] = queries.list_erasures(session, g.caller.scope, limit=25).items
    return page("privacy/index.html", owner=owner, errors=wrong, status=wrong.status, **known)


def home() -> tuple[UUID, UUID | None]:
    """In whose name one asks: the organisation one acts for, else one's own."""
    return g.caller.customer_id or UUID(g.caller.preferences["home_customer_id"]), g.caller.reseller_id


def myself() -> Whom:
    """The reader, as all domains find them."""
    with db.begin_read() as session:
        return queries.oneself_as_whom(session, UUID(g.caller.actor.id))


def another() -> Whom:
    """The person that an owner has chosen."""
    with db.begin_read() as session:
        return queries.whom(session, g.caller.scope, chosen_id("user", _("Choose a person.")))


def confirmed(whom: Whom, field: str) -> Whom:
    """The same, when their e-mail address was typed: nothing of it can be taken back."""
    if (typed(field, most=320) or "").casefold() not in {email.casefold() for email in whom.emails}:
        raise Invalid(
            _("Type the person's e-mail address, so that it is surely them."), code="not_confirmed", field=field
        )
    return whom


@bp.post("/export")
@signed_in
@proved
@refusals_on(index)
@starts
def export() -> Start:
    """Have all put together that is known of oneself."""
    return Start(export_person, ExportPerson.of(myself(), *home(), person_of(g.caller)))


@bp.post("/erase")
@signed_in
@proved
@refusals_on(index)
@starts
def erase() -> Start:
    """Be forgotten."""
    return Start(erase_person, ErasePerson.of(confirmed(myself(), "email"), *home()))


@bp.post("/people/export")
@requires("privacy:write")
@proved
@refusals_on(index)
@starts
def export_another() -> Start:
    """Have all put together that is known of a person of one's organisation, to hand it to them."""
    return Start(export_person, ExportPerson.of(another(), *home(), person_of(g.caller)))


@bp.post("/people/erase")
@requires("privacy:write")
@proved
@refusals_on(index)
@starts
def erase_another() -> Start:
    """Have a person of one's organisation forgotten."""
    return Start(erase_person, ErasePerson.of(confirmed(another(), "their_email"), *home()))
