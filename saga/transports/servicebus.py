"""Azure Service Bus: a queue for each domain's commands, one for the replies, a topic for events. It may lose them all.

Messages are locked while they are worked on and completed afterwards; what is not completed comes again. A dead letter
calls for a look at it and for nothing else: the coordinator sends again what was not answered.
"""

from __future__ import annotations

import gzip
import json
import logging
import queue
import signal
import threading
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from typing import Any

from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.exceptions import MessageSizeExceededError, ServiceBusError

from domains.kernel import config, heartbeat

from . import Perform

log = logging.getLogger(__name__)
logging.getLogger("azure").setLevel(logging.WARNING)  # it tells of every link and frame
REPLIES, EVENTS = "saga-replies", "events"
PER_TURN = 16  # commands that a worker locks at most
PAUSE = 1.0  # seconds after trouble
AT_ONCE = 0.005  # seconds within which comes what was waiting
LARGE = 64_000  # bytes from which a message is packed: the bus takes 256 kB at most
PATIENCE = 10.0  # seconds until a send is given up
OPENS = 5.0  # seconds until the opening of a link is given up
SLOW, REST = 1.0, 30.0  # where requests wait, a bus that took longer than this to fail is sent nothing for so long
TROUBLE = (ServiceBusError, ValueError, OSError)  # ValueError: the SDK's word for a link that is closed by now


