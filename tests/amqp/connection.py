"""One client's connection: frames in, frames out, sessions, links, and the token that a client shows at `$cbs`."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

from .codec import UBYTE, USHORT, Described, Symbol, Symbols, Typed, decode, encode
from .entities import APPLICATION, PROPERTIES, VALUE, Entity, Message
from .links import Incoming, Outgoing
from .management import SUFFIX, managed

if TYPE_CHECKING:
    from .broker import Broker

PLAIN, SASL = b"AMQP\x00\x01\x00\x00", b"AMQP\x03\x01\x00\x00"
OPEN, BEGIN, ATTACH, FLOW, TRANSFER, DISPOSITION, DETACH, END, CLOSE = range(0x10, 0x19)
MECHANISMS, OUTCOME = 0x40, 0x44
ACCEPTED, ERROR = 0x24, 0x1D
FRAME, MANY = 65_536, 2**31 - 1
LARGEST = 262_144  # bytes of a message, as in the standard tier


def failure(condition: str, why: str) -> Described:
    """An error as the protocol tells it. Its map must not be empty: the SDK would hang on a refused message."""
    return Described(ERROR, [Symbol(condition), why, {Symbol("reason"): why}])


class Connection:
    """What the broker knows of one client."""

    def __init__(self, broker: Broker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.broker, self.reader, self.writer = broker, reader, writer
        self.allowed: set[str] = set()  # what the client has shown a token for
        self.links: dict[tuple[int, int], Incoming | Outgoing] = {}
        self.delivered = 0  # deliveries of ours so far, which are their ids

    # ---- frames

    async def serve(self) -> None:
        """Answer the client until it leaves."""
        header = await self.reader.readexactly(8)
        if header == SASL:
            self.writer.write(SASL)
            self.send(0, MECHANISMS, [Symbols(("ANONYMOUS", "EXTERNAL", "MSSBCBS", "PLAIN"))], kind=1)
            await self._frame()
            self.send(0, OUTCOME, [Typed(UBYTE, 0)], kind=1)
            header = await self.reader.readexactly(8)
        self.writer.write(PLAIN)
        while header == PLAIN:
            channel, body = await self._frame()
            if body:
                performative, end = decode(body)
                if performative.code == CLOSE:
                    self.send(0, CLOSE, [])
                    return
                self._take(channel, performative.code, Fields(performative.value), body[end:])
                await self.writer.drain()

    async def _frame(self) -> tuple[int, bytes]:
        size, offset, _, channel = struct.unpack(">IBBH", await self.reader.readexactly(8))
        rest = await self.reader.readexactly(size - 8)
        return channel, rest[offset * 4 - 8 :]

    def send(self, channel: int, code: int, fields: list[Any], payload: bytes = b"", kind: int = 0) -> None:
        body = encode(Described(code, fields)) + payload
        self.writer.write(struct.pack(">IBBH", len(body) + 8, 2, kind, channel) + body)

    def beat(self) -> None:
        """Say that we are still here: the client hangs up on a silent broker."""
        self.writer.write(struct.pack(">IBBH", 8, 2, 0, 0))

    # ---- performatives

    def _take(self, channel: int, code: int, said: Fields, payload: bytes) -> None:
        if code == OPEN:
            self.send(0, OPEN, ["a broker of the tests", None, FRAME, Typed(USHORT, 255), 60_000])
        elif code == BEGIN:
            self.send(channel, BEGIN, [Typed(USHORT, channel), 1, MANY, MANY, 255])
        elif code == END:
            self.send(channel, END, [])
        elif code == ATTACH:
            self._attach(channel, said)
        elif code == DISPOSITION:
            self._settle(channel, said)
        elif (link := self.links.get((channel, said[4 if code == FLOW else 0]))) is None:
            return
        elif code == DETACH:
            self.leave(link)
            self.send(channel, DETACH, [link.handle, True])
        else:
            link.take(code, said, payload)

    def _attach(self, channel: int, said: Fields) -> None:
        receives = said[2]
        node = said[5 if receives else 6]
        name = address_of(node.value[0] if node else "")
        entities = self.broker.find(name.removesuffix(SUFFIX))
        answer = [
            said[0], said[1], not receives, Typed(UBYTE, said[3] or 0), Typed(UBYTE, said[4] or 0),
            said[5], said[6], None, None, 0 if receives else None, Typed(0x80, LARGEST),
        ]  # fmt: skip
        self.send(channel, ATTACH, answer)
        if name != "$cbs" and name.removesuffix(SUFFIX) not in self.allowed:
            why = failure("amqp:unauthorized-access", f"no token was shown for {name}")
            self.send(channel, DETACH, [said[1], True, why])
        elif not entities and name != "$cbs":
            self.send(channel, DETACH, [said[1], True, failure("amqp:not-found", f"there is no {name}")])
        elif receives:
            self._lend(channel, said, name, entities)
        else:
            self.links[channel, said[1]] = Incoming(self, channel, said[1], name, entities)

    def _lend(self, channel: int, said: Fields, name: str, entities: list[Entity]) -> None:
        answers = name == "$cbs" or name.endswith(SUFFIX)
        source = Entity(name, self.broker.rules, self.broker.later) if answers else entities[0]
        link = Outgoing(self, channel, said[1], source, settled=said[3] == 1)
        self.links[channel, said[1]] = link
        source.receivers.append(link.pump)

    def _settle(self, channel: int, said: Fields) -> None:
        """The client says what has become of messages. Our answer is the same outcome, or that the lock is lost."""
        first, last, state = said[1], said[2] if said[2] is not None else said[1], said[4]
        links = [link for link in self.links.values() if isinstance(link, Outgoing)]
        for delivery in range(first, last + 1):
            done = any(link.settle(delivery, state) for link in links)
            if not said[3]:
                lost = Described(0x25, [failure("com.microsoft:message-lock-lost", "the lock is lost")])
                bare = Described(state.code, [] if state.code == 0x25 else state.value)  # an error would mean a failure
                self.send(channel, DISPOSITION, [False, delivery, delivery, True, bare if done else lost])

    # ---- questions

    def answer(self, name: str, request: Message) -> None:
        """Answer what a client asks at `$cbs` or at an entity's `$management`."""
        asked = self.broker.find(name.removesuffix(SUFFIX))
        raw = managed(asked[0], request) if asked else self._trusted(request)
        for link in self.links.values():
            if isinstance(link, Outgoing) and link.source.name == name:
                link.source.put(Message(raw))

    def _trusted(self, request: Message) -> bytes:
        """Look at the token that a client shows, and say whether it is good."""
        told = request.part(APPLICATION)
        good = told["operation"] == "put-token" and self.broker.trusts(request.part(VALUE), told["name"])
        if good:
            self.allowed.add(address_of(told["name"]))
        status = {"status-code": Typed(0x71, 202 if good else 401), "status-description": "OK" if good else "No"}
        properties = [None, None, None, None, None, request.message_id]
        return b"".join(
            encode(Described(code, value))
            for code, value in ((PROPERTIES, properties), (APPLICATION, status), (VALUE, None))
        )

    def end_idle(self, name: str) -> None:
        """End the links to an entity as Service Bus does after ten minutes without a message."""
        for link in [one for one in self.links.values() if one.name == name]:
            self.leave(link)
            self.send(link.channel, DETACH, [link.handle, True, failure("amqp:link:detach-forced", "IdleTimerExpired")])

    def leave(self, link: Incoming | Outgoing) -> None:
        """Forget a link. What it has locked stays locked until that runs out."""
        self.links.pop((link.channel, link.handle))
        if isinstance(link, Outgoing):
            link.source.receivers.remove(link.pump)

    def close(self) -> None:
        for link in list(self.links.values()):
            self.leave(link)
        self.writer.close()


class Fields(list[Any]):
    """A performative's fields, where those left out at the end are nothing."""

    def __getitem__(self, at: Any) -> Any:
        return super().__getitem__(at) if at < len(self) else None


def address_of(address: str) -> str:
    """An entity's name, without the scheme and host that the SDK puts before it."""
    return address.partition("://")[2].partition("/")[2].lower() if "://" in address else address
