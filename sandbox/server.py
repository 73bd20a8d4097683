"""The provider put together."""

from __future__ import annotations

import os
import threading
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from . import app as web
from . import clock, control, routes, tenants
from .books import Books
from .catalogue import offers
from .errors import No
from .faults import Faults
from .hooks import Hooks
from .offers import bp as shop
from .promotions import promotions


def create_app(database: str, *, client: tuple[str, str], demo: bool = False) -> Flask:
    """A provider with its documents in a file; `client` is (id, secret), `demo` opens the control desk."""
    if folder := os.path.dirname(database):
        os.makedirs(folder, exist_ok=True)
    app = Flask(__name__)
    app.config["DEMO"] = demo
    app.json.sort_keys = False  # type: ignore[attr-defined]
    known, stopping = Books(database), threading.Event()
    app.extensions |= {"books": known, "faults": Faults(), "client": client, "tokens": {}, "stopping": stopping}
    app.extensions["hooks"] = Hooks(known, stopping)
    with known.open() as pages:
        app.extensions["moved"] = clock.moved(pages)
        for offer in offers() if not pages.count("offer") else []:
            pages.put("offer", offer)
        for promotion in promotions() if not pages.count("promotion") else []:
            pages.put("promotion", promotion)
    app.register_blueprint(routes.bp)
    app.register_blueprint(shop)
    app.register_blueprint(control.bp)
    app.register_blueprint(tenants.bp)
    app.add_url_rule("/oauth2/token", view_func=web.issue_token, methods=["POST"])
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/openapi.json", "openapi", lambda: web.document(app))
    app.register_error_handler(No, web.refused)
    app.register_error_handler(HTTPException, web.broken)
    return app


def healthz() -> Any:
    """The process is alive."""
    return {"status": "ok"}
