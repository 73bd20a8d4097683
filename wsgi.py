"""The web process: which surfaces and which domains it holds is in the settings."""

from __future__ import annotations

from typing import Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware

import api
import portal
from api import oauth, reference
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.telemetry import start_logging
from gateway.middleware import Gateway
from saga import flows

settings = Settings.from_env()
start_logging(settings.log_level, "web")
bind(settings)
flows.load()
programs = oauth.create_app(settings)
documents = reference.create_app(settings)
mounts: dict[str, Any] = {
    "/api/v1": api.create_app(settings),
    "/api/docs": documents,
    "/oauth2": programs,
    "/.well-known": programs,
}
application = Gateway(DispatcherMiddleware(portal.create_app(settings), mounts), settings)
