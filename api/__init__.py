"""The web API: the same services as the portal, for programs."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider

from domains import NAMES
from domains.kernel.config import Settings
from domains.kernel.uploads import LARGEST
from gateway import doors, refusals, spans

from . import auth, errors, headers, spec, webhooks
from .auth import public

BLUEPRINTS = {
    "customers": ("customers", "sandbox", "clocks"),
    "users": ("users", "invitations", "api_clients", "sign_on", "support_grants", "privacy"),
    "accounts": ("accounts", "budgets", "reconciliations"),
    "services": (
        "offers", "orders", "subscriptions", "end_of_term", "approval_limits", "providers", "planning", "approvals",
        "ordering_rules", "carts", "quotes", "price_books", "price_agreements", "catalogue", "drift", "drift_rules",
        "bulk_plans", "resale_prices",
    ),
    "support": ("cases",),
    "billing": ("charges", "invoices", "mismatches", "resale_statement"),
    "notifications": ("audit", "exports"),
}  # fmt: skip
ANYWHERE = ("operations", "runs")
DOCUMENT = Path(__file__).parent.parent / "openapi.json"


class Json(DefaultJSONProvider):
    """JSON by orjson: several times faster than Python's own, and it refuses what is not JSON."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj, default=self.default).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


def create_app(settings: Settings, domains: tuple[str, ...] | None = None, *, described: bool = False) -> Flask:
    """Make the API of the domains that this process holds (or of `domains`).

    What is served is the committed document, so only who writes it has the operations `described`: that takes most of
    the time in which a process starts.
    """
    app = Flask(__name__, static_folder=None)
    spans.watch(app)
    app.json = Json(app)
    app.config.update(spec.CONFIG, PUBLIC_URL=settings.public_url, MAX_CONTENT_LENGTH=1_000_000)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    headers.register(app, settings)
    app.before_request(take_files)
    auth.register(app, settings)
    refusals.watch(app)
    errors.register(app)
    api = spec.Api(app)
    register = api.register_blueprint if described else app.register_blueprint
    held = settings.domain_names if domains is None else domains
    for name in [*(name for domain in held for name in BLUEPRINTS.get(domain, ())), *ANYWHERE]:
        register(import_module(f"api.{name}").blp)
    if "services" in held:
        app.register_blueprint(webhooks.bp)  # for providers: no operation of the document
    app.add_url_rule("/openapi.json", view_func=openapi_json)
    doors.refuse_unmarked(app)
    return app


def take_files() -> None:
    """Let the one address that takes files have larger bodies than the others."""
    if request.endpoint == "cases.add_attachment":
        request.max_content_length = LARGEST + 64_000


@public
def openapi_json() -> Response:
    """The whole document, whatever domains this process holds."""
    response = Response(document_text(), mimetype="application/json")
    response.add_etag()
    response.headers["Cache-Control"] = "public, no-cache"
    response.make_conditional(request)
    return response


@cache
def document_text() -> bytes:
    """The committed document as it is served."""
    return DOCUMENT.read_bytes()


def openapi_document(settings: Settings) -> dict[str, Any]:
    """Describe the API of all domains."""
    app = create_app(settings, NAMES, described=True)
    document: dict[str, Any] = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return document
