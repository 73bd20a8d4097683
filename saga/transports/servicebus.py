"""Azure Service Bus: a queue for each domain's commands, one for the replies, a topic for events. It may lose them all.

Messages are locked while they are worked on and completed afterwards; what is not completed comes again. What came too
often is a dead letter, which is read back from time to time: nothing piles up, and nothing is forgotten there.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from contextlib import nullcontext
from itertools import groupby
from typing import Any

from azure.servicebus.exceptions import ServiceBusError

from domains.kernel import config, heartbeat

from ..definition import is_exchange
from . import Perform, is_answerable, is_event, is_reply, performed
from .servicebus_links import TROUBLE, Links, Source, Token, content_of, kept_locked, message_of, settle

log = logging.getLogger(__name__)
REPLIES, EVENTS = "saga-replies", "events"
PER_TURN = 16  # commands that a worker locks at most
TURN = 20.0  # seconds until a worker gives back those it has not begun: locks may be as short as half a minute
PAUSE = 1.0  # seconds after trouble
LOOK = 30.0  # seconds between two looks at dead letters
SLOW, REST = 1.0, 30.0  # where requests wait, a bus that took longer than this to fail is sent nothing for so long


class Transport:
    """One process's connection to the namespace. Threads may share it as long as each receives from its own queue."""

    def __init__(self) -> None:
        self._links = Links()
        self._stopped = False  # set by a signal, where an Event could block
        self._rest, self._rests_until = REST, 0.0
        self._look_at: dict[Source, float] = {}

    # ---- commands

    def send_commands(self, envelopes: list[dict[str, Any]]) -> None:
        by_queue = sorted(envelopes, key=lambda one: str(one["queue"]))
        for name, group in groupby(by_queue, key=lambda one: str(one["queue"])):
            commands, begun = list(group), time.monotonic()
            if begun < self._rests_until:
                continue
            try:
                self._send_to(name, commands)
            except Exception as error:  # the coordinator's timer sends again what nobody answers
                log.warning("commands not sent for now", extra={"reason": str(error), "count": len(commands)})
                if time.monotonic() - begun > SLOW:  # requests wait here: let not each of them find out for itself
                    self._rests_until = time.monotonic() + self._rest

    def _send_to(self, name: str, commands: list[dict[str, Any]]) -> None:
        # Not the command's id alone: detection of duplicates would swallow what is sent again on purpose.
        known = {f"{one['cmd_id']}:{one['send_no']}": one for one in commands}
        too_large = self._links.send(name, [message_of(one, message_id) for message_id, one in known.items()])
        self._tell([_in_vain(known[one.message_id], "too_large", "the bus takes no such message") for one in too_large])

    def listen(self, queue: str, perform: Perform) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())
        commands = Source(queue)
        most = 1 if is_exchange(queue) else PER_TURN  # a slow call must not outlast the others' locks
        while not self._stopped:
            heartbeat.beat(f"worker-{queue}")
            try:
                self._answer_dead(commands._replace(dead=True))
                well = self._work_off(self._links.receive(commands, most, 1.0), perform)
            except TROUBLE as error:
                log.warning("the service bus is away", extra={"reason": str(error)})
                well = False
            if not well:
                time.sleep(PAUSE)
        self._links.forget(commands)  # what is locked but not begun is free for others

    def stop(self) -> None:
        """End `listen` when what is in hand has been done."""
        self._stopped = True

    def _work_off(self, tokens: list[Token], perform: Perform) -> bool:
        """Perform, reply, complete: in this order, so that a death in between only brings the command again."""
        known = [(token, content_of(token.message)) for token in tokens]
        for token in [token for token, envelope in known if not is_answerable(envelope)]:
            _throw_away(token, "a command that is none of ours")
        done, again, replies = _all_performed([one for one in known if is_answerable(one[1])], perform)
        try:
            self._tell(replies)
        except TROUBLE as error:
            log.warning("replies not sent for now", extra={"reason": str(error), "count": len(replies)})
            done, again = [], [*done, *again]
        settle(done, "complete_message")
        settle(again, "abandon_message")
        return not again

    def _answer_dead(self, letters: Source) -> None:
        """Answer commands that came too often, so that their runs try again or turn back, and need not wait."""
        for token in self._looked_at(letters):
            envelope = content_of(token.message)
            if not is_answerable(envelope):
                _throw_away(token, "a dead letter that is none of ours")
                continue
            log.error("a command came too often", extra={"queue": letters.name, "reason": token.reason})
            self._tell([_in_vain(envelope, "dead_letter", f"it came too often to {letters.name}: {token.reason}")])
            settle([token], "complete_message")

    def _tell(self, replies: list[dict[str, Any]]) -> None:
        """Send replies in one go. Of one that is too large its run is told just that."""
        messages = [message_of(reply) for reply in replies]
        known = {id(message): reply for message, reply in zip(messages, replies, strict=True)}
        too_large = [known[id(one)] for one in self._links.send(REPLIES, messages)]
        short = [_in_vain(one, "too_large", "the bus takes no such reply") for one in too_large]
        self._links.send(REPLIES, [message_of(one) for one in short])

    # ---- replies

    def receive_replies(self, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        self._rest = self._rests_until = 0.0  # this is the coordinator: nobody waits, and it alone sends what is due
        tokens, replies = [], []
        for token in self._received(Source(REPLIES), most, wait):
            reply = content_of(token.message)
            if is_reply(reply):
                tokens.append(token)
                replies.append(reply)
            else:
                _throw_away(token, "a reply that is none of ours")
        return tokens, replies

    def acknowledge_replies(self, tokens: list[Any]) -> None:
        settle(tokens, "complete_message")

    # ---- events

    def publish_events(self, events: list[dict[str, Any]]) -> None:
        too_large = self._links.send(EVENTS, [message_of(one, one["event_id"]) for one in events], topic=True)
        if too_large:
            raise ServiceBusError(f"{len(too_large)} events are too large for the bus")

    def depths(self) -> dict[str, int]:
        """None: it takes the right to manage, and the bus itself tells it (the metric ActiveMessages)."""
        return {}

    def gap(self, domain: str) -> float:
        """None: the bus has put on disk, in several copies, whatever it has said to have taken."""
        return 0.0

    def gap_filled(self, domain: str) -> None:
        """There was none."""

    def receive_events(self, domain: str, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        tokens, events = [], []
        for token in self._received(Source(EVENTS, domain), most, wait):
            event = content_of(token.message)
            if not is_event(event):
                _throw_away(token, "an event that is none of ours")
            else:
                tokens.append(token)
                events.append(event)
        return tokens, events

    def acknowledge_events(self, domain: str, tokens: list[Any]) -> None:
        settle(tokens, "complete_message")

    # ---- both

    def _received(self, source: Source, most: int, wait: float) -> list[Token]:
        """What has come, or from time to time the dead letters instead: they are taken up again, without end."""
        again = self._looked_at(source._replace(dead=True))
        for token in again:
            log.error("a dead letter is read again", extra={"queue": source.name, "reason": token.reason})
        return again or self._links.receive(source, most, wait)

    def _looked_at(self, letters: Source) -> list[Token]:
        """Some dead letters of a queue, when it is time to look at them again."""
        if time.monotonic() < self._look_at.setdefault(letters, time.monotonic() + LOOK):
            return []
        found = self._links.receive(letters, PER_TURN, 0.05)
        if not found:  # else there may be more
            self._look_at[letters] = time.monotonic() + LOOK
        return found

    def close(self) -> None:
        """Close every link."""
        self._links.close()


_FAILED: dict[str, Any] = {}  # what `_performed` gives for a command that must come again


def _all_performed(
    known: list[tuple[Token, dict[str, Any]]], perform: Perform
) -> tuple[list[Token], list[Token], list[dict[str, Any]]]:
    """Perform commands, together where that is possible; gives what is done, what must come again, and the replies."""
    if len(known) > 1 and hasattr(perform, "together"):
        try:
            return [token for token, _ in known], [], performed(perform, [envelope for _, envelope in known])
        except Exception:
            log.exception("commands could not be performed together")
    done, again, replies, until = list[Token](), list[Token](), list[dict[str, Any]](), time.monotonic() + TURN
    for token, envelope in known:
        reply = _FAILED if (done or again) and time.monotonic() > until else _performed(token, envelope, perform)
        (again if reply is _FAILED else done).append(token)
        replies += [reply] if reply and reply is not _FAILED else []
    return done, again, replies


def _performed(token: Token, envelope: dict[str, Any], perform: Perform) -> dict[str, Any] | None:
    """Perform a command. An exchange may look up and ask, which may take longer than its lock lasts."""
    call = 2 * config.current().provider_timeout + TURN
    slow = is_exchange(str(envelope.get("queue", "")))
    try:
        with kept_locked(token, call) if slow else nullcontext():
            return perform(envelope)
    except Exception:
        log.exception("a command could not be performed for now")
        return _FAILED


def _in_vain(known: dict[str, Any], code: str, detail: str) -> dict[str, Any]:
    """The reply that a command's step must be tried again, made from the command or from its reply."""
    ids = {key: known[key] for key in ("cmd_id", "run_id", "seq", "phase")}
    return ids | {"outcome": "RETRY", "error": {"code": code, "detail": detail[:500]}}


def _throw_away(token: Token, what: str) -> None:
    log.error("what nobody can read is thrown away", extra={"what": what, "message_id": str(token.message.message_id)})
    settle([token], "complete_message")
