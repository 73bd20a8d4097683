"""The headers that keep browsers from harm, on every answer: of the surfaces, of this process itself, and of nginx.

A surface says what it needs otherwise (the portal's pages load their own style); what it leaves unsaid is said here, at
the last place that an answer passes. nginx fills in the same where an answer is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from domains.kernel.config import Settings

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
LASTING = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}  # where all is https: production


def headers(settings: Settings) -> dict[str, str]:
    """What every answer carries at least."""
    return HEADERS | (LASTING if settings.is_production else {})


def hardened(start_response: Callable[..., Any], settings: Settings) -> Callable[..., Any]:
    """A `start_response` that adds what an answer has not said itself."""
    wanted = headers(settings)

    def start(status: str, given: list[tuple[str, str]], *rest: Any) -> Any:
        said = {name.lower() for name, _ in given}
        more = [(name, value) for name, value in wanted.items() if name.lower() not in said]
        return start_response(status, [*given, *more], *rest)

    return start


def maps(settings: Settings) -> Iterator[str]:
    """nginx's maps: what to add where an answer carries no such header yet."""
    for name, value in headers(settings).items():
        yield f'    map $sent_http_{_word(name)} $add_{_word(name)} {{ default ""; "" "{value}"; }}'


def additions(settings: Settings) -> str:
    """nginx's directives for a place that adds headers."""
    return " ".join(f"add_header {name} $add_{_word(name)} always;" for name in headers(settings))


def _word(name: str) -> str:
    return name.lower().replace("-", "_")
