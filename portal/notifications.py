"""The local mailbox: the e-mails of an installation without a mail server. It is not there in production."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app
from werkzeug.exceptions import NotFound

from domains.notifications.queries import mailbox

from .access import public
from .htmx import page

bp = Blueprint("notifications", __name__, url_prefix="/dev")


@bp.before_request
def not_in_production() -> None:
    """Nobody reads other people's mail in production."""
    if current_app.config["SETTINGS"].is_production:
        raise NotFound


@bp.get("/mailbox")
@public
def index() -> Any:
    """The newest e-mails."""
    return page("notifications/mailbox.html", letters=mailbox())


@bp.get("/mailbox/<letter_id>")
@public
def letter(letter_id: str) -> Any:
    """One e-mail."""
    found = next((one for one in mailbox(500) if one.id == letter_id), None)
    return page("notifications/letter.html", letter=found or abort(404))
