"""The broker: a thread with its own event loop, queues and topics that were made before, and what a test may ask it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from .connection import Connection
from .entities import Entity, Rules

log = logging.getLogger(__name__)
KEY_NAME, KEY = "RootManageSharedAccessKey", "a key of the tests"
BEAT = 10.0  # seconds


class Broker:
    """Runs within a `with`. Nothing is made by using its name: an entity that was not declared is not there."""

    def __init__(
        self, port: int, queues: Iterable[str], topics: Mapping[str, Iterable[str]], rules: Rules | None = None
    ) -> None:
        self.port, self.rules = port, rules or Rules()
        self.loop = asyncio.new_event_loop()
        self.entities = {name: self._entity(name) for name in queues}
        self.topics = {
            topic: [f"{topic}/subscriptions/{name}" for name in subscriptions]
            for topic, subscriptions in topics.items()
        }
        self.entities |= {name: self._entity(name) for names in self.topics.values() for name in names}
        self.connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def _entity(self, name: str) -> Entity:
        return Entity(name, self.rules, self.later)

    @property
    def url(self) -> str:
        """The connection string."""
        return (
            f"Endpoint=sb://localhost:{self.port};SharedAccessKeyName={KEY_NAME};SharedAccessKey={KEY};"
            "UseDevelopmentEmulator=true;"
        )

    # ---- running

    def __enter__(self) -> Broker:
        # only ever in its own thread: a browser test of the same process has a loop running in this one
        self._thread = threading.Thread(target=self.loop.run_forever, name="broker", daemon=True)
        self._thread.start()
        self.begin()
        return self

    def begin(self) -> None:
        """Listen: at the start, and again after `die`."""
        started = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._server = asyncio.run_coroutine_threadsafe(started, self.loop).result(10)

    def die(self) -> None:
        """Leave every client without a word; what is held stays, as on a disk."""
        asyncio.run_coroutine_threadsafe(self._stop(), self.loop).result(10)

    def __exit__(self, *_: object) -> None:
        self.die()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _stop(self) -> None:
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection, task = Connection(self, reader, writer), asyncio.current_task()
        assert task is not None
        self.connections.add(connection)
        self._tasks.add(task)
        beat = asyncio.ensure_future(self._beat(connection))
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await connection.serve()
        except Exception:
            log.exception("the broker could not follow a client")
        finally:
            beat.cancel()
            connection.close()
            self.connections.discard(connection)
            self._tasks.discard(task)

    async def _beat(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(BEAT)
            connection.beat()

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        self.loop.call_later(seconds, what)

    # ---- what connections ask

    def find(self, name: str) -> list[Entity]:
        """Where a name leads: one queue, a subscription, their dead letters, or all subscriptions of a topic."""
        if name in self.topics:
            return [self.entities[one] for one in self.topics[name]]
        found = self.entities.get(name.removesuffix("/$deadletterqueue"))
        if found is None:
            return []
        return [found.dead if name.endswith("/$deadletterqueue") and found.dead else found]

    def trusts(self, token: Any, audience: str) -> bool:
        """Whether a shared access signature was made with our key for this audience."""
        told = dict(parse_qsl(str(token).removeprefix("SharedAccessSignature ").replace("+", "%2B")))
        signed = f"{quote(told.get('sr', ''), safe='')}\n{told.get('se', '')}".encode()
        digest = base64.b64encode(hmac.new(KEY.encode(), signed, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(digest, told.get("sig", "")) and unquote(audience) == told.get("sr")

    # ---- what a test asks

    def ask(self, what: Callable[[], Any]) -> Any:
        """Do something in the broker's own thread, between two frames."""

        async def asked() -> Any:
            return what()

        return asyncio.run_coroutine_threadsafe(asked(), self.loop).result(10)

    def messages(self, *names: str) -> list[Any]:
        """What waits, or is being worked on, in these entities, oldest first."""
        return list(self.ask(lambda: list(self._messages(names))))

    def _messages(self, names: Iterable[str]) -> Iterator[Any]:
        for name in names:
            [entity] = self.find(name)
            kept = [*entity.locked.values(), *entity.waiting]
            yield from (message.content for message in sorted(kept, key=lambda one: one.number))

    def dead_letters(self, name: str) -> list[tuple[str, Any]]:
        """Why messages of an entity are dead letters, and what they say."""
        [dead] = self.find(f"{name}/$deadletterqueue")
        return list(self.ask(lambda: [(one.reason, one.content) for one in dead.waiting]))

    def end_idle(self, name: str) -> None:
        """End all links to an entity, as after ten minutes in which nothing was sent."""
        self.ask(lambda: [connection.end_idle(name) for connection in list(self.connections)])

    def forget(self) -> None:
        """Lose everything that is held."""
        self.ask(lambda: [entity.forget() for entity in self.entities.values()])

    def is_quiet(self) -> bool:
        """Whether nothing waits and nothing is being worked on."""
        return bool(self.ask(lambda: not any(one.waiting or one.locked for one in self.entities.values())))
