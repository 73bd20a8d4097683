"""How commands, replies and events travel. Every transport may lose, double, reorder or delay what it is given.

The process's transport is chosen by the settings; `inline` is for tests and the demo seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol
from uuid import UUID

from domains.kernel import config

Perform = Callable[[dict[str, Any]], dict[str, Any] | None]


def performed(perform: Perform, envelopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Perform commands that came in one message, together where `perform` can (see saga.worker.Performer)."""
    together = getattr(perform, "together", None)
    if together is not None and len(envelopes) > 1:
        return list(together(envelopes))
    return [reply for envelope in envelopes if (reply := perform(envelope)) is not None]


class Transport(Protocol):
    """What the coordinator, workers and relay need of a transport."""

    def send_commands(self, envelopes: list[dict[str, Any]]) -> None:
        """Hand over commands, each to its queue. Never raises: what is lost is sent again by the coordinator."""

    def listen(self, queue: str, perform: Perform) -> None:
        """Perform the commands of one queue and send their replies, until the process is told to stop."""

    def receive_replies(self, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        """Up to `most` replies, waiting up to `wait` seconds for the first, with tokens to acknowledge them by."""

    def acknowledge_replies(self, tokens: list[Any]) -> None:
        """Forget replies that have been recorded."""

    def publish_events(self, events: list[dict[str, Any]]) -> None:
        """Put events on the bus; raises when the bus did not take them."""

    def depths(self) -> dict[str, int]:
        """How many messages wait in each queue, as far as the transport can tell."""

    def gap(self, domain: str) -> float:
        """How many seconds of a domain's newest events the bus may have lost: 0 for none, infinity for all of them."""

    def gap_filled(self, domain: str) -> None:
        """Take note that what the bus may have lost of a domain's events will be sent again."""

    def receive_events(self, domain: str, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        """Up to `most` events that a domain has not acknowledged yet."""

    def acknowledge_events(self, domain: str, tokens: list[Any]) -> None:
        """Forget events that a domain has reacted to."""


def is_answerable(content: Any) -> bool:
    """Whether something that came is a command of ours, or at least says which one it belongs to.

    Anybody who gets at the queue may have written it, and an older release too: it must not hold up the others.
    """
    if not isinstance(content, dict) or not isinstance(content.get("seq"), int):
        return False
    if content.get("phase") not in ("F", "C", "W"):
        return False
    try:
        return all(UUID(content[name]) for name in ("cmd_id", "run_id"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def is_reply(content: Any) -> bool:
    """Whether something that came is a reply of ours."""
    return is_answerable(content) and isinstance(content.get("outcome"), str)


def is_event(content: Any) -> bool:
    """Whether something that came is an event of ours."""
    return isinstance(content, dict) and {"event_id", "type", "body"} <= set(content)


_transport: Transport | None = None


def current() -> Transport:
    """This process's transport."""
    global _transport
    if _transport is None:
        name = config.current().transport
        _transport = import_module(f"saga.transports.{name}").Transport()
    return _transport


@contextmanager
def using(transport: Transport) -> Iterator[None]:
    """Use another transport within the `with` (tests, seed)."""
    global _transport
    before, _transport = _transport, transport
    try:
        yield
    finally:
        _transport = before
