"""No door without a lock: an app whose views do not all say who may come in does not start."""

from __future__ import annotations

from flask import Flask


class Unmarked(RuntimeError):
    """A view says neither what it requires nor that it is public."""


def refuse_unmarked(app: Flask) -> None:
    """Refuse an app with a view that is not marked by `requires`, `signed_in` or `public`; files are public."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint != "static" and not getattr(view, "requires", None) and not getattr(view, "public", False):
            raise Unmarked(f"{rule.rule} ({rule.endpoint}) does not say who may come in")
