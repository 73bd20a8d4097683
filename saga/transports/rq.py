"""RQ on Redis: commands as jobs in JSON, replies and events as streams. Redis may forget all of it without harm.

One queue per worker process: with several, RQ pops without a trace and a kill right after loses the job.
"""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import socket
from itertools import groupby
from time import monotonic, sleep
from types import FrameType
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from rq import Queue
from rq.serializers import JSONSerializer

from domains.kernel import config, failpoint, heartbeat
from domains.kernel.database import new_id
from domains.kernel.errors import NotNow

from ..definition import is_exchange
from . import Perform, is_event, is_reply, performed
from .rq_worker import JOB_TIMEOUT, PER_JOB, PERFORM, Command, Worker

log = logging.getLogger(__name__)
REPLIES, EVENTS, LIVES = "cloudsales:replies", "cloudsales:events", "cloudsales:lives"
KEPT_EVENTS = 100_000  # on the bus, before those that all have reacted to are dropped; the outbox tables keep them all
RECENT = 300.0  # seconds of newest events that are sent again when the server was started again
LOOK_EVERY = 5.0  # seconds, at what dead consumers left, while there is always something new
CONSUMER = f"{socket.gethostname()}-{os.getpid()}"

_perform: Perform | None = None


def _stop(_signal: int, _frame: FrameType | None) -> None:
    Worker.asked_to_stop = True


def _place(envelope: dict[str, Any]) -> tuple[str, bool]:
    """The queue of a command, and whether it was sent before."""
    return str(envelope["queue"]), int(envelope["send_no"]) > 1


