"""What a domain's worker does beside its commands: events, audit seals, and the domain's own chores."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from domains.kernel import config, sealing
from domains.kernel.database import Database

from . import relay, transports

log = logging.getLogger(__name__)


def keep_house(database: Database, transport: transports.Transport) -> None:
    """Relay and react to events, seal the audit trail and do the domain's chores, for ever."""
    chores = _chores(database)
    due = dict.fromkeys(range(len(chores)), 0.0)
    while True:
        duties: list[Callable[[], Any]] = []
        for number, (every, chore) in enumerate(chores):
            if time.monotonic() >= due[number]:
                due[number] = time.monotonic() + every
                duties.append(chore)
        duties.append(lambda: relay.relay(database, transport))
        duties.append(lambda: relay.catch_up(database, transport, wait=0.2))
        if [duty for duty in duties if not _attempted(duty)]:
            time.sleep(1.0)


def _attempted(duty: Callable[[], Any]) -> bool:
    """Do one duty; its trouble is logged and holds up no other (a full bus must still be read from)."""
    try:
        duty()
    except Exception:
        log.exception("housekeeping could not go on for now")
        return False
    return True


def _chores(database: Database) -> list[tuple[float, Callable[[], Any]]]:
    """What a domain's worker does on the side, and how often (seconds)."""
    own: list[tuple[float, Callable[[], Any]]] = [(0.5, lambda: sealing.seal(database, config.current().audit_key))]
    relay.load_reactions(database.name)
    name = f"domains.{database.name}.exchanges"
    if find_spec(name) is not None:
        own += [(chore.every, chore.run) for chore in getattr(import_module(name), "CHORES", ())]
    return own
