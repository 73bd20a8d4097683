"""The processes under test: forked from one that has imported everything, killed, stopped, and started again."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import time_machine

from domains.kernel.config import Settings
from processes import die_with_parent
from saga import coordinator, worker

Work = Callable[[Settings], None]


@dataclass
class Member:
    """One process of the crew: what it does, and whether it is up."""

    name: str
    kind: str  # coordinator, client, or the queue of a worker
    work: Work
    pid: int = 0
    sleeps: bool = False  # it was stopped, and will go on


@dataclass
class Crew:
    """All processes. Whoever dies is started again at the next `tend`, as a supervisor would."""

    settings: Settings
    logs: Path
    members: list[Member] = field(default_factory=list)
    leaving: dict[int, str] = field(default_factory=dict)  # processes that were asked to stop, with their names
    unexpected: list[str] = field(default_factory=list)  # ends that nobody has caused
    in_trouble: bool = False  # a database is away or slow: who starts now may well give up, and is started again
    later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)  # what is to be done, and when

    def add(self, name: str, kind: str, work: Work) -> None:
        member = Member(name, kind, work)
        self.members.append(member)
        self.start(member)

    def of(self, *kinds: str) -> list[Member]:
        return [member for member in self.members if member.kind in kinds and not member.sleeps]

    def start(
        self, member: Member, *, failpoint: str = "", url: str = "", saga_url: str = "", clock: float = 0.0
    ) -> None:
        """Start a member's process: with a place to die at, another way to its databases, or a clock that is wrong."""
        settings = replace(self.settings, failpoint=failpoint)
        if saga_url:
            settings = replace(settings, overrides={"database_url_saga": saga_url.replace("{domain}", "saga")})
        if url:
            settings = replace(settings, database_url=url)
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._become(member, settings, clock)
        member.pid = pid

    def replace(self, member: Member, **but: object) -> None:
        """Start a new process for a member, then ask its present one to stop: a rolling restart of one."""
        before = member.pid
        self.start(member, **but)  # type: ignore[arg-type]
        if before:
            self.leaving[before] = member.name
            os.kill(before, signal.SIGTERM)

    def kill(self, member: Member) -> None:
        """Kill a member's process; it stays dead until the next `tend`."""
        os.kill(member.pid, signal.SIGKILL)
        os.waitpid(member.pid, 0)
        member.pid = 0

    def died(self, member: Member) -> bool:
        """Whether a member has killed itself where it was to."""
        pid, status = os.waitpid(member.pid, os.WNOHANG)
        if pid == 0:
            return False
        member.pid = 0
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            self.unexpected.append(f"{member.name} ended with {os.waitstatus_to_exitcode(status)}")
        return True

    def tend(self) -> None:
        """Start again whoever is not there, take leave of those that have stopped, do what was put off until now."""
        for due, act in [one for one in self.later if one[0] <= time.monotonic()]:
            self.later.remove((due, act))
            act()
        for member in self.members:
            if member.pid and self._gone(member.pid):
                if not self.in_trouble:
                    self.unexpected.append(f"{member.name} ended by itself")
                member.pid = 0
            if not member.pid:
                self.start(member)
        for pid in [pid for pid in self.leaving if self._gone(pid)]:
            del self.leaving[pid]

    def pause(self, seconds: float) -> None:
        """Let the crew work for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.tend()
            time.sleep(min(0.05, max(0.0, until - time.monotonic())))

    def end(self) -> None:
        """Kill everybody, also those that are slow to leave or stopped."""
        for pid in [member.pid for member in self.members if member.pid] + list(self.leaving):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.members.clear()
        self.leaving.clear()

    @staticmethod
    def _gone(pid: int) -> bool:
        return os.waitpid(pid, os.WNOHANG)[0] != 0

    def _become(self, member: Member, settings: Settings, shift: float) -> None:
        try:
            die_with_parent(signal.SIGKILL)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            sys.stdout = sys.stderr = (self.logs / f"{member.name}.log").open("a", buffering=1)
            for stream in (1, 2):
                os.dup2(sys.stderr.fileno(), stream)
            if shift:  # every clock of this process but the monotonic one
                time_machine.travel(time.time() + shift, tick=True).start()
            member.work(settings)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)


def a_coordinator(settings: Settings) -> None:
    coordinator.run(settings)


def a_worker(queue: str) -> Work:
    """The real worker of one queue of a domain."""
    domain = queue.removesuffix("-exchange")
    return partial(_work, domain=domain, queue=queue)


def _work(settings: Settings, *, domain: str, queue: str) -> None:
    worker.run(settings, domain, queue)