class Transport:
    """One process's connection to the namespace. Threads may share it as long as each receives from its own queue."""

    def __init__(self) -> None:
        self._client: Any = None
        self._senders: dict[str, Any] = {}
        self._receivers: dict[tuple[str, str], Any] = {}
        self._wanted: dict[tuple[str, str], float] = {}
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._rest, self._rests_until = REST, 0.0

    def send_commands(self, envelopes: list[dict[str, Any]]) -> None:
        by_queue = sorted(envelopes, key=lambda one: str(one["queue"]))
        for name, group in groupby(by_queue, key=lambda one: str(one["queue"])):
            # Not the command's id alone: detection of duplicates would swallow what is sent again on purpose.
            commands = [_message(one, f"{one['cmd_id']}:{one['send_no']}") for one in group]
            begun = time.monotonic()
            if begun < self._rests_until:
                continue
            try:
                self._send(name, commands)
            except TROUBLE as error:  # the coordinator's timer sends again what nobody answers
                log.warning("commands not sent for now", extra={"reason": str(error), "count": len(commands)})
                if time.monotonic() - begun > SLOW:  # requests wait here: let not each of them find out for itself
                    self._rests_until = time.monotonic() + self._rest

    def listen(self, queue: str, perform: Perform) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())
        most = 1 if queue.endswith("-exchange") else PER_TURN  # a slow call must not outlast the others' locks
        while not self._stopped.is_set():
            heartbeat.beat(f"worker-{queue}")
            try:
                tokens, envelopes = self._receive(queue, "", most, 1.0)
                well = self._work_off(tokens, envelopes, perform)
            except TROUBLE as error:
                log.warning("the service bus is away", extra={"reason": str(error)})
                well = False
            if not well:
                self._stopped.wait(PAUSE)
        _close(self._receivers.pop((queue, ""), None))  # what is locked but not begun is free for others

    def stop(self) -> None:
        """End `listen` when what is in hand has been done."""
        self._stopped.set()

    def _work_off(self, tokens: list[Any], envelopes: list[Any], perform: Perform) -> bool:
        """Perform, reply, complete: in this order, so that a death in between only brings the command again."""
        done, replies, failed = [], [], []
        for token, envelope in zip(tokens, envelopes, strict=True):
            try:
                reply = perform(envelope)
            except Exception:
                log.exception("a command could not be performed for now")
                failed.append(token)
            else:
                done.append(token)
                replies += [] if reply is None else [reply]
        try:
            self._send(REPLIES, [_message(reply) for reply in replies])
        except TROUBLE as error:
            log.warning("replies not sent for now", extra={"reason": str(error), "count": len(replies)})
            done, failed = [], tokens
        self._settle(done, "complete_message")
        self._settle(failed, "abandon_message")
        return not failed

    def receive_replies(self, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        self._rest = self._rests_until = 0.0  # this is the coordinator: nobody waits, and it alone sends what is due
        return self._receive(REPLIES, "", most, wait)

    def acknowledge_replies(self, tokens: list[Any]) -> None:
        self._settle(tokens, "complete_message")

    def publish_events(self, events: list[dict[str, Any]]) -> None:
        self._send(EVENTS, [_message(event, event["event_id"]) for event in events])

    def gap(self, domain: str) -> float:
        """None: the bus has put on disk, in several copies, whatever it has said to have taken."""
        return 0.0

    def gap_filled(self, domain: str) -> None:
        """There was none."""

    def receive_events(self, domain: str, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        return self._receive(EVENTS, domain, most, wait)

    def acknowledge_events(self, domain: str, tokens: list[Any]) -> None:
        self._settle(tokens, "complete_message")

    def close(self) -> None:
        """Close every link."""
        with self._lock:
            links = [*self._senders.values(), *self._receivers.values(), *filter(None, [self._client])]
            self._senders, self._receivers, self._client = {}, {}, None
        for one in links:
            _close(one)

    # ---- the SDK

    def _connected(self) -> Any:
        if self._client is None:
            self._client = client(config.current().servicebus_url)
        return self._client

    def _send(self, name: str, messages: list[Any]) -> None:
        """Send to a queue, or to the topic, in as few batches as their size allows."""
        if not messages:
            return
        with self._lock:
            try:
                for batch in _batches(self._sender(name), messages):
                    self._senders[name].send_messages(batch, timeout=PATIENCE)
            except TROUBLE:
                _close(self._senders.pop(name, None))  # the next one begins anew
                raise

    def _sender(self, name: str) -> Any:
        if name not in self._senders:
            connected = self._connected()
            made = connected.get_topic_sender(name) if name == EVENTS else connected.get_queue_sender(name)
            self._senders[name] = _opened(made)
        return self._senders[name]

    def _receiver(self, name: str, subscription: str) -> Any:
        key = name, subscription
        if key not in self._receivers:
            with self._lock:
                connected = self._connected()
                if subscription:
                    made = connected.get_subscription_receiver(name, subscription)
                else:
                    made = connected.get_queue_receiver(name)
            self._receivers[key] = _opened(made)
        return self._receivers[key]

    def _receive(self, name: str, subscription: str, most: int, wait: float) -> tuple[list[Any], list[Any]]:
        """Lock up to `most` messages; gives each with the receiver that can settle it, and what they say.

        The SDK waits a fifth of a second for more when it gets less than it asked for. So one is asked for, and
        more and more as long as all that were asked for are there at once.
        """
        key = name, subscription
        wanted = min(most, int(self._wanted.get(key, 1.0)))
        try:
            receiver = self._receiver(name, subscription)
            begun = time.monotonic()
            found = receiver.receive_messages(max_message_count=wanted, max_wait_time=max(wait, 0.01))
        except TROUBLE:
            _close(self._receivers.pop(key, None))
            raise
        busy = len(found) == wanted and time.monotonic() - begun < AT_ONCE
        self._wanted[key] = min(most, self._wanted.get(key, 1.0) * 1.25) if busy else 1.0
        tokens, contents = [], []
        for message in found:
            content = _content(message)
            if content is None:
                log.error("a message that is none of ours is a dead letter now", extra={"queue": name})
                self._settle([(receiver, message)], "dead_letter_message", reason="unreadable")
            else:
                tokens.append((receiver, message))
                contents.append(content)
        return tokens, contents

    def _settle(self, tokens: Iterable[Any], how: str, **more: Any) -> None:
        for receiver, message in tokens:
            try:
                getattr(receiver, how)(message, **more)
            except TROUBLE as error:  # it comes again, and is known by its ids then
                log.warning("a message comes again", extra={"reason": str(error)})


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


def _opened(link: Any) -> Any:
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
        error = ends.get(timeout=OPENS)
    except queue.Empty:
        given_up.set()
        raise ServiceBusError("the service bus says nothing") from None
    if error is not None:
        raise error
    return link


def _message(content: dict[str, Any], message_id: str | None = None) -> Any:
    body = json.dumps(content).encode()
    if len(body) > LARGE:  # a reseller's month may have thousands of lines
        return ServiceBusMessage(gzip.compress(body), message_id=message_id, content_type="application/gzip")
    return ServiceBusMessage(body, message_id=message_id, content_type="application/json")


def _batches(sender: Any, messages: list[Any]) -> Iterable[Any]:
    batch = sender.create_message_batch()
    for message in messages:
        try:
            batch.add_message(message)
        except MessageSizeExceededError:
            yield batch
            batch = sender.create_message_batch()
            batch.add_message(message)
    yield batch


def _content(message: Any) -> Any:
    """What a message says; None when it is no object in JSON."""
    try:
        body = b"".join(message.body)
        content = json.loads(gzip.decompress(body) if message.content_type == "application/gzip" else body)
    except (TypeError, ValueError, EOFError, OSError, zlib.error):
        return None
    return content if isinstance(content, dict) else None


def _close(link: Any) -> None:
    if link is not None:
        with suppress(*TROUBLE):
            link.close()
