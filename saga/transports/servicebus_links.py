"""The links to a namespace of Azure Service Bus: each is opened when it is needed, and anew when it has failed.

The SDK is not safe between threads: sends take turns here, and a receiver belongs to the one thread that reads from it.
"""

from __future__ import annotations

import gzip
import json
import logging
import queue
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.exceptions import MessageSizeExceededError, ServiceBusError

from domains.kernel import config

log = logging.getLogger(__name__)
logging.getLogger("azure").setLevel(logging.WARNING)  # it tells of every link and frame
AT_ONCE = 0.005  # seconds within which comes what was waiting
LARGE = 64_000  # bytes from which a message is packed: the bus takes 256 kB at most
PATIENCE = 10.0  # seconds until a send, or the renewal of a lock, is given up
STALE = 480.0  # seconds without a message after which a link is made anew: at ten minutes the bus ends it, and the SDK
# takes two seconds to find that out (Azure/azure-sdk-for-python#38627)
OPENS, LONGEST = 5.0, 40.0  # seconds until the opening of a link is given up; each time in vain, twice as long
SHORTEST = 30.0  # seconds that a lock must last, however an operator has made the queues
# What the SDK raises. ValueError is its word for a link that is closed by now; AttributeError is what it stumbles over
# when the connection goes while it opens a link (Azure/azure-sdk-for-python#31161, #36334).
TROUBLE = (AzureError, ValueError, OSError, AttributeError)


class Source(NamedTuple):
    """Where messages come from: a queue, or a topic's subscription, or the dead letters of either."""

    name: str
    subscription: str = ""
    dead: bool = False


class Token(NamedTuple):
    """A message that is locked for us, and the receiver that alone can settle it."""

    receiver: Any
    message: Any

    @property
    def reason(self) -> str:
        """Why it is a dead letter."""
        return str(self.message.dead_letter_reason or "unknown")


class Links:
    """One process's links."""

    def __init__(self) -> None:
        self._client: Any = None
        self._senders: dict[str, Any] = {}
        self._used: dict[str, float] = {}
        self._receivers: dict[Source, Any] = {}
        self._wanted: dict[Source, float] = {}
        self._opens = OPENS
        self._lock = threading.RLock()

    def send(self, name: str, messages: list[Any], *, topic: bool = False) -> list[Any]:
        """Send to a queue, or to a topic, in as few batches as their size allows; gives those that are too large."""
        too_large: list[Any] = []
        if not messages:
            return too_large
        with self._lock:
            try:
                sender = self._sender(name, topic)
                for batch in _batches(sender, messages, too_large):
                    sender.send_messages(batch, timeout=PATIENCE)
            except TROUBLE:
                _close(self._senders.pop(name, None))  # the next one begins anew
                raise
        return too_large

    def receive(self, source: Source, most: int, wait: float) -> list[Token]:
        """Lock up to `most` messages, waiting up to `wait` seconds for the first.

        The SDK waits a fifth of a second for more when it gets less than it asked for. So one is asked for, and
        more and more as long as all that were asked for are there at once.
        """
        wanted = min(most, int(self._wanted.get(source, 1.0)))
        try:
            receiver = self._receiver(source)
            begun = time.monotonic()
            found = receiver.receive_messages(max_message_count=wanted, max_wait_time=max(wait, 0.01))
        except TROUBLE:
            self.forget(source)
            raise
        busy = len(found) == wanted and time.monotonic() - begun < AT_ONCE
        self._wanted[source] = min(most, self._wanted.get(source, 1.0) * 1.25) if busy else 1.0
        return [Token(receiver, message) for message in found]

    def forget(self, source: Source) -> None:
        """Close the link to a source: what it has locked and not settled is free for others."""
        _close(self._receivers.pop(source, None))

    def close(self) -> None:
        """Close every link."""
        with self._lock:
            links = [*self._senders.values(), *self._receivers.values(), *filter(None, [self._client])]
            self._senders, self._receivers, self._client = {}, {}, None
        for one in links:
            _close(one)

    def _sender(self, name: str, topic: bool) -> Any:
        if time.monotonic() - self._used.get(name, 0.0) > STALE:
            _close(self._senders.pop(name, None))
        self._used[name] = time.monotonic()
        if name not in self._senders:
            connected = self._connected()
            made = connected.get_topic_sender(name) if topic else connected.get_queue_sender(name)
            self._senders[name] = self._opened(made)
        return self._senders[name]

    def _receiver(self, source: Source) -> Any:
        if source not in self._receivers:
            more = {"sub_queue": ServiceBusSubQueue.DEAD_LETTER} if source.dead else {}
            with self._lock:
                connected = self._connected()
                if source.subscription:
                    made = connected.get_subscription_receiver(source.name, source.subscription, **more)
                else:
                    made = connected.get_queue_receiver(source.name, **more)
            self._receivers[source] = self._opened(made)
        return self._receivers[source]

    def _opened(self, link: Any) -> Any:
        """A link, opened. On a busy machine that takes long, and must not be given up for ever."""
        try:
            opened = _opened(link, self._opens)
        except _Silent:
            self._opens = min(2 * self._opens, LONGEST)
            raise
        self._opens = OPENS
        return opened

    def _connected(self) -> Any:
        if self._client is None:
            self._client = client(config.current().servicebus_url)
        return self._client


