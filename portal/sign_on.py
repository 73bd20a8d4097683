"""How people of an organisation sign on through its own provider: set up, checked, restricted to, taken away."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.kernel.errors import Invalid
from domains.users import commands, db, oidc, queries, tokens

from .access import proved, requires
from .forms import Errors, chosen, chosen_id, refusals_on, typed, whole
from .frame import ROLES
from .htmx import page, redirect
from .sso import go_out

bp = Blueprint("sign_on", __name__, url_prefix="/sign-on")


@bp.get("")
@requires("sign-on:read")
def index(errors: Errors | None = None) -> Any:
    """The provider, and the e-mail domains."""
    with db.begin_read() as session:
        found = queries.sign_on(session, **meant())
        domains = queries.domains(session, **meant())
    wrong = errors or Errors()
    known: dict[str, Any] = {"roles": [(one, ROLES[one]) for one in commands.JOINING_ROLES], "record": oidc.RECORD}
    known |= {"redirect_uri": tokens.redirect_uri(), "it": found, "domains": domains}
    return page("sign_on/show.html", errors=wrong, status=wrong.status, **known)


def meant() -> dict[str, Any]:
    """Whose settings, and in whose scope they are seen and changed: the reader's own, or whom they act for."""
    return {"scope": g.caller.own, "customer_id": g.caller.here}


@bp.post("")
@requires("sign-on:write")
@proved
@refusals_on(index)
def save() -> Any:
    """Ask the provider what it is, then set it up."""
    issuer = typed("issuer", most=300, label=_("Issuer")) or ""
    wish = {"issuer": issuer, "provider": oidc.discovered(issuer), **options()}
    with db.begin() as session:
        commands.set_sign_on(session, **meant(), expected_version=whole("version"), **wish)
    return done(_("Saved. Sign in through it once before you rely on it."))


def options() -> dict[str, Any]:
    """What else the form says."""
    ticked = {name: name in request.form for name in ("joins", "forced", "trusted")}
    role = chosen("role", commands.JOINING_ROLES, _("Choose a role."))
    known = {"client_id": typed("client_id", most=200, label=_("Client id")) or "", "role": role}
    return known | ticked | {"client_secret": typed("client_secret", most=500, label=_("Client secret"))}


@bp.post("/check")
@requires("sign-on:read")
@refusals_on(index)
def check() -> Any:
    """Ask the provider again what it is, and change nothing."""
    with db.begin_read() as session:
        found = queries.sign_on(session, **meant())
    if found is None:
        raise Invalid(_("There is no single sign-on here."), code="sign_on_not_found")
    same = oidc.discovered(found.issuer) == found.provider
    return done(
        _("The provider answers as it did.") if same else _("The provider has changed: save its settings anew.")
    )


@bp.post("/try")
@requires("sign-on:read")
def try_out() -> Any:
    """Go through the provider as everybody would."""
    return go_out(g.caller.here, "in", hint=g.caller.preferences.get("email", ""), back="/sign-on")


@bp.get("/remove")
@requires("sign-on:write")
def confirm_remove() -> Any:
    """What taking the provider away means."""
    with db.begin_read() as session:
        found = queries.sign_on(session, **meant())
    if found is None:
        return redirect("/sign-on")
    return page("sign_on/remove.html", it=found)


@bp.post("/remove")
@requires("sign-on:write")
@proved
@refusals_on(index)
def remove() -> Any:
    """Take the provider away."""
    with db.begin() as session:
        ended = commands.remove_sign_on(session, **meant(), expected_version=whole("version"))
    for login_id in ended:
        tokens.forget_epoch("login", str(login_id))
    return done(_("Single sign-on is removed."))


@bp.post("/domains")
@requires("sign-on:write")
@proved
@refusals_on(index)
def add_domain() -> Any:
    """Note a domain, with the record that will prove it."""
    with db.begin() as session:
        commands.add_domain(session, **meant(), name=typed("domain", most=253, label=_("Domain")) or "")
    return done(_("Publish the record that stands beside the domain, then let us look for it."))


@bp.post("/domains/verify")
@requires("sign-on:write")
@proved
@refusals_on(index)
def verify_domain() -> Any:
    """Look whether the domain's owner publishes the record."""
    with db.begin_read() as session:
        known = {one.id: one for one in queries.domains(session, **meant())}
    found = known.get(chosen_id("id"))
    published = found is not None and oidc.publishes(found.name, found.challenge)
    with db.begin() as session:
        commands.verify_domain(session, **meant(), domain_id=chosen_id("id"), published=published)
    return done(_("The domain is yours."))


@bp.post("/domains/remove")
@requires("sign-on:write")
@proved
@refusals_on(index)
def remove_domain() -> Any:
    """Give a domain up."""
    with db.begin() as session:
        commands.remove_domain(session, **meant(), domain_id=chosen_id("id"))
    return done(_("The domain is removed."))


def done(text: str) -> Any:
    """Back to the settings."""
    flash(text, "done")
    return redirect("/sign-on", full=True)
