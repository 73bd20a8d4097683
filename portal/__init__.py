"""The portal: the same services as the API, as pages for people."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path

from flask import Flask, Response, g, request
from flask_babel import Babel
from flask_wtf import CSRFProtect

from domains.kernel.config import Settings

from . import access, errors, formats, frame
from .login import limiter
from .reader import zone

ROOT = Path(__file__).parent.parent
BLUEPRINTS = {
    "customers": ("customers",),
    "users": ("login", "users"),
    "accounts": ("accounts",),
    "services": ("offers", "orders", "subscriptions"),
    "support": ("support",),
    "billing": ("billing",),
    "notifications": ("notifications",),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)


def create_app(settings: Settings) -> Flask:
    """Make the portal of the domains that this process holds."""
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(
        SECRET_KEY=settings.secret_key, SETTINGS=settings, WTF_CSRF_TIME_LIMIT=None, MAX_CONTENT_LENGTH=2_000_000,
        SESSION_COOKIE_NAME="__Host-cloudsales" if settings.is_production else "cloudsales",
        SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=settings.is_production, SESSION_COOKIE_PATH="/",
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"), SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        RATELIMIT_STORAGE_URI=settings.queue_url, RATELIMIT_ENABLED=settings.limits == "on",
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 0.2, "socket_timeout": 0.2},
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True, RATELIMIT_IN_MEMORY_FALLBACK="10 per minute",
    )  # fmt: skip
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    access.register(app, settings)
    Babel(app, locale_selector=language, timezone_selector=zone)
    CSRFProtect(app)
    limiter.init_app(app)
    formats.register(app)
    frame.register(app, settings)
    errors.register(app)
    for name in [*(n for domain in settings.domain_names for n in BLUEPRINTS[domain]), "operations", "home", "search"]:
        app.register_blueprint(import_module(f"portal.{name}").bp)
    app.after_request(protect)
    return app


def language() -> str:
    """The reader's language; of somebody signed out, what the browser asks for."""
    caller = g.get("caller")
    return (caller.preferences.get("language") if caller else None) or (
        request.accept_languages.best_match(["en", "de", "ja"]) or "en"
    )


def protect(response: Response) -> Response:
    """Headers that hold for every answer: nothing foreign is loaded, nothing personal is kept on the way."""
    if request.endpoint == "static":
        versioned = "v" in request.args
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "public, no-cache"
    else:
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.vary.update(["HX-Request", "Cookie"])
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["X-Request-Id"] = request.headers.get("X-Request-Id", "")
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response
