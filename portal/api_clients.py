"""Programs of one's organisation: made here, given secrets and keys, shut out, deleted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from domains.kernel import config
from domains.users import commands, db, queries, tokens

from .access import is_proved, proved, requires, send_to_confirm
from .forms import Errors, chosen, chosen_id, refusals_on, typed, whole
from .htmx import page, redirect
from .rights import WORDS, offered

bp = Blueprint("api_clients", __name__, url_prefix="/api-clients")


@bp.get("")
@requires("api-clients:read")
def index() -> Any:
    """The programs that the reader may see."""
    with db.begin_read() as session:
        found = queries.list_clients(session, g.caller.scope, cursor=request.args.get("cursor"))
        customers = owners(session, [one.customer_id for one in found.items])
    known: dict[str, Any] = {"next_cursor": found.next_cursor, "customers": customers}
    return page("api_clients/list.html", clients=found.items, **known)


def owners(session: Session, ids: list[UUID]) -> dict[UUID, str]:
    """Whose programs these are, for a reader who sees several customers'."""
    wanted = set(ids) if g.caller.scope.kind != "customer" else set()
    return {id: queries.organisation(session, g.caller.scope, id).name for id in wanted}


@bp.get("/new")
@requires("api-clients:write")
def new(errors: Errors | None = None) -> Any:
    """The form for a new program."""
    wrong = errors or Errors()
    return page("api_clients/new.html", rights=offered(g.caller), errors=wrong, status=wrong.status)


@bp.post("")
@requires("api-clients:write")
@proved
@refusals_on(new)
def create() -> Any:
    """Make a program, and show its secret this once."""
    with db.begin() as session:
        of = queries.organisation(session, g.caller.scope, g.caller.here)
        known = {"client_id": tokens.new_client_id(config.current().region), "within": g.caller.scopes}
        known |= {"customer_id": of.customer_id, "reseller_id": of.reseller_id, **wish(), "secret": new_secret()}
        commands.create_api_client(session, **known)
        client = queries.get_client(session, g.caller.scope, known["client_id"])
    return told_once(client, known["secret"])


def wish() -> dict[str, Any]:
    """Name and rights as the form has them."""
    return {"name": typed("name", most=120, label=_("Name")) or "", "scopes": request.form.getlist("scopes")[:50]}


def new_secret() -> str | None:
    """A secret, unless the program is to prove itself with a key of its own."""
    return tokens.new_secret() if request.form.get("authentication") != "key" else None


def told_once(client: Any, secret: str | None) -> Any:
    """The page that shows a new secret: it is never shown again."""
    if secret is None:
        flash(_("The program is made. Add its public key now."), "done")
        return redirect(f"/api-clients/{client.id}")
    return page("api_clients/told.html", client=client, secret=secret)


@bp.get("/<client_id>")
@requires("api-clients:read")
def show(client_id: str, errors: Errors | None = None) -> Any:
    """One program, and what can be done with it."""
    with db.begin_read() as session:
        client = queries.get_client(session, g.caller.scope, client_id)
        customer = owners(session, [client.customer_id]).get(client.customer_id)
    wrong = errors or Errors()
    counting = commands.at_desk(client.scopes) if g.caller.scope.kind == "operator" else frozenset(client.scopes)
    beyond = sorted(counting - g.caller.scopes)
    known: dict[str, Any] = {"words": WORDS, "customer": customer, "beyond": beyond, "rights": offered(g.caller)}
    return page("api_clients/show.html", client=client, errors=wrong, status=wrong.status, **known)


@bp.get("/<client_id>/edit")
@requires("api-clients:write")
def edit(client_id: str, errors: Errors | None = None) -> Any:
    """The form to change a program."""
    with db.begin_read() as session:
        client = queries.get_client(session, g.caller.scope, client_id)
    wrong = errors or Errors()
    return page("api_clients/edit.html", client=client, rights=offered(g.caller), errors=wrong, status=wrong.status)


@bp.post("/<client_id>")
@requires("api-clients:write")
@proved
@refusals_on(edit)
def update(client_id: str) -> Any:
    """Change a program's name and rights."""
    with db.begin() as session:
        commands.update_client(session, **meant(client_id), **wish())
    return done(client_id, _("Saved."))


@bp.post("/<client_id>/secrets")
@requires("api-clients:write")
@proved
@refusals_on(show)
def add_secret(client_id: str) -> Any:
    """Give a program a second secret, and show it this once."""
    secret = tokens.new_secret()
    with db.begin() as session:
        client = commands.add_secret(session, **meant(client_id), secret=secret)
    return told_once(client, secret)


@bp.post("/<client_id>/keys")
@requires("api-clients:write")
@proved
@refusals_on(show)
def add_key(client_id: str) -> Any:
    """Register a program's public key."""
    jwk = tokens.public_key(request.form.get("key", "")[:8_000])
    with db.begin() as session:
        commands.add_key(session, **meant(client_id), jwk=jwk)
    return done(client_id, _("The key is registered."))


@bp.post("/<client_id>/remove")
@requires("api-clients:write")
@proved
@refusals_on(show)
def remove(client_id: str) -> Any:
    """End a secret or key."""
    kind = chosen("kind", ("secret", "key"), _("Choose one."))
    with db.begin() as session:
        known = meant(client_id) | {"credential_id": chosen_id("credential"), "kind": kind}
        commands.remove_credential(session, **known)
    return done(client_id, _("It is removed, and the program’s tokens have ended."))


@bp.post("/<client_id>/status")
@requires("api-clients:write")
@refusals_on(show)
def set_status(client_id: str) -> Any:
    """Shut a program out at once, or let it in again with a fresh proof."""
    status = chosen("status", ("active", "disabled"), _("Choose one."))
    if status == "active" and not is_proved(g.caller):
        return send_to_confirm()
    with db.begin() as session:
        commands.set_client_status(session, **meant(client_id), status=status)
    text = _("The program is shut out.") if status == "disabled" else _("The program may come in again.")
    return done(client_id, text)


@bp.get("/<client_id>/delete")
@requires("api-clients:write")
def confirm_delete(client_id: str) -> Any:
    """What deleting a program means."""
    with db.begin_read() as session:
        client = queries.get_client(session, g.caller.scope, client_id)
    return page("api_clients/delete.html", client=client)


@bp.post("/<client_id>/delete")
@requires("api-clients:write")
@proved
@refusals_on(show)
def delete(client_id: str) -> Any:
    """Delete a program."""
    with db.begin() as session:
        commands.delete_client(session, **meant(client_id))
    tokens.forget_epoch("client", client_id)
    flash(_("The program is deleted."), "done")
    return redirect("/api-clients", full=True)


def meant(client_id: str) -> dict[str, Any]:
    """Which program, in the version that the reader has seen, and who wants it changed."""
    known = {"scope": g.caller.scope, "within": g.caller.scopes}
    return known | {"client_id": client_id, "expected_version": whole("version")}


def done(client_id: str, text: str) -> Any:
    """Back to the program; what it still held has ended."""
    tokens.forget_epoch("client", client_id)
    flash(text, "done")
    return redirect(f"/api-clients/{client_id}", full=True)
