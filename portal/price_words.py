"""How prices are spoken of: the steps of one, a rule as a line, what has changed of an offer."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from . import formats
from .price_rules import written

STEPS = {
    "purchase": _l("It costs us"), "list": _l("The provider’s list price"), "fixed": _l("A fixed price of ours"),
    "markup": _l("Our markup"), "discount": _l("Off the list price"), "rounding": _l("Rounded"),
    "promotion": _l("Promotion of the provider"),
}  # fmt: skip
LONGEST = 160


def register(app: Flask) -> None:
    """Put these words at the templates' disposal."""
    for each in (step_word, rule_line, resale_line, percents, json_words):
        app.jinja_env.filters[each.__name__] = formats.per_request(each)


def step_word(kind: str) -> str:
    """“Our markup”."""
    return str(STEPS.get(kind, kind))


def rule_line(rule: Any) -> str:
    """A rule as it is written in its book."""
    return written(rule)


def resale_line(rule: Any) -> str:
    """A reseller's rule as it is written in its book."""
    return written(rule, "price")


def percents(value: Decimal) -> str:
    """“25%” for 25."""
    return formats.percent(value / 100, 0 if value == value.to_integral_value() else 1)


def json_words(value: Any) -> str:
    """A value as the provider said it, cut where it is long."""
    if value is None or value in ("", []):
        return _("None")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    said = value.strip(",") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= LONGEST else said[:LONGEST] + "…"
