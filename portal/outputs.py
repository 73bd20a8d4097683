"""What a step would have given, typed by a person in its place: one field each, JSON where it is no plain text."""

from __future__ import annotations

import json
from typing import Any

from flask import request
from flask_babel import gettext as _

from domains.kernel.errors import Invalid

PREFIX, LONGEST = "output-", 20_000


def outputs_typed() -> dict[str, Any]:
    """The outputs that a form holds, by name; what is left empty is left out."""
    typed = {name.removeprefix(PREFIX): text for name, text in request.form.items() if name.startswith(PREFIX)}
    return {name: value(name, text) for name, text in typed.items() if text.strip()}


def value(name: str, text: str) -> Any:
    """One output: JSON where it looks like it, else the text itself. Refused when it is neither."""
    if len(text) > LONGEST:
        raise Invalid(_("This is too long."), code="too_long", field=f"{PREFIX}{name}")
    if text.strip()[:1] not in '[{"':
        return text.strip()
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        broken = _("This is no JSON: look at brackets, commas and quotation marks.")
        raise Invalid(broken, code="not_json", field=f"{PREFIX}{name}") from None
