"""Every answer that is not a page: domain errors by class, HTTP errors by number, as a page or as a part of one."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, g, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from domains.kernel.errors import Conflict, DomainError, Invalid, NotFound, Refused

from .access import send_to_sign_in
from .htmx import failed_part, is_partial

log = logging.getLogger(__name__)
STATUS = {Invalid: 422, NotFound: 404, Conflict: 409, Refused: 422}
PAGES = {403, 404, 429, 500, 503}


def register(app: Flask) -> None:
    """Answer errors of this app."""
    app.register_error_handler(DomainError, domain_error)
    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(OperationalError, away)
    app.register_error_handler(Exception, broken)


def domain_error(error: DomainError) -> Any:
    """A no that no form has taken: not found as a page, anything else as a notice with its reason."""
    status = next(number for kind, number in STATUS.items() if isinstance(error, kind))
    if status == 404:
        return shown(404)
    if is_partial():
        return failed_part(status, detail=_(error.detail))
    return render_template("errors/refused.html", detail=_(error.detail), code=error.code, status=status), status


def shown(status: int, headers: Any = None, **context: Any) -> Any:
    """The page of an error, or its notice for a part of a page."""
    if g.get("caller") is None and "caller" not in g:
        g.caller = None
    if is_partial():
        return failed_part(status, **context)
    number = status if status in PAGES else 500 if status >= 500 else 404
    return render_template(f"errors/{number}.html", **context), status, headers or {}


def http_error(error: HTTPException) -> Any:
    """What Flask and the limiter refuse."""
    status = error.code or 500
    kept = [(name, value) for name, value in error.get_headers() if name in ("Allow", "Retry-After")]
    return shown(status, kept, detail=error.description)


def stale_form(error: CSRFError) -> Any:
    """A form without its token: from another site, or from before signing in."""
    if g.get("caller") is None:
        return send_to_sign_in()
    if is_partial():
        return Response(status=204, headers={"HX-Redirect": request.headers.get("HX-Current-URL", "/")})
    detail = _("This form was opened before you signed in. Go back, reload the page and send it again.")
    return render_template("errors/refused.html", detail=detail, code="form_expired", status=400), 400


def away(error: OperationalError) -> Any:
    """A database that does not answer: said plainly, the rest of the portal goes on."""
    log.exception("database away")
    return shown(503, [("Retry-After", "5")])


def broken(error: Exception) -> Any:
    """Our own fault."""
    log.exception("page failed", extra={"path": request.path})
    return shown(500)
