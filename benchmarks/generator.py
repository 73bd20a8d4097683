"""Sends requests when they are due and notes how long each answer took: a process of its own, so that it can be billed.

Open loop: a request is due at its time however slow the answers before it were, and its answer is counted from that
time, not from when a connection was free. Plain sockets kept alive, one request at a time on each; nothing but the
standard library, and little of that. Reads its plan (JSON) from standard input and prints what it saw.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from benchmarks.arithmetic import due, percentile

MOST = 200  # connections at once; what is due beyond that waits, and its answer is counted from when it was due
PATIENCE = 5.0  # seconds after the last request was due
clock = time.perf_counter


@dataclass(slots=True)
class Ask:
    """One request: what is sent, when that is due, and what a good answer is followed by."""

    kind: str
    text: bytes
    status: int
    due: float
    then: dict[str, Any] | None = None
    again: bool = False  # sent a second time, after a connection that the server had closed meanwhile


@dataclass
class Seen:
    """What has been seen so far."""

    answers: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    last: float = 0.0  # when the last answer came
    bodies: list[Any] = field(default_factory=list)  # of what was followed to its end


class Connection:
    """A connection that is kept, with at most one request on its way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ask: Ask | None = None
        self.got, self.head, self.length, self.closes = b"", b"", -1, False

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, ask: Ask) -> None:
        self.ask, self.got, self.head, self.length = ask, b"", b"", -1
        self.socket.sendall(ask.text)

    def receive(self) -> bool:
        """Take in what has come; True when the answer is whole. ConnectionError when the other side has closed."""
        piece = self.socket.recv(262144)
        if not piece:
            raise ConnectionResetError
        self.got += piece
        if not self.head:
            head, end, rest = self.got.partition(b"\r\n\r\n")
            if not end:
                return False
            self.got, self.head = rest, head.lower()
            self.closes = b"\r\nconnection: close" in self.head
            _, _, length = self.head.partition(b"\r\ncontent-length:")
            self.length = int(length.partition(b"\r\n")[0]) if length else -1
        if self.length < 0 and b"\r\ntransfer-encoding: chunked" in self.head:
            return self.got.endswith(b"0\r\n\r\n")
        return len(self.got) >= self.length

    @property
    def status(self) -> int:
        return int(self.head[9:12])


class Generator:
    """Plays one plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan, self.seen = plan, Seen()
        self.waiting, self.idle, self.busy = deque[Ask](), list[Connection](), set[Connection]()

    def play(self) -> dict[str, Any]:
        """Send everything when it is due, wait for the answers, and say what was seen."""
        spent, start, number = time.process_time(), clock() + 0.02, 0
        rate, sequence = self.plan["rate"], self.plan["sequence"]
        total = max(1, round(rate * self.plan["seconds"]))
        self.end = start + due(total, rate)
        while number < total or self.waiting or self.busy:
            while number < total and start + due(number, rate) <= clock():
                self.waiting.append(asked(sequence[number % len(sequence)], start + due(number, rate)))
                number += 1
            self._send_waiting()
            if clock() > self.end + PATIENCE:
                break
            next_due = start + due(number, rate) if number < total else self.end + PATIENCE
            self._take_answers(max(0.0, next_due - clock()))
        for left in (*self.waiting, *(one.ask for one in self.busy)):
            self._fail(left, "unanswered")
            self.seen.last = clock()
        for connection in (*self.idle, *self.busy):
            connection.socket.close()
        return self._said(total, max(self.seen.last - start, due(total, rate)), time.process_time() - spent)

    def _said(self, total: int, elapsed: float, cpu: float) -> dict[str, Any]:
        seen = self.seen
        late = round(1000 * percentile(seen.late, 0.99), 2)
        return {"requests": total, "answers": seen.answers, "errors": seen.errors, "elapsed_s": elapsed,
                "late_p99_ms": late, "cpu_s": cpu, "bodies": seen.bodies}  # fmt: skip

    def _send_waiting(self) -> None:
        while self.waiting and (self.idle or len(self.busy) < MOST):
            ask = self.waiting.popleft()
            self.seen.late.append(clock() - ask.due)
            connection = self.idle.pop() if self.idle else None
            try:
                connection = connection or Connection((self.plan["host"], self.plan["port"]))
                self.busy.add(connection)
                connection.send(ask)
            except OSError:
                self._lost(connection, ask)

    def _take_answers(self, seconds: float) -> None:
        if not self.busy:
            time.sleep(seconds)
            return
        for connection in select.select(self.busy, (), (), seconds)[0]:
            try:
                if connection.receive():
                    self._answered(connection)
            except OSError:
                self._lost(connection, connection.ask)

    def _answered(self, connection: Connection) -> None:
        ask, now = connection.ask, clock()
        self.busy.discard(connection)
        if connection.closes:
            connection.socket.close()
        else:
            self.idle.append(connection)
        if ask is None or connection.status != ask.status:
            self._fail(ask, str(connection.status))
            return
        self.seen.answers.setdefault(ask.kind, []).append(round(1000 * (now - ask.due), 2))
        self.seen.last = now
        if ask.then is not None:
            body = json.loads(connection.got)
            if "text" in ask.then:
                self.waiting.appendleft(asked(ask.then, now, body["id"]))
            else:
                self.seen.bodies.append(body | ask.then)

    def _lost(self, connection: Connection | None, ask: Ask | None) -> None:
        """A connection has broken: an idle one may have been closed just before, so what it carried is sent again."""
        if connection is not None:
            self.busy.discard(connection)
            connection.socket.close()
        if ask is not None and not ask.again:
            ask.again = True
            self.waiting.appendleft(ask)
        else:
            self._fail(ask, "broken")

    def _fail(self, ask: Ask | None, why: str) -> None:
        self.seen.errors[f"{ask.kind if ask else '?'}: {why}"] += 1


def asked(planned: dict[str, Any], when: float, known_id: str = "") -> Ask:
    """A planned request as it is sent: with a new key, and with the id of what it follows."""
    text = planned["text"].replace("{KEY-------------------------------}", str(uuid.uuid4()))
    text = text.replace("{ID--------------------------------}", known_id)
    return Ask(planned["kind"], text.encode(), planned["status"], when, planned.get("then"))


if __name__ == "__main__":
    json.dump(Generator(json.load(sys.stdin)).play(), sys.stdout)
