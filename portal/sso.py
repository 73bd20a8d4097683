"""The door for people whose organisation signs them on: out to its provider, and back.

What must come back with a person lies in Flask's signed cookie, so that no other browser can bring it (login CSRF).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from flask import Blueprint, g, request, session
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from domains.kernel import clock
from domains.kernel.errors import Refused
from domains.users import commands, oidc, tokens

from .access import public, safe_next, signed_in
from .formats import translated
from .forms import status_of, waiting
from .htmx import page, redirect
from .login import let_in, limiter

bp = Blueprint("sso", __name__, url_prefix="/login/sso")
MOST, LASTS = 3, 600  # tries at once in one browser; seconds that one is good for
WORDS = {
    "mixed_up": _l("The answer did not come from the provider that was asked, so it was not believed."),
    "said_no": _l("The provider did not let you in."),
    "no_code": _l("The provider’s answer lacks what it must hold."),
    "code_refused": _l("The provider did not stand by its answer. Its settings and ours may differ."),
    "provider_silent": _l("The provider does not answer. Try again in a while."),
    "no_id_token": _l("The provider’s answer does not say who you are."),
    "not_proven": _l("The provider’s answer could not be verified, so it was not believed."),
    "not_anew": _l("The provider has not asked you anew who you are."),
    "state": _l("This sign-in was not begun in this browser, or too long ago. Begin again."),
}


@bp.get("")
@public
def show(error: str = "", status: int = 200) -> Any:
    """Ask for the address whose domain says where to go."""
    errors = {"email": error} if error else {}
    return page("users/sso.html", errors=errors, status=status, email=request.form.get("email", ""))


@bp.post("")
@limiter.limit("30 per minute")
@public
def start() -> Any:
    """Go to the provider of the address's domain; whether anybody has this address is not looked at."""
    email = request.form.get("email", "").strip()[:320]
    customer_id = tokens.provider_of_address(email) if email else None
    if customer_id is None:
        return show(_("No organisation here signs people of this address on. Use your password."), 422)
    return go_out(customer_id, "in", hint=email, back=safe_next(request.args.get("next")))


@bp.post("/again")
@limiter.limit("30 per minute")
@signed_in
def again() -> Any:
    """Prove anew, at the provider, that it is the same person."""
    by = g.caller.preferences.get("sign_on")
    if not by:
        return redirect("/confirm")
    back = safe_next(request.args.get("next"))
    return go_out(UUID(by), "again", hint=g.caller.preferences.get("email", ""), back=back)


def go_out(customer_id: UUID, purpose: str, *, hint: str = "", back: str = "/") -> Any:
    """Leave for a provider. By a page that goes on by itself: our policy lets no form lead to other sites."""
    connection = tokens.connection_of(customer_id)
    if connection is None:
        return failed("provider_silent")
    begun = oidc.begin(connection, anew=purpose == "again", hint=hint)
    known = {"of": str(customer_id), "nonce": begun.nonce, "verifier": begun.verifier, "for": purpose, "back": back}
    tries = dict(list(session.get("sso", {}).items())[1 - MOST :])
    session["sso"] = tries | {begun.state: known | {"at": int(clock.wall().timestamp())}}
    response = page("users/sso_out.html", address=begun.address, issuer=connection.issuer)
    response.headers["Refresh"] = f"0; url={begun.address}"
    return response


@bp.get("/callback")
@limiter.limit("60 per minute")
@public
def come_back() -> Any:
    """Somebody comes back from a provider. Whoever was not sent there by us is turned away."""
    tries, now = dict(session.get("sso", {})), int(clock.wall().timestamp())
    known = tries.pop(request.args.get("state", ""), None)
    session["sso"] = tries
    if known is None or known["at"] < now - LASTS:
        tokens.note_refusal("users.refuse_sign_on", "state", ip=request.remote_addr or "")
        return failed("state")
    return taken(known)


