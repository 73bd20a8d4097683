"""Runs the whole system on one machine: starts its parts in order, starts again what dies, and stops all together.

Every part is a child of this process. The Python parts are forked from it after it has imported what they share: on a
small machine ten fresh interpreters would keep both cores busy for longer than the start may take. Connections are made
after the fork; this process itself opens none.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BACKOFF = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds before a part that keeps dying is started again
STEADY = 10.0  # seconds after which a part counts as running well
LARGE = 20_000_000  # bytes of a log that is put aside when its part starts
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15  # of Linux's prctl


class Stopped(Exception):
    """Somebody asked for the end: Ctrl-C, SIGTERM, or a closed terminal."""


class CannotRun(Exception):
    """A part does not start, or does not stay; the text says which and where to look."""


@dataclass
class Part:
    """One child process: its name, what it does once forked, and how it has fared."""

    name: str
    main: Callable[[], object]
    support: bool = False  # whether others need it to stop cleanly, so that it stops after them
    console: bool = False  # whether it speaks to the console instead of its log
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    due: float = 0.0
    exit_code: int | None = field(default=None, init=False)

    @property
    def running(self) -> bool:
        return self.pid > 0


def program(*command: str | Path, environ: dict[str, str] | None = None) -> Callable[[], NoReturn]:
    """What a part does that is a program of its own."""
    arguments = [str(part) for part in command]

    def main() -> NoReturn:
        os.execve(arguments[0], arguments, {**os.environ, **(environ or {})})

    return main


def die_with_parent(signum: int) -> None:
    """Let the kernel send us `signum` when our parent dies, however it dies (Linux only)."""
    prctl(PR_SET_PDEATHSIG, signum)


def prctl(option: int, value: int | bytes) -> None:
    """Change something about this process that only Linux offers; nothing elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class Supervisor:
    """Keeps parts running until it is told to stop. Used as a `with`: leaving it leaves nothing behind."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self.logs = logs
        self.say = say
        self.parts: list[Part] = []
        self._pid = os.getpid()
        self._wake, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._before: dict[int, object] = {}

    def __enter__(self) -> Supervisor:
        self.logs.mkdir(parents=True, exist_ok=True)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            self._before[number] = signal.signal(number, lambda *_: None)  # the number arrives through the pipe
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        os.close(self._wake)
        os.close(self._write)

    def start(self, part: Part) -> Part:
        """Start a part; from now on it is started again when it dies."""
        self.parts.append(part)
        self._fork(part)
        return part

    def run_once(self, part: Part) -> None:
        """Run a part to its end; refused when it ends badly."""
        self._fork(part)
        try:
            while part.running:
                self.pause(0.2)
                self._reap(part)
        finally:
            if part.running:
                self._stop([part], 3.0)
        if part.exit_code:
            raise CannotRun(f"{part.name} ended with exit code {part.exit_code}{self.last_words(part)}")

    def wait_until(self, ready: Callable[[], bool], what: str, *, seconds: float) -> None:
        """Wait until something is ready, while parts that die are started again; refused when it takes too long."""
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until:
                raise CannotRun(f"{what} is not ready after {seconds:.0f} s; see {self.logs}/")
            self.tend()
            for part in self.parts:
                if part.failures >= len(BACKOFF) - 1:
                    raise CannotRun(f"{part.name} does not stay up{self.last_words(part)}")
            self.pause(0.05)

    def supervise(self) -> NoReturn:
        """Keep all parts running until told to stop."""
        while True:
            self.pause(1.0)
            self.tend()

    def pause(self, seconds: float) -> None:
        """Wait, but not through a signal: a child's death ends the pause, a request to stop raises Stopped."""
        readable, _, _ = select.select([self._wake], [], [], seconds)
        if readable and not set(STOP_SIGNALS).isdisjoint(os.read(self._wake, 512)):
            raise Stopped

    def tend(self) -> None:
        """Take note of parts that have died, and start again those whose time has come."""
        now = time.monotonic()
        for part in self.parts:
            if part.running and self._reap(part):
                part.failures = 0 if now - part.started > STEADY else part.failures
                part.due = now + BACKOFF[min(part.failures, len(BACKOFF) - 1)]
                part.failures += 1
                self.say(f"{part.name} ended ({how(part.exit_code)}), see {self.log_of(part)}; starting it again")
            if not part.running and now >= part.due:
                self._fork(part)

    def stop_all(self) -> None:
        """Stop every part, those started last first; what does not stop in its time is killed."""
        for support, patience in ((False, 6.0), (True, 3.0)):
            self._stop([part for part in reversed(self.parts) if part.running and part.support == support], patience)

    def _stop(self, parts: list[Part], patience: float) -> None:
        for part in parts:
            with contextlib.suppress(ProcessLookupError):
                os.kill(part.pid, signal.SIGTERM)
        until = time.monotonic() + patience
        while any(part.running and not self._reap(part) for part in parts):
            if time.monotonic() > until:
                break
            try:
                self.pause(0.05)
            except Stopped:  # asked twice: do not wait
                break
        for part in parts:
            if part.running:
                self.say(f"{part.name} does not stop, so it is killed; see {self.log_of(part)}")
                self._kill_group(part)
                os.waitpid(part.pid, 0)
                part.pid = 0

    def _reap(self, part: Part) -> bool:
        """Whether a part has ended; whatever it left running in its process group is killed."""
        with contextlib.suppress(ChildProcessError):
            pid, status = os.waitpid(part.pid, os.WNOHANG)
            if pid == 0:
                return False
            part.exit_code = os.waitstatus_to_exitcode(status)
        self._kill_group(part)
        part.pid = 0
        return True

    @staticmethod
    def _kill_group(part: Part) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(part.pid, signal.SIGKILL)

    def log_of(self, part: Part) -> Path:
        return self.logs / f"{part.name}.log"

    def last_words(self, part: Part, lines: int = 12) -> str:
        """The end of a part's log, for a person who must find out why it does not run."""
        if part.console or not self.log_of(part).exists():
            return ""
        tail = self.log_of(part).read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"; the end of {self.log_of(part)}:", *(f"    {line}" for line in tail)])

    def _fork(self, part: Part) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        if not part.console and self.log_of(part).exists() and self.log_of(part).stat().st_size > LARGE:
            self.log_of(part).replace(self.logs / f"{part.name}.1.log")
        part.started = time.monotonic()
        part.pid = os.fork()
        if part.pid == 0:
            self._become(part)
        self._note()

    def _note(self) -> None:
        """Keep a list of what runs, by process id, for whoever looks after this machine."""
        running = {part.name: part.pid for part in self.parts if part.running}
        (self.logs / "processes.new").write_text(json.dumps(running, indent=1))
        (self.logs / "processes.new").replace(self.logs / "processes.json")

    def _become(self, part: Part) -> NoReturn:
        """In the child: leave the parent's terminal, signals and life behind, and do the part's work."""
        code = 1
        try:
            os.setsid()  # Ctrl-C is for the supervisor, which stops us in order
            # Nothing is lost by a kill; a request to stop might wait for a queue server that is dying as well.
            die_with_parent(signal.SIGTERM if part.support else signal.SIGKILL)
            prctl(PR_SET_NAME, part.name.encode())
            if os.getppid() != self._pid:
                os._exit(1)
            signal.set_wakeup_fd(-1)
            for number in (*STOP_SIGNALS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            if not part.console:
                self._redirect(part)
            part.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
            if not isinstance(end.code, (int, type(None))):
                print(end.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _redirect(self, part: Part) -> None:
        log = os.open(self.log_of(part), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for target in (1, 2):
            os.dup2(log, target)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.close(log)


def how(code: int | None) -> str:
    """An exit code in words: a signal's name when one ended it."""
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


@contextlib.contextmanager
def shared_by_forks() -> Iterator[None]:
    """Import within the `with` what children share: their memory is then common, and stays so."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()
