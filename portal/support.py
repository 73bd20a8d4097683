"""Support cases: asked where it happens, answered in one place; notes among staff are a form of their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request
from flask_babel import gettext as _

from domains.kernel.database import new_id
from domains.kernel.errors import Invalid
from domains.kernel.uploads import KINDS as FILE_KINDS
from domains.kernel.uploads import LARGEST, as_download
from domains.support import commands, db, exchanges, queries
from saga import store, tables

from . import search
from .access import requires
from .customers import names_of
from .forms import Errors, chosen, chosen_id, optional_id, refusals_on, searched, typed
from .htmx import page, redirect

bp = Blueprint("support", __name__, url_prefix="/cases")
KINDS = ("order", "subscription", "account", "operation")
FILTERS = ("unsolved", "new", "open", "waiting_customer", "waiting_provider", "resolved", "closed")
IMPACTS = ("low", "normal", "high", "critical")
LONGEST = 20_000


@bp.get("")
@requires("cases:read")
def index() -> Any:
    """Cases, those that are not solved first of all."""
    status = request.args.get("status", "unsolved")
    with db.begin_read() as session:
        found = queries.list_cases(session, g.caller.scope, q=searched() or None, limit=25, status=status or None,
                                   cursor=request.args.get("cursor"))  # fmt: skip
    known: dict[str, Any] = {"next_cursor": found.next_cursor, "status_now": status, "filters": FILTERS}
    known["customers"] = names_of(case.customer_id for case in found.items)
    return page("support/list.html", cases=found.items, **known)


@bp.get("/_open")
@requires("cases:read")
def still_open() -> Any:
    """The newest that are not solved, for the home page."""
    with db.begin_read() as session:
        found = queries.list_cases(session, g.caller.scope, status="unsolved", limit=4)
        count = queries.open_count(session, g.caller.scope)
    known: dict[str, Any] = {"count": count, "customers": names_of(case.customer_id for case in found.items)}
    return page("support/open.html", "support/_open.html", cases=found.items, **known)


@bp.get("/new")
@requires("cases:write")
def new(errors: Errors | None = None) -> Any:
    """The form for a new case, with what it is about."""
    with db.begin_read() as session:
        about = [thing(session, kind) for kind in KINDS if request.values.get(kind)]
    wrong = errors or Errors()
    known: dict[str, Any] = {"impacts": IMPACTS, "case_id": request.form.get("case_id") or new_id()}
    return page("support/new.html", about=about, errors=wrong, status=wrong.status, **known)


def thing(session: Any, kind: str) -> dict[str, Any]:
    """One thing the case is about, looked up as the reader sees it."""
    id = chosen_id(kind)
    if kind != "operation":
        found = queries.reference(session, g.caller.scope, kind, id)
        return {"kind": kind, "id": id, "label": found.label, "owner": (found.customer_id, found.reseller_id)}
    with tables.db.begin_read() as runs:
        run = store.get(runs, g.caller.scope, id)
    return {"kind": kind, "id": id, "label": run.label, "owner": (run.customer_id, run.reseller_id)}


@bp.post("")
@requires("cases:write")
@refusals_on(new)
def create() -> Any:
    """Open a case; the same form sent twice opens one."""
    with db.begin() as session:
        about = [thing(session, kind) for kind in KINDS if request.values.get(kind)]
        customer_id, reseller_id = owner(about)
        links = [commands.LinkWish(one["kind"], one["id"], one["label"]) for one in about]
        said = {"subject": typed("subject", most=200) or "", "description": text("description")}
        case = commands.open_case(
            session, case_id=chosen_id("case_id"), scope=g.caller.scope, customer_id=customer_id, account_id=None,
            reseller_id=reseller_id, impact=chosen("impact", IMPACTS, _("Choose how much it hurts.")), links=links,
            opened_by=g.caller.actor, **said,
        )  # fmt: skip
    return redirect(f"/cases/{case.id}", full=True)


def owner(about: list[dict[str, Any]]) -> tuple[UUID, UUID | None]:
    """Whose case it is: that of the things it is about, else of the reader."""
    found = {one["owner"] for one in about} or {(g.caller.customer_id, g.caller.reseller_id)}
    if len(found) != 1 or None in {customer for customer, _reseller in found}:
        raise Invalid(_("Open the case from the order or subscription it is about."), code="customer_missing")
    return found.pop()


def text(name: str) -> str:
    """Several lines as they were typed."""
    return request.form.get(name, "")[: LONGEST + 1].replace("\r\n", "\n")


@bp.get("/<uuid:case_id>")
@requires("cases:read")
def show(case_id: UUID, errors: Errors | None = None) -> Any:
    """One case with what was said in it. Staff also see their notes."""
    with db.begin_read() as session:
        held = of_case(session, case_id)
    wrong, case = in_its_form(errors or Errors()), held["case"]
    known: dict[str, Any] = {"errors": wrong, "reply_id": new_id(), "note_id": new_id(), "attachment_id": new_id()}
    known |= {"filters": FILTERS[1:], "kinds": sorted(FILE_KINDS)}
    known["customer"] = names_of([case.customer_id]).get(case.customer_id)
    return page("support/show.html", status=wrong.status, **held, **known)


def of_case(session: Any, case_id: UUID) -> dict[str, Any]:
    """A case with everything in it that the reader may see."""
    scope, staff = g.caller.scope, g.caller.may("support:work")
    replies = queries.list_replies(session, scope, case_id, internal=staff).items
    return {
        "case": queries.get(session, scope, case_id), "replies": list(reversed(replies)),
        "links": queries.links_of(session, scope, case_id), "files": queries.attachments_of(session, scope, case_id),
    }  # fmt: skip


def in_its_form(errors: Errors) -> Errors:
    """What is wrong with a note stands at the note: its text must not turn up where the customer is answered."""
    return errors.only("status", "file", body="note" if "note" in request.form else "body")


@bp.post("/<uuid:case_id>/replies")
@requires("cases:write")
@refusals_on(show)
def reply(case_id: UUID) -> Any:
    """Say something that the customer reads; the same form sent twice says it once."""
    return said(case_id, text("body"), internal=False)


@bp.post("/<uuid:case_id>/notes")
@requires("support:work")
@refusals_on(show)
def note(case_id: UUID) -> Any:
    """Note something for staff only."""
    return said(case_id, text("note"), internal=True)


@bp.post("/<uuid:case_id>/attachments")
@requires("cases:write")
@refusals_on(show)
def attach(case_id: UUID) -> Any:
    """Put a file to the case; the same form sent twice puts one."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid(_("Choose a file."), code="attachment_empty", field="file")
    known = {"attachment_id": optional_id("attachment_id") or new_id(), "case_id": case_id, "author": g.caller.actor}
    with db.begin() as session:
        content = file.stream.read(LARGEST + 1)
        commands.attach(session, scope=g.caller.scope, **known, name=file.filename, content=content)
    return redirect(f"/cases/{case_id}")