def taken(known: dict[str, Any]) -> Any:
    """What becomes of an answer that was asked for."""
    customer_id = UUID(known["of"])
    connection = tokens.connection_of(customer_id)
    if connection is None:
        return failed("provider_silent")
    asked = {"nonce": known["nonce"], "verifier": known["verifier"]}
    try:
        anew = known["at"] if known["for"] == "again" else None
        who = oidc.identified(connection, request.args, **asked, asked_anew_at=anew)
    except oidc.SignOnFailed as no:
        ip = request.remote_addr or ""
        tokens.note_refusal("users.refuse_sign_on", no.code, customer_id=customer_id, said=no.said, ip=ip)
        return failed(no.code, no.said)
    if known["for"] == "again":
        return proved_again(who, known["back"])
    return entered(customer_id, who, known["back"])


def entered(customer_id: UUID, who: oidc.Identified, back: str) -> Any:
    """Let somebody in; who has an account already must first show that it is theirs."""
    made = tokens.enter(commands.enter, who, customer_id=customer_id, place=place())
    if isinstance(made, commands.SignedIn):
        return let_in(made, back)
    pending = {"of": str(customer_id), "who": msgspec.to_builtins(who), "how": made.how, "user": str(made.user_id)}
    session["sso_link"] = pending | {"code": made.code, "back": back, "at": int(clock.wall().timestamp())}
    return redirect("/login/sso/link")


def proved_again(who: oidc.Identified, back: str) -> Any:
    """The person who is signed in has shown at their provider that it is they."""
    if g.caller is None:
        return redirect("/login")
    made = tokens.enter(commands.prove_by_sign_on, who, login_id=UUID(g.caller.login_id))
    return let_in(made, back)


@bp.get("/link")
@public
def ask_to_link(errors: dict[str, str] | None = None, status: int = 200) -> Any:
    """Ask whose the account is that has this address already."""
    known = pending()
    if known is None:
        return failed("state")
    shown = {"email": known["who"]["email"], "how": how(known), "issuer": known["who"]["issuer"]}
    return page("users/sso_link.html", errors=errors or {}, status=status, **shown)


@bp.post("/link")
@limiter.limit("30 per minute")
@public
def link() -> Any:
    """Tie the provider's identity to the account, once its owner has shown that it is theirs."""
    known = pending()
    if known is None:
        return failed("state")
    who, own = msgspec.convert(known["who"], oidc.Identified), how(known) == "own"
    shown: dict[str, Any] = {"customer_id": UUID(known["of"]), "place": place(), "code": known["code"]}
    shown |= {"signed_in_as": UUID(known["user"])} if own else {"password": request.form.get("password", "")[:1024]}
    made = tokens.enter(commands.link, who, **shown)
    session.pop("sso_link", None)
    return let_in(made, known["back"])


def pending() -> dict[str, Any] | None:
    """The identity that waits in this browser for being tied to an account."""
    known: dict[str, Any] | None = session.get("sso_link")
    return known if known is not None and known["at"] >= int(clock.wall().timestamp()) - LASTS else None


def how(known: dict[str, Any]) -> str:
    """What the owner of the account has to give: nothing more when they are signed in by their own means."""
    caller = g.caller
    if caller is not None and caller.actor.id == known["user"] and not caller.preferences.get("sign_on"):
        return "own"
    return str(known["how"])


def place() -> tuple[str, str]:
    """Where somebody comes from, and with which browser."""
    return request.remote_addr or "", request.user_agent.string


def failed(code: str, said: str = "") -> Any:
    """The page that says why nobody was signed on, and where to go now."""
    text = WORDS[code]
    return page("users/sso_failed.html", text=text, said=said, status=400)


@bp.errorhandler(Refused)
def refused(error: Refused) -> Any:
    """A no to somebody who was recognised: on the form when it is the password, else on a page of its own."""
    if error.field == "password" and pending() is not None:
        return waiting(ask_to_link({"password": translated(error.detail)}, status_of(error)), error)
    return page("users/sso_failed.html", text=translated(error.detail), said="", status=403)
