"""Traces: what one request or one run did in every process, told to a collector when the settings ask for it.

Off, which is the default, nothing of OpenTelemetry is imported and a span costs a function call.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from .config import Settings

Tell = Callable[..., None]


def _nothing(**_facts: Any) -> None:
    """What a span that is not recorded does with what it is told."""


_OFF: AbstractContextManager[Tell] = nullcontext(_nothing)
_traces: Any = None  # exporting.Traces of this process


def start(settings: Settings, process: str) -> None:
    """Record this process's spans from now on, when the settings ask for it. Starts no thread: that waits for a span.

    Called before the process opens a database, so that its statements are recorded too.
    """
    global _traces
    if settings.telemetry != "off":
        from .exporting import Traces

        _traces = Traces(settings, process)


def stop() -> None:
    """Send what has been recorded, within seconds, and record nothing more."""
    global _traces
    if _traces is not None:
        traces, _traces = _traces, None
        traces.close()


def provider() -> Any:
    """OpenTelemetry's provider of tracers, for what instruments a library; None while telemetry is off."""
    return None if _traces is None else _traces.provider


def span(
    name: str, *, kind: str = "internal", parent: str | None = None, link: str = "", **facts: Any
) -> AbstractContextManager[Tell]:
    """Record the work within the `with` under a name; a child of the span around it, or of `parent`.

    `parent` and `link` are traceparents; an empty `parent` begins a trace. `facts` become attributes: ids and plain
    words, nothing about a person. The `with` gives a function that adds facts later; `failed=True` marks a failure.
    """
    if _traces is None:
        return _OFF
    made: AbstractContextManager[Tell] = _traces.span(name, kind=kind, parent=parent, link=link, facts=facts)
    return made


def is_on() -> bool:
    """Whether this process records spans."""
    return _traces is not None


def past(
    name: str,
    *,
    itself: str,
    parent: str,
    began: datetime,
    ended: datetime,
    failed: bool = False,
    link: str = "",
    **facts: Any,
) -> None:
    """Record what has lasted for longer than anybody could hold a span: from `began` to `ended`, as the span `itself`.

    `itself`, `parent` and `link` are traceparents; other spans may have named `itself` as their parent before.
    """
    if _traces is not None:
        _traces.past(
            name, itself=itself, parent=parent, began=began, ended=ended, failed=failed, link=link, facts=facts
        )


def child_of(traceparent: str, key: UUID) -> str:
    """The traceparent of a span below another one that everybody knows by a key: the same for the same key."""
    return f"{traceparent[:36]}{key.hex[16:]}{traceparent[52:]}"
