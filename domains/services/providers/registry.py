"""Which providers this installation has, and the one that goes by a key."""

from __future__ import annotations

import os
import threading

from domains.kernel import config
from domains.kernel.crypto import digest
from domains.kernel.endpoints import DEFAULT, Endpoint, endpoints
from domains.kernel.errors import NotNow

from .gate import Gate
from .osb import OsbProvider
from .partner_center import PartnerCenterProvider
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
    endpoint, timeout = endpoint_of(key or DEFAULT), config.current().provider_timeout
    known = (os.getpid(), threading.get_ident(), endpoint, timeout)
    if known not in _providers:
        _providers[known] = _made(endpoint, timeout)
    return _providers[known]


def endpoint_of(key: str) -> Endpoint:
    """Where a provider is and who we are there. Raises NotNow for one that the settings do not name."""
    settings = config.current()
    if key == DEFAULT:
        secrets = settings.provider_client_secret, settings.provider_webhook_secret
        return Endpoint(DEFAULT, "sandbox", settings.provider_url, settings.provider_client_id, *secrets, rate=50)
    for one in endpoints(settings.providers):
        if one.key == key:
            return one
    raise NotNow(f"the settings name no provider {key}")


def _made(endpoint: Endpoint, timeout: float) -> Provider:
    to, gate = (endpoint.url, endpoint.client_id, endpoint.client_secret, timeout), gate_of(endpoint.key)
    if endpoint.adapter == "osb":
        return OsbProvider(*to, key=endpoint.key, gate=gate)
    if endpoint.adapter == "partner_center":
        return PartnerCenterProvider(*to, endpoint=endpoint, gate=gate)
    return SandboxProvider(*to, key=endpoint.key, webhook_secret=endpoint.webhook_secret, gate=gate)


def gate_of(key: str) -> Gate:
    """The gate before a provider, which all processes share."""
    endpoint = endpoint_of(key)
    return Gate(f"{key}:{digest(endpoint.url)[:8]}", endpoint.rate)