class Transport:
    """One process's connection to the queue server."""

    def __init__(self) -> None:
        self._url = config.current().queue_url
        self._redis: Any = Redis.from_url(self._url, socket_connect_timeout=1.0, socket_timeout=5.0, protocol=2)
        self._groups: set[tuple[str, str]] = set()
        self._looked: dict[tuple[str, str], float] = {}
        self._lives: dict[str, str] = {}

    def send_commands(self, envelopes: list[dict[str, Any]]) -> None:
        try:
            for (name, again), group in groupby(sorted(envelopes, key=_place), key=_place):
                self._enqueue(name, list(group), again)
        except RedisError as error:  # the coordinator's timer sends again what nobody answers
            log.warning("commands not sent for now", extra={"reason": str(error), "count": len(envelopes)})

    def _enqueue(self, name: str, envelopes: list[dict[str, Any]], again: bool) -> None:
        """Put commands into a queue. What was waited for in vain goes before what has only begun to wait."""
        size = 1 if is_exchange(name) else PER_JOB  # the outside may be slow, and no answer waits for another's
        batches = [envelopes[start : start + size] for start in range(0, len(envelopes), size)]
        jobs = [
            Queue.prepare_data(
                PERFORM,
                [batch],
                job_id=f"{batch[0]['cmd_id']}-{batch[0]['send_no']}",
                description=name,
                timeout=JOB_TIMEOUT,
                ttl=int(2 * max(one["again_after"] for one in batch)),  # by then it was sent again: they do not pile up
                result_ttl=0,
                failure_ttl=300,
                at_front=again,
            )
            for batch in batches
        ]
        _queue(name, self._redis).enqueue_many(jobs)

    def listen(self, queue: str, perform: Perform) -> None:
        global _perform
        _perform = perform
        for number in (signal.SIGTERM, signal.SIGINT):  # RQ's own are there only while the queue server is
            signal.signal(number, _stop)
        while not Worker.asked_to_stop:
            heartbeat.beat(f"worker-{queue}")
            connection = Redis.from_url(self._url, socket_connect_timeout=1.0)
            try:
                worker = Worker(
                    [_queue(queue, connection)], connection=connection,
                    serializer=JSONSerializer, worker_ttl=60, maintenance_interval=30, job_monitoring_interval=10,
                    log_job_description=False,
                )  # fmt: skip
                worker.perform = perform_batch
                worker.work(logging_level="WARNING")
            except RedisError as error:
                log.warning("the queue server is away", extra={"reason": str(error)})
            if not Worker.asked_to_stop:
                sleep(1.0)

    def send_replies(self, replies: list[dict[str, Any]]) -> None:
        """Hand replies to the coordinator; a lost one is asked for again."""
        pipe = self._redis.pipeline(transaction=False)
        for reply in replies:
            pipe.xadd(REPLIES, {"reply": json.dumps(reply)})
        pipe.execute()

    def receive_replies(self, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        return self._read(REPLIES, "coordinator", "reply", most, wait)

    def acknowledge_replies(self, tokens: list[Any]) -> None:
        pipe = self._redis.pipeline()
        pipe.xack(REPLIES, "coordinator", *tokens)
        pipe.xdel(REPLIES, *tokens)
        pipe.execute()

    def publish_events(self, events: list[dict[str, Any]]) -> None:
        self._make_room()
        pipe = self._redis.pipeline(transaction=False)
        for event in events:
            pipe.xadd(EVENTS, {"event": json.dumps(event)})
        pipe.execute()

    def _make_room(self) -> None:
        """Drop events that all have done with, when there are many. Those that somebody lacks stay: the others wait."""
        if self._redis.xlen(EVENTS) < KEPT_EVENTS:
            return
        needed = {_number(self._oldest_needed(group)): group["name"] for group in self._redis.xinfo_groups(EVENTS)}
        if needed:
            milliseconds, more = min(needed)
            self._redis.xtrim(EVENTS, minid=f"{milliseconds}-{more}", approximate=False)
        if self._redis.xlen(EVENTS) >= KEPT_EVENTS:
            last = needed[min(needed)].decode() if needed else "nobody"
            raise NotNow(f"the bus holds {KEPT_EVENTS} events that {last} has not done with; more wait in the outbox")

    def _oldest_needed(self, group: dict[str, Any]) -> bytes:
        if group["pending"]:
            return bytes(self._redis.xpending(EVENTS, group["name"])["min"])
        return bytes(group["last-delivered-id"])

    def depths(self) -> dict[str, int]:
        names = sorted(one.decode().removeprefix("rq:queue:") for one in self._redis.smembers("rq:queues"))
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.llen(f"rq:queue:{name}")
        *waiting, replies = pipe.xlen(REPLIES).execute()
        return {**dict(zip(names, waiting, strict=True)), "replies": replies}

    def gap(self, domain: str) -> float:
        server, life = self._life(domain)
        if not life:
            return math.inf
        same = life.startswith(server) and self._lives.setdefault(domain, life) == life
        return 0.0 if same else RECENT

    def gap_filled(self, domain: str) -> None:
        server, life = self._life(domain)
        if not life.startswith(server):
            life = f"{server}/{new_id()}"
            self._redis.hset(LIVES, domain, life)
        self._lives[domain] = life

    def _life(self, domain: str) -> tuple[str, str]:
        """The server's present run, and the life of the stream as a domain last filled it; empty when it never did.

        A life lies where the events lie and is lost with them. It names the run it began in, for a server that was
        started again may have lost its newest writes; and it is new for each filling, so that another worker, which may
        have marked as published what the server then forgot, sees that there was one.
        """
        pipe = self._redis.pipeline(transaction=False)
        pipe.info("server").hget(LIVES, domain).exists(EVENTS)
        about, life, there = pipe.execute()
        return str(about["run_id"]), life.decode() if life and there else ""

    def receive_events(self, domain: str, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        return self._read(EVENTS, domain, "event", most, wait)

    def acknowledge_events(self, domain: str, tokens: list[Any]) -> None:
        self._redis.xack(EVENTS, domain, *tokens)

    def _read(self, stream: str, group: str, name: str, most: int, wait: float) -> tuple[list[Any], list[Any]]:
        """Entries for a group: new ones, else (and now and then) those that a dead consumer left for half a minute."""
        self._ensure_group(stream, group)
        try:
            entries = self._left_behind(stream, group, most) if self._is_time_to_look(stream, group) else []
            if not entries:
                milliseconds = max(1, int(wait * 1000))
                found = self._redis.xreadgroup(group, CONSUMER, {stream: ">"}, count=most, block=milliseconds)
                entries = found[0][1] if found else self._left_behind(stream, group, most)
        except ResponseError:  # the server was emptied: make the group again next time
            self._groups.discard((stream, group))
            raise
        read = [(token, _content(values.get(name.encode()), name)) for token, values in entries if values]
        self._throw_away(stream, group, [token for token, content in read if content is None])
        kept = [(token, content) for token, content in read if content is not None]
        return [token for token, _ in kept], [content for _, content in kept]

    def _throw_away(self, stream: str, group: str, tokens: list[Any]) -> None:
        """Forget what a stranger has written: it would come back for ever, and hold up what comes with it."""
        if tokens:
            log.error("what nobody can read is thrown away", extra={"stream": stream, "count": len(tokens)})
            self._redis.xack(stream, group, *tokens)

    def _is_time_to_look(self, stream: str, group: str) -> bool:
        return monotonic() - self._looked.get((stream, group), -math.inf) >= LOOK_EVERY

    def _left_behind(self, stream: str, group: str, most: int) -> list[Any]:
        """What a dead consumer has taken and not acknowledged."""
        self._looked[stream, group] = monotonic()
        return list(self._redis.xautoclaim(stream, group, CONSUMER, min_idle_time=30_000, count=most)[1])

    def _ensure_group(self, stream: str, group: str) -> None:
        if (stream, group) in self._groups:
            return
        try:
            self._redis.xgroup_create(stream, group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        else:
            about = self._redis.xinfo_stream(stream)
            if stream == EVENTS and about.get("entries-added", math.inf) > about["length"]:
                self._redis.unlink(LIVES)  # a newcomer lacks what was dropped: every domain sends its events again
        self._groups.add((stream, group))


def _content(raw: bytes | None, name: str) -> dict[str, Any] | None:
    """A reply or an event as it was sent; None when it is none of ours."""
    try:
        content = json.loads(raw or b"")
    except ValueError:
        return None
    return content if (is_reply if name == "reply" else is_event)(content) else None


def _number(entry: bytes) -> tuple[int, int]:
    """A stream entry's id as it is ordered."""
    milliseconds, _, more = entry.decode().partition("-")
    return int(milliseconds), int(more or 0)


def _queue(name: str, connection: Any) -> Any:
    return Queue(name, connection=connection, serializer=JSONSerializer, job_class=Command)


def perform_batch(envelopes: list[dict[str, Any]]) -> None:
    """Perform commands that came in one job or together, and send their replies."""
    from . import current

    if _perform is None:
        raise RuntimeError("this process is not a worker")
    replies = performed(_perform, envelopes)
    transport = current()
    assert isinstance(transport, Transport)
    transport.send_replies(replies)
    failpoint.reach("worker.replied")