@bp.get("/<uuid:case_id>/attachments/<uuid:attachment_id>")
@requires("cases:read")
def download(case_id: UUID, attachment_id: UUID) -> Any:
    """The file, to be saved and never shown; the audit trail knows of every download."""
    with db.begin() as session:
        known = {"case_id": case_id, "attachment_id": attachment_id}
        attachment = commands.note_download(session, scope=g.caller.scope, **known)
    content = exchanges.content_of(attachment)
    return Response(content, mimetype="application/octet-stream", headers=as_download(attachment.name))


def said(case_id: UUID, words: str, *, internal: bool) -> Any:
    """Write down what was typed, in the name of the reader."""
    with db.begin() as session:
        commands.add_reply(
            session, scope=g.caller.scope, reply_id=optional_id("reply_id") or new_id(), case_id=case_id,
            body=words, author=g.caller.actor, as_agent=g.caller.may("support:work"), internal=internal,
        )  # fmt: skip
    return redirect(f"/cases/{case_id}")


@bp.post("/<uuid:case_id>/status")
@requires("cases:write")
@refusals_on(show)
def status(case_id: UUID) -> Any:
    """Solve a case, open it again, or (staff) say whose turn it is."""
    wanted = chosen("status", FILTERS[1:], _("Choose a state."))
    with db.begin() as session:
        commands.change_status(session, scope=g.caller.scope, case_id=case_id, status=wanted, expected_version=None,
                               as_agent=g.caller.may("support:work"))  # fmt: skip
    return redirect(f"/cases/{case_id}")


@bp.get("/_found")
@requires("cases:read")
def hits() -> Any:
    """What a search finds here, for the page of another process."""
    return search.part("/cases")
