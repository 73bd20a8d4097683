"""Which providers this installation has, and the one that goes by a key."""

from __future__ import annotations

import os
import threading

from domains.kernel import config
from domains.kernel.endpoints import DEFAULT, Endpoint, endpoints
from domains.kernel.errors import NotNow

from .port import Provider
from .sandbox import SandboxProvider

_providers: dict[tuple[object, ...], Provider] = {}


def keys() -> tuple[str, ...]:
    """The keys of all providers, the default one first."""
    return (DEFAULT, *(one.key for one in endpoints(config.current().providers)))


def provider(key: str | None = None) -> Provider:
    """The provider with this key (None: the default) for this process and thread: HTTP sessions are not thread-safe.

    Raises NotNow for one that the settings do not name: what is under way there waits until they do again.
    """
    endpoint, timeout = _endpoint(key or DEFAULT), config.current().provider_timeout
    known = (os.getpid(), threading.get_ident(), endpoint, timeout)
    if known not in _providers:
        _providers[known] = _made(endpoint, timeout)
    return _providers[known]


def _endpoint(key: str) -> Endpoint:
    settings = config.current()
    if key == DEFAULT:
        secrets = settings.provider_client_secret, settings.provider_webhook_secret
        return Endpoint(DEFAULT, "sandbox", settings.provider_url, settings.provider_client_id, *secrets, rate=50)
    for one in endpoints(settings.providers):
        if one.key == key:
            return one
    raise NotNow(f"the settings name no provider {key}")


def _made(endpoint: Endpoint, timeout: float) -> Provider:
    to = (endpoint.url, endpoint.client_id, endpoint.client_secret, timeout)
    return SandboxProvider(*to, key=endpoint.key, webhook_secret=endpoint.webhook_secret)
