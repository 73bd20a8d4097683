"""The portal: the same services as the API, as pages for people."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from flask import Flask, g, request
from flask_babel import Babel
from flask_wtf import CSRFProtect

from domains.kernel.config import Settings
from domains.kernel.uploads import LARGEST
from gateway import doors, refusals, spans

from . import access, errors, formats, frame, headers, origin, price_words, reader, reads, starting, words
from .login import limiter

BLUEPRINTS = {
    "customers": ("customers", "sandbox"),
    "users": (
        "login",
        "entering",
        "links",
        "confirm",
        "security",
        "switch",
        "members",
        "users",
        "organisations",
        "api_clients",
        "sign_on",
        "sso",
        "support_access",
        "privacy",
    ),
    "accounts": ("accounts", "budgets"),
    "services": (
        "offers",
        "orders",
        "subscriptions",
        "changes",
        "limits",
        "providers",
        "approvals",
        "carts",
        "quotes",
        "decisions",
        "price_books",
        "price_agreements",
        "resale_prices",
        "catalogue",
        "drift",
        "bulk",
    ),
    "support": ("support",),
    "billing": ("billing", "invoices", "resale_statement"),
    "notifications": ("notifications", "audit", "exports"),
}
ANYWHERE = ("operations", "runs", "home", "search")
FOR_BUILDERS = ("styleguide",)  # not in production
LANGUAGES = ("en", "de", "ja")


def create_app(settings: Settings) -> Flask:
    """Make the portal of the domains that this process holds."""
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    spans.watch(app)
    app.config.update(config(settings))
    headers.register(app, settings)
    access.register(app, settings)
    refusals.watch(app)
    errors.register(app)
    app.before_request(take_files)
    origin.register(app, settings)
    CSRFProtect(app)
    limiter.init_app(app)
    Babel(app, locale_selector=language, timezone_selector=reader.zone)
    for ground in (formats, words, price_words, starting, frame, reads):
        ground.register(app)
    held = [name for domain in settings.domain_names for name in BLUEPRINTS[domain]]
    for name in (*held, *ANYWHERE, *(() if settings.is_production else FOR_BUILDERS)):
        if find_spec(f"portal.{name}"):
            app.register_blueprint(import_module(f"portal.{name}").bp)
    doors.refuse_unmarked(app)
    return app


def config(settings: Settings) -> dict[str, Any]:
    """Flask's settings from ours. Flask's own cookie holds form tokens and short notices; the login has its own."""
    return {
        "SETTINGS": settings, "SECRET_KEY": settings.secret_key, "MAX_CONTENT_LENGTH": 2_000_000,
        "PROPAGATE_EXCEPTIONS": False, "BABEL_TRANSLATION_DIRECTORIES": "../translations",
        "SESSION_COOKIE_NAME": "__Host-cloudsales" if settings.is_production else "cloudsales",
        "SESSION_COOKIE_PATH": "/", "SESSION_COOKIE_SAMESITE": "Lax", "SESSION_COOKIE_SECURE": settings.is_production,
        "WTF_CSRF_TIME_LIMIT": None,  # a form stays good as long as the login, however long its tab was open
        "RATELIMIT_ENABLED": settings.limits == "on", "RATELIMIT_STORAGE_URI": settings.queue_url,
        "RATELIMIT_STORAGE_OPTIONS": {"socket_connect_timeout": 0.2, "socket_timeout": 0.2},
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,  # the same limits, counted here, when Redis is away
    }  # fmt: skip


def take_files() -> None:
    """Let the one address that takes files have larger bodies than the others; before its form is read."""
    if request.endpoint == "support.attach":
        request.max_content_length = LARGEST + 64_000


def language() -> str:
    """The reader's language; for somebody signed out, the one the browser asks for."""
    caller = g.get("caller")
    chosen = caller.preferences.get("language") if caller else None
    return chosen or request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
