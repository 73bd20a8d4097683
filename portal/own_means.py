"""What concerns a person everywhere is not for logins that one organisation's provider made: whoever runs it could be
anybody there, and must be nobody elsewhere."""

from __future__ import annotations

from typing import Any

from flask import flash, g
from flask_babel import gettext as _

from .htmx import redirect


def by_provider() -> str:
    """The organisation whose provider let the reader in; empty when they came by their own means."""
    return g.caller.preferences.get("sign_on", "") if g.caller is not None else ""


def sent_to_own_means(back: str) -> Any:
    """Send the reader back, with word that they must come in by their own means for this."""
    flash(_("You came in through your organisation. Sign in with your own password to change this."), "waiting")
    return redirect(back, full=True)
