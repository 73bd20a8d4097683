"""Both kinds of link: on one a client sends, on the other it is lent messages as far as its credit goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .codec import Described
from .entities import Entity, unpacked

if TYPE_CHECKING:
    from .connection import Connection

FLOW, TRANSFER, DISPOSITION = 0x13, 0x14, 0x15
ACCEPTED, REJECTED, RELEASED, MODIFIED = 0x24, 0x25, 0x26, 0x27
FRAME, MANY, CREDIT = 65_536, 2**31 - 1, 1_000


class Incoming:
    """A client's sender: what it brings goes to a queue, or to all subscriptions of a topic."""

    def __init__(self, connection: Connection, channel: int, handle: int, name: str, targets: list[Entity]) -> None:
        self.connection, self.channel, self.handle, self.name, self.targets = connection, channel, handle, name, targets
        self.asks = name == "$cbs" or name.endswith("/$management")
        self.received, self.so_far = 0, b""
        self.delivery: Any = None
        self._give_credit()

    def _give_credit(self) -> None:
        fields = [self.received + 1, MANY, 1, MANY, self.handle, self.received, CREDIT]
        self.connection.send(self.channel, FLOW, fields)

    def take(self, code: int, said: Any, payload: bytes) -> None:
        """Take a transfer, which may come in several frames."""
        if code != TRANSFER:
            return
        self.so_far += payload
        if said[1] is not None:
            self.delivery = said[1], said[3], said[4]
        if said[5]:
            return
        raw, self.so_far = self.so_far, b""
        number, form, settled = self.delivery
        self.received += 1
        if not settled:
            self.connection.send(self.channel, DISPOSITION, [True, number, number, True, Described(ACCEPTED, [])])
        for message in unpacked(raw, form):
            if self.asks:
                self.connection.answer(self.name, message)
        for target in () if self.asks else self.targets:
            for message in unpacked(raw, form):
                target.put(message)
        if self.received % (CREDIT // 2) == 0:
            self._give_credit()


class Outgoing:
    """A client's receiver. What it is lent is locked for it, unless it takes messages for good."""

    def __init__(self, connection: Connection, channel: int, handle: int, source: Entity, *, settled: bool) -> None:
        self.connection, self.channel, self.handle, self.source = connection, channel, handle, source
        self.name = source.name
        self.settled = settled or source.name == "$cbs" or source.name.endswith("/$management")
        self.sent = self.credit = 0
        self.lent: dict[int, bytes] = {}

    def take(self, code: int, said: Any, payload: bytes) -> None:
        """Take what the client says of its credit."""
        if code != FLOW:
            return
        self.credit = (said[5] or 0) + (said[6] or 0) - self.sent
        self.pump()
        if said[8]:  # it wants what is there now, and no more
            self.sent, self.credit = self.sent + max(0, self.credit), 0
            fields = [1, MANY, self.connection.delivered, MANY, self.handle, self.sent, 0, None, True]
            self.connection.send(self.channel, FLOW, fields)

    def pump(self) -> None:
        """Send what waits, as far as the credit goes."""
        while self.credit > 0 and self.source.waiting:
            token, message, until = self.source.lend()
            number, self.connection.delivered = self.connection.delivered, self.connection.delivered + 1
            self.credit, self.sent = self.credit - 1, self.sent + 1
            if self.settled:
                self.source.complete(token)
            else:
                self.lent[number] = token
            self._transfer(number, token, message.as_delivered(until))

    def _transfer(self, number: int, token: bytes, payload: bytes) -> None:
        room = FRAME - 512
        for start in range(0, len(payload), room):
            more = start + room < len(payload)
            fields = [self.handle, number, token, 0, self.settled, more]
            self.connection.send(self.channel, TRANSFER, fields, payload[start : start + room])

    def settle(self, number: int, state: Any) -> bool:
        """Do with a message what the client wants; False when it is not lent here, or its lock is lost."""
        token = self.lent.pop(number, None)
        if token is None:
            return False
        if state.code == ACCEPTED:
            return self.source.complete(token)
        if state.code == REJECTED:
            error = state.value[0].value if state.value and state.value[0] else []
            info = error[2] if len(error) > 2 and error[2] else {}
            return self.source.bury(token, str(info.get("DeadLetterReason", "")))
        failed = state.code == MODIFIED and bool(state.value and state.value[0])
        return self.source.give_back(token, failed=failed)
