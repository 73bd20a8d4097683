"""Every answer that is not a page: domain errors by class, HTTP errors by number, as a page or as a part of one."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, flash, g
from flask import request as asked
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException

from domains.billing.documents import Damaged
from domains.kernel.errors import DomainError, NotNow, Pending
from domains.kernel.messages import context

from . import htmx
from .access import send_to_sign_in
from .formats import translated
from .forms import status_of

log = logging.getLogger(__name__)
PAGES = (403, 404, 429, 500, 503)  # those with a page of their own
WORDS = {
    400: _l("The request cannot be read. Go back and try again."),
    405: _l("This address cannot be opened like this. Go back and try again."),
    413: _l("What you sent is too large: at most 2 MB."),
}


def register(app: Flask) -> None:
    """Map errors for a whole app."""
    app.register_error_handler(CSRFError, from_stale_form)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(DomainError, from_domain)
    app.register_error_handler(DataError, from_unusable)
    for busy in (NotNow, Pending, OperationalError, NoConnectionFree):
        app.register_error_handler(busy, from_busy)
    app.register_error_handler(Damaged, from_damaged)


def answer(status: int, detail: str = "", **about: Any) -> Response:
    """The page of an error, or its notice in the place of a part. Somebody unknown gets it without the frame."""
    g.setdefault("caller", None)
    about["request_id"] = context().request_id
    if htmx.is_partial():
        return htmx.failed_part(status, detail=detail, **about)
    template = f"errors/{status}.html" if status in PAGES else "errors/refused.html"
    return htmx.page(template, status=status, detail=detail, number=status, **about)


def from_domain(error: DomainError) -> Response:
    """A no that no form has taken. A list whose cursor has gone stale starts again from its beginning."""
    if error.code == "cursor_invalid":
        return htmx.redirect(htmx.here(cursor=None))
    status = status_of(error)
    return answer(status) if status == 404 else answer(status, translated(error.detail), code=error.code)


def from_http(error: HTTPException) -> Any:
    """What the framework says no to, and what broke."""
    status = error.code or 500
    if status < 400:
        return error
    if status > 500:
        status = 503
    wait = getattr(error, "retry_after", None)
    response = answer(status, str(WORDS.get(status, "")), retry_after=wait)
    kept = ("Allow", "Retry-After")
    response.headers.extend([(name, value) for name, value in error.get_headers() if name in kept])
    return response


def from_stale_form(error: CSRFError) -> Response:
    """A form without its token: from another site, or from before a sign-in. Its page is opened anew."""
    log.info("form refused", extra={"why": error.description})
    if g.get("caller") is None:
        return send_to_sign_in()
    word = _("This form was no longer good, so nothing was sent. Look through it and send it again.")
    if htmx.is_partial():
        flash(word, "waiting")
        here = urlsplit(asked.headers.get("HX-Current-URL", "/"))
        return Response(status=204, headers={"HX-Redirect": here.path + (f"?{here.query}" if here.query else "")})
    return answer(400, word)


def from_unusable(error: DataError) -> Response:
    """A value that no check has minded and the database refuses, such as a number out of its range."""
    log.error("the database refused a value", exc_info=error)
    return answer(
        400, _("Something you sent cannot be stored: a number is too large, or a text too long or not a text.")
    )


def from_busy(error: Exception) -> Response:
    """Something we lean on is away; nothing was written."""
    log.warning("answered 503", exc_info=error)
    response = answer(503)
    response.headers["Retry-After"] = "5"
    return response


def from_damaged(error: Exception) -> Response:
    """A document that is gone, or was changed; only we can mend that."""
    log.error("answered 500", exc_info=error)
    return answer(
        500,
        _("The document is not there as it was stored, so nobody gets it. Open a support case: we must restore it."),
    )
