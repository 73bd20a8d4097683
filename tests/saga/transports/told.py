"""Commands and replies as they travel over Service Bus, and a worker that listens to them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from saga import transports
from saga.transports import servicebus


def id_of(number: int) -> str:
    return str(UUID(int=number))


def command(number: int = 1, **more: Any) -> dict[str, Any]:
    ids = {"cmd_id": id_of(number), "run_id": id_of(number), "seq": 0, "phase": "F"}
    return {**ids, "send_no": 1, "queue": "lab", **more}


def reply_to(envelope: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {key: envelope[key] for key in ("cmd_id", "run_id", "seq", "phase")} | {"outcome": "OK", **more}


def put(bus: servicebus.Transport, name: str, *messages: Any) -> None:
    """Write something into a queue, or tell it as an event."""
    bus._links.send(name, list(messages), topic=name == servicebus.EVENTS)


def listen_until(
    bus: servicebus.Transport, reached: Callable[[], bool], perform: transports.Perform, queue: str = "lab"
) -> None:
    """Work as a worker does, until something is so."""
    done = threading.Event()

    def performed(envelope: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return perform(envelope)
        finally:
            done.set()

    worker = threading.Thread(target=bus.listen, args=(queue, performed))
    worker.start()
    for _ in range(200):
        done.wait(0.1)
        done.clear()
        if reached():
            break
    bus.stop()
    worker.join()
    assert reached()