def settle(tokens: Iterable[Token], how: str) -> None:
    """Settle messages: `complete_message` or `abandon_message`. One whose lock is lost comes again."""
    for receiver, message in tokens:
        try:
            getattr(receiver, how)(message)
        except TROUBLE as error:  # it comes again, and is known by its ids then
            log.warning("a message comes again", extra={"reason": str(error)})


@contextmanager
def kept_locked(token: Token, seconds: float) -> Iterator[None]:
    """Renew a message's lock for up to so many seconds. Within the `with` nobody else may use its receiver."""
    done = threading.Event()
    renewer = threading.Thread(target=_renew, args=(token, done, time.monotonic() + seconds), daemon=True)
    renewer.start()
    try:
        yield
    finally:
        done.set()
        renewer.join()


def _renew(token: Token, done: threading.Event, until: float) -> None:
    pause = _half(token.message)
    while not done.wait(pause) and time.monotonic() < until:
        try:
            token.receiver.renew_message_lock(token.message, timeout=PATIENCE)
        except TROUBLE as error:  # whoever gets the message next meets the fence of the exchange that is at work
            log.warning("a lock is not renewed %r", error, extra={"reason": str(error)})
            return


def _half(message: Any) -> float:
    """Seconds that may pass until a lock is renewed: half of what it lasts by the bus's clock, as far as we know it."""
    lasts = message.locked_until_utc - message.enqueued_time_utc
    return float(max(0.5, min(lasts.total_seconds() / 2, SHORTEST / 2)))


def client(url: str) -> Any:
    """The SDK's client for a connection string, or for a namespace that this process has an identity at."""
    # Few tries: a request may be waiting, and our own timers try again.
    patience: dict[str, Any] = {"retry_total": 1, "retry_backoff_factor": 0.2}
    if "endpoint=" in url.lower():
        return ServiceBusClient.from_connection_string(url, **patience)
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        raise config.SettingsError(
            "CLOUDSALES_SERVICEBUS_URL names a namespace without a key: install azure-identity to use an identity"
        ) from None
    return ServiceBusClient(url, DefaultAzureCredential(), **patience)


class _Silent(ServiceBusError):
    """The opening of a link was given up."""


def _opened(link: Any, seconds: float) -> Any:
    """A link, opened; `close` ends it. The SDK itself waits for minutes, or for ever, where somebody says nothing."""
    ends: queue.Queue[Exception | None] = queue.Queue()
    given_up = threading.Event()

    def open_it() -> None:
        try:
            link.__enter__()
            ends.put(None)
        except Exception as error:
            ends.put(error)
        if given_up.is_set():
            _close(link)

    threading.Thread(target=open_it, name="opening a link", daemon=True).start()
    try:
        error = ends.get(timeout=seconds)
    except queue.Empty:
        given_up.set()
        raise _Silent("the service bus says nothing") from None
    if error is not None:
        raise error
    return link


def message_of(content: dict[str, Any], message_id: str | None = None) -> Any:
    """What to send for an object in JSON."""
    body = json.dumps(content).encode()
    if len(body) > LARGE:  # a reseller's month may have thousands of lines
        return ServiceBusMessage(gzip.compress(body), message_id=message_id, content_type="application/gzip")
    return ServiceBusMessage(body, message_id=message_id, content_type="application/json")


def content_of(message: Any) -> Any:
    """What a message says; None when it is no object in JSON."""
    try:
        body = b"".join(message.body)
        content = json.loads(gzip.decompress(body) if message.content_type == "application/gzip" else body)
    except (TypeError, ValueError, EOFError, OSError, zlib.error):
        return None
    return content if isinstance(content, dict) else None


def _batches(sender: Any, messages: list[Any], too_large: list[Any]) -> Iterator[Any]:
    batch = sender.create_message_batch()
    for message in messages:
        try:
            batch.add_message(message)
            continue
        except MessageSizeExceededError:
            pass
        if len(batch):
            yield batch
        batch = sender.create_message_batch()
        try:
            batch.add_message(message)
        except MessageSizeExceededError:
            too_large.append(message)
    if len(batch):
        yield batch


def _close(link: Any) -> None:
    if link is not None:
        with suppress(*TROUBLE):
            link.close()
