"""A transport in the hands of chance: it may lose, double, reorder and delay each message, and lose everything."""

from __future__ import annotations

import json
from typing import Any

from saga.transports import inline

from . import world


class Broker(inline.Transport):
    """Messages wait in two lists until the model picks one. They travel as JSON, as on every transport."""

    def __init__(self) -> None:
        super().__init__(domains=(), database=lambda name: world.db)
        self.sent: list[dict[str, Any]] = []  # all commands that it was ever given, as one that doubles them has
        self.away = False  # loses whatever it is given
        self.fatal = False  # whoever sends next dies instead, with none of it sent

    def send_commands(self, envelopes: list[dict[str, Any]]) -> None:
        if self.fatal and envelopes:
            self.fatal = False
            raise world.Died("before sending")
        if not self.away:
            self.sent += (found := json.loads(json.dumps(envelopes)))
            self.commands.extend(found)

    def pick(self, messages: Any, number: int, *, leave: bool = False) -> Any:
        """Take one message of those that wait, whichever; `leave` it there too, as one that was not acknowledged."""
        messages.rotate(-(number % len(messages)))
        found = messages.popleft()
        if leave:
            messages.append(found)
        return json.loads(json.dumps(found))

    def flush(self) -> None:
        """Lose all that waits."""
        self.commands.clear()
        self.replies.clear()
