"""Proving anew who one is, before something sensitive: by the password, a code or a passkey."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, request

from domains.kernel.errors import Refused
from domains.users import commands, db, queries, tokens

from .access import safe_next, signed_in
from .forms import Errors, waiting
from .htmx import page
from .login import let_in, limiter

bp = Blueprint("confirm", __name__)


@bp.get("/confirm")
@signed_in
def show(errors: Errors | None = None, status: int = 200) -> Any:
    """Ask for a proof, in the ways that this person has."""
    wrong, back = errors or Errors(), safe_next(request.args.get("next"))
    with db.begin_read() as session:
        known = queries.own_factors(session, UUID(g.caller.actor.id))
    return page("users/confirm.html", errors=wrong, status=status, back=back, known=known)


@bp.post("/confirm")
@limiter.limit("30 per minute")
@signed_in
def prove() -> Any:
    """Look at the proof; the login goes on under a new token."""
    step, given = how()
    return let_in(tokens.prove(step, login_id=UUID(g.caller.login_id), **given))


def how() -> tuple[Any, dict[str, str]]:
    """By what the form proves who the reader is: the command that looks at it, and what was given."""
    steps: dict[str, Any] = {
        "credential": commands.prove_by_passkey, "code": commands.prove_by_code, "password": commands.prove_by_password,
    }  # fmt: skip
    name = next((name for name in steps if request.form.get(name)), "password")
    return steps[name], {name: request.form.get(name, "")}


@bp.errorhandler(Refused)
def refused(error: Refused) -> Any:
    """A wrong proof and too many tries: said on the form itself."""
    wrong = Errors(error)
    return waiting(show(wrong, wrong.status), error)
