"""Proving anew who one is, before something sensitive: by the password, a code or a passkey."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, request

from domains.kernel.errors import Refused
from domains.users import commands, tokens

from .access import safe_next, signed_in
from .forms import Errors
from .htmx import page
from .login import let_in, limiter

bp = Blueprint("confirm", __name__)


@bp.get("/confirm")
@signed_in
def show(errors: Errors | None = None, status: int = 200) -> Any:
    """Ask for a proof."""
    wrong = errors or Errors()
    return page("users/confirm.html", errors=wrong, status=status, back=safe_next(request.args.get("next")))


@bp.post("/confirm")
@limiter.limit("30 per minute")
@signed_in
def prove() -> Any:
    """Look at the proof; the login goes on under a new token."""
    login_id = UUID(g.caller.login_id)
    made = tokens.prove(commands.prove_by_password, login_id=login_id, password=request.form.get("password", ""))
    return let_in(made.token)


@bp.errorhandler(Refused)
def refused(error: Refused) -> Any:
    """A wrong proof and too many tries: said on the form itself."""
    wrong = Errors(error)
    response = show(wrong, 429 if error.code == "too_many_attempts" else wrong.status)
    if "retry_after" in error.params:
        response.headers["Retry-After"] = str(error.params["retry_after"])
    return response
