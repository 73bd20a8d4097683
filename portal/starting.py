"""Starting what takes a while from a form: the same click twice is one run, and the reader watches it on its page.

Each form that starts something carries a token of its own, hidden in it. The run is known by who sent the form, where
to, and this token; a second click, a reload and a lost answer all find the run that is there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple
from uuid import UUID

from flask import Flask, Response, g, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from domains.kernel.crypto import canonical, digest, token
from domains.kernel.errors import Invalid
from saga import store
from saga.definition import Saga
from saga.tables import Run

from .forms import optional_id
from .htmx import redirect

FIELD = "form_token"
IGNORED = {FIELD, "csrf_token"}  # they differ between two tabs with the same form


class Start(NamedTuple):
    """What a view wants done: a saga, and a payload that knows its label and what it is about."""

    saga: Saga
    payload: Any


def register(app: Flask) -> None:
    """Give templates `start_field()`, the hidden field of a form that starts something."""
    app.jinja_env.globals["start_field"] = start_field


def form_token() -> str:
    """A token for a form that starts something; it makes sending the form twice the same as sending it once."""
    return token(128)


def start_field() -> Markup:
    """The hidden field that carries the token."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, form_token())


def starts(view: Callable[..., Start]) -> Callable[..., Response]:
    """Start the saga that a view asks for and go to its page; the same form sent again goes to the same page.

    The repeat is known before the view runs, so that it is answered even when the form would be refused by now.
    """

    @wraps(view)
    def started(*args: Any, **values: Any) -> Response:
        run = store.repeated(*sent())
        return shown(run) if run is not None else start(*view(*args, **values))

    return started


def start(saga: Saga, payload: Any) -> Response:
    """Start a saga for the reader and go to the page that shows how far it is."""
    key, asked = sent()
    told = {"label": payload.label, "resource": payload.resource, "actor": g.caller.actor}
    told["waiting_for"] = getattr(payload, "waiting_for", None)
    return shown(store.start(saga, payload, key=key, request_digest=asked, **told))


def shown(run: Run) -> Response:
    """Go to the page of a run."""
    return redirect(url_for("operations.show", operation_id=run.id), full=True)


def promised() -> UUID:
    """The signed promise that a form was shown with; nobody sends at prices that they have not seen."""
    found = optional_id("preview_id")
    if found is None:
        raise incomplete("preview_missing")
    return found


def incomplete(code: str) -> Invalid:
    """What a form is told that lacks what we put into it."""
    return Invalid(_("This form is not complete. Open it again, then send it."), code=code)


def sent() -> tuple[str, str]:
    """By what a form is known again (who, where, its token), and a digest of what exactly it asks for."""
    known = request.form.get(FIELD, "")
    if not known:
        raise incomplete("form_token_missing")
    key = digest("portal", g.caller.actor.id, str(g.caller.customer_id), request.path, known)
    asked = {name: request.form.getlist(name) for name in request.form if name not in IGNORED}
    return key, digest(request.path, canonical(asked))
