"""A portal with its front-end ground and nothing else, and somebody who reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, g, render_template_string, request
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

from portal import formats

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 24, 9, 15, tzinfo=UTC)


def a_portal() -> Flask:
    """An app whose reader's settings come in the query: ?language=de&formats=en_GB&zone=Europe/Amsterdam."""
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(SECRET_KEY="of this test", TESTING=True)
    CSRFProtect(app)
    Babel(app, locale_selector=lambda: request.args.get("language", "en"))
    formats.register(app)

    @app.before_request
    def somebody_reads() -> None:
        g.now = NOON
        g.caller = SimpleNamespace(preferences={name: request.args.get(name, "") for name in ("formats", "zone")})

    return app


@contextmanager
def reading(query: str = "formats=en_GB&zone=Europe/Amsterdam", path: str = "/orders") -> Iterator[Flask]:
    """Within it somebody reads a page of the portal."""
    portal = a_portal()
    with portal.test_request_context(f"{path}?{query}"):
        portal.preprocess_request()
        yield portal


def as_read(query: str, source: str, **context: object) -> str:
    """A piece of template as a reader with these settings gets it."""
    with reading(query):
        return render_template_string(source, **context)


def drawn(macro: str, file: str, call: str, **context: object) -> str:
    """What one macro of templates/components draws."""
    source = f'{{% from "components/{file}.html" import {macro} %}}{{{{ {call} }}}}'
    return as_read("state=placed&formats=en_GB&zone=Europe/Amsterdam", source, **context)
