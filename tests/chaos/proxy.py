"""A proxy before PostgreSQL that cuts the line around a COMMIT: whoever committed cannot know what became of it."""

from __future__ import annotations

import os
import selectors
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from processes import die_with_parent

COMMIT = b"COMMIT\0"


class Proxy:
    """A process of its own between a TCP port and a server's socket.

    It cuts every `every`th COMMIT: by turns before the server hears of it, and after it has done it but before its
    answer is passed on. `cuts` counts both.
    """

    def __init__(self, port: int, target: str, count_in: Path, every: int = 8) -> None:
        self.port, self._target, self._count_in, self._every = port, target, count_in, every
        self._lines: dict[socket.socket, socket.socket] = {}
        self._commits = self._cut = 0
        self.pid = 0

    def url(self) -> str:
        return f"postgresql+psycopg://cloudsales@127.0.0.1:{self.port}/{{domain}}?sslmode=disable&gssencmode=disable"

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self.pid = os.fork()
        if self.pid == 0:
            try:
                die_with_parent(signal.SIGKILL)
                self._serve(listener)
            finally:
                os._exit(1)
        listener.close()

    def stop(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0

    @property
    def cuts(self) -> int:
        return len(self._count_in.read_bytes()) if self._count_in.exists() else 0

    def _serve(self, listener: socket.socket) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        while True:
            for key, _ in self._selector.select():
                act: Callable[[socket.socket], None] = key.data
                if key.fileobj in (listener, *self._lines):
                    act(key.fileobj)  # type: ignore[arg-type]

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._target)
        except OSError:
            client.close()
            return
        self._lines |= {client: server, server: client}
        self._selector.register(client, selectors.EVENT_READ, self._ask)
        self._selector.register(server, selectors.EVENT_READ, self._answer)

    def _ask(self, client: socket.socket) -> None:
        said = self._read(client)
        if COMMIT in said:
            self._commits += 1
            if self._commits % self._every == 0:
                self._cut_around(client, said)
                return
        self._pass_on(client, said)

    def _answer(self, server: socket.socket) -> None:
        self._pass_on(server, self._read(server))

    def _cut_around(self, client: socket.socket, said: bytes) -> None:
        self._cut += 1
        if self._cut % 2:
            server = self._lines[client]
            server.sendall(said)
            server.recv(65536)  # its answer: the commit is done, and nobody will hear of it
        with open(self._count_in, "ab") as count:
            count.write(b".")
        self._close(client)

    def _read(self, line: socket.socket) -> bytes:
        try:
            return line.recv(65536)
        except OSError:
            return b""

    def _pass_on(self, line: socket.socket, said: bytes) -> None:
        try:
            if said:
                self._lines[line].sendall(said)
                return
        except OSError:
            pass
        self._close(line)

    def _close(self, line: socket.socket) -> None:
        for end in (line, self._lines[line]):
            self._lines.pop(end, None)
            self._selector.unregister(end)
            end.close()
