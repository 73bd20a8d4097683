"""Processes that really die: a copy of this one works the runs off until it reaches a place and kills itself there."""

from __future__ import annotations

import os
import signal
import traceback
from dataclasses import replace
from datetime import timedelta
from typing import Any

from domains.kernel import config, database
from domains.kernel.messages import Exchange
from saga.definition import Action
from saga.transports import inline


def places_of(saga: Any) -> list[str]:
    """Every place between two commits of a run that goes well: `name`, or `name:nth` of the coordinator's."""
    found = [
        f"coordinator.{when}_commit:{nth}" for nth in range(1, len(saga.steps) + 1) for when in ("before", "after")
    ]
    return found + [place for step in saga.steps for place in places_in(step.action)]


def places_in(action: Action | None) -> list[str]:
    """The places inside one step."""
    if isinstance(action, Exchange):
        return [f"{action.name}.before_call", f"{action.name}.after_call"]
    assert action is not None
    name = f"{action.__module__.split('.')[1]}.{action.__name__}"
    return [f"{name}.before_commit", f"{name}.after_commit"]


def dies(transport: inline.Transport, place: str) -> bool:
    """Let a copy of this process go on until it dies at a place, and all messages with it; False if it never got there.

    The copy is a fork, so that it costs little.
    """
    settings = config.current()
    database.bind(settings)  # closes every connection: the copy must make its own
    child = os.fork()
    if child == 0:
        try:
            database.bind(replace(settings, failpoint=place))
            transport.run_until_quiet()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    transport.commands.clear()
    transport.replies.clear()
    ended = os.waitstatus_to_exitcode(status)
    assert ended in (0, -signal.SIGKILL), f"the process broke with {ended} instead"
    return ended == -signal.SIGKILL


def dies_around(shop: Any, *actions: Action | None) -> None:
    """Let the runs die between all commits of one step (or those of a group), one process after another.

    Before its effect (or before and after the call to the outside), after it, and before and after its reply is
    recorded. Between two lives the timer fires.
    """
    places = [place for action in actions for place in places_in(action)]
    for place in [*places, "coordinator.before_commit", "coordinator.after_commit"]:
        assert dies(shop.transport, place), f"nothing came to {place}"
        shop.clock.move_to((shop.transport.next_due() or shop.clock.now) + timedelta(milliseconds=1))
