"""Every component of the portal on one page, for those who build it. It is not there in production."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask_babel import gettext as _

from . import htmx
from .access import signed_in

bp = Blueprint("styleguide", __name__, url_prefix="/styleguide")


@bp.get("")
@signed_in
def index() -> Any:
    """All components, with values that are made up."""
    return htmx.page("styleguide.html")


@bp.get("/away")
@signed_in
def away() -> Any:
    """A part that is always away, to see what that looks like."""
    return htmx.failed_part(503, part=_("Invoices"))
