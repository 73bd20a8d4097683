"""The web process: which surfaces and which domains it holds is in the settings."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import api
import portal
from api import oauth, reference
from domains.kernel import tracing
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.standing import refuse_owner
from domains.kernel.telemetry import start_logging
from domains.kernel.tenancy import work_as
from gateway.demo import refuse_demo
from gateway.middleware import Gateway
from saga import flows

settings = Settings.from_env()
name = "web" if settings.domains == "all" else f"web-{'-'.join(settings.domain_names)}"
start_logging(settings.log_level, name)
tracing.start(settings, name)
bind(settings)
work_as(None)  # for whom is said by each request; whoever forks this process may have said otherwise
refuse_demo(settings)
refuse_owner(settings, (*settings.domain_names, "saga"))
flows.load()
mounts: dict[str, Any] = {}
if "api" in settings.surface_names:
    programs = oauth.create_app(settings)
    mounts = {"/api/v1": api.create_app(settings), "/api/docs": reference.create_app(settings)}
    mounts |= {"/oauth2": programs, "/.well-known": programs}
pages: Any = portal.create_app(settings) if "portal" in settings.surface_names else NotFound()
application = Gateway(DispatcherMiddleware(pages, mounts), settings)
