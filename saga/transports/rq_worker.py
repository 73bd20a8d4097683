"""RQ's worker as ours: it performs what waits for it together, and tells the queue server only what somebody asks for.

RQ's own keeps a diary of each job there, in sixty commands. Nobody reads it: the coordinator sends again what is not
answered.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from rq import SimpleWorker
from rq.job import Job
from rq.timeouts import JobTimeoutException
from rq.worker.base import WorkerStatus

from domains.kernel import failpoint, heartbeat

from ..definition import is_exchange

log = logging.getLogger(__name__)
PERFORM = "saga.transports.rq.perform_batch"
PER_JOB = 16  # commands in one job, and at most in one transaction
JOB_TIMEOUT = 120  # seconds
TOLD_EVERY, BEAT_EVERY = 10.0, 1.0  # seconds, to the queue server and to the machine, that this process is well

Envelopes = list[dict[str, Any]]


class Command(Job):
    """A job of ours. RQ's may name any function and callbacks: whoever gets at the queue server gets none called."""

    success_callback = failure_callback = stopped_callback = None

    @property
    def func(self) -> Any:
        raise RuntimeError(f"this job is called by nobody: {self.func_name}")

    @property
    def envelopes(self) -> Envelopes:
        """The commands in it; refused when it is not ours."""
        if self.func_name != PERFORM or not all(isinstance(one, dict) for one in self.args[0]):
            raise RuntimeError(f"this job is not ours: {self.func_name}")
        return list(self.args[0])


class Worker(SimpleWorker):
    """RQ's worker without a fork per job, which remembers that it was asked to stop (idle ones forget it)."""

    job_class = Command
    asked_to_stop = False
    max_connection_wait_time = 1.0  # seconds, where RQ's would leave a server that is back alone for up to a minute
    perform: Callable[[Envelopes], None]
    _told = _beat = float("-inf")

    def heartbeat(self, *arguments: Any, **named: Any) -> None:
        """Also tell the machine, first of all: the queue server may be away, and this process is well all the same."""
        now = time.monotonic()
        if now - self._beat >= BEAT_EVERY:
            heartbeat.beat(f"worker-{self.queues[0].name}")
            self._beat = now
        if now - self._told >= TOLD_EVERY:
            super().heartbeat(*arguments, **named)
            self._told = now

    def check_for_suspension(self, burst: bool) -> None:
        """RQ would ask the server before each job whether all its workers are to rest; ours are stopped instead."""

    def set_state(self, state: str, pipeline: Any = None) -> None:
        """Know whether a request to stop must wait for a job; RQ would tell the server, too, twice a job."""
        self._state = state

    def request_stop(self, signum: Any, frame: Any) -> None:
        Worker.asked_to_stop = True  # of the class: the next worker of this process must not forget it either
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def execute_job(self, job: Any, queue: Any) -> None:
        """Perform a job and those that wait behind it. Whatever becomes of them, the queue server may forget them."""
        self.set_state(WorkerStatus.BUSY)
        jobs = [job]
        try:
            jobs += self._waiting(queue)
            failpoint.reach("worker.popped")
            commands = [envelope for one in jobs for envelope in _envelopes(one)]
            with self.death_penalty_class(JOB_TIMEOUT, JobTimeoutException, job_id=job.id):
                for start in range(0, len(commands), PER_JOB):
                    self.perform(commands[start : start + PER_JOB])
        except Exception:
            log.exception("commands could not be performed for now")
        finally:
            pipe: Any = self.connection.pipeline(transaction=False)
            for one in jobs:
                pipe.lrem(queue.intermediate_queue_key, 1, one.id).unlink(one.key)
            pipe.execute()
            self.set_state(WorkerStatus.IDLE)

    def _waiting(self, queue: Any) -> list[Any]:
        """Take the jobs that wait now, as RQ does, only several; none of exchanges, which are not done together."""
        count = 0 if is_exchange(queue.name) else min(self.connection.llen(queue.key), PER_JOB - 1)
        if not count:
            return []
        pipe = self.connection.pipeline(transaction=False)
        for _ in range(count):
            pipe.lmove(queue.key, queue.intermediate_queue_key)
        ids = [job_id.decode() for job_id in pipe.execute() if job_id]
        found = self.job_class.fetch_many(ids, connection=self.connection, serializer=self.serializer)
        for job_id, job in zip(ids, found, strict=True):
            if job is None:
                self.connection.lrem(queue.intermediate_queue_key, 1, job_id)
        return [job for job in found if job is not None]


def _envelopes(job: Command) -> Envelopes:
    try:
        return job.envelopes
    except Exception as error:
        log.warning("a job that cannot be read", extra={"reason": str(error)})
        return []
