"""What can happen to a run, and what is decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Row = Mapping[str, Any]
StepKey = tuple[int, str, int]  # seq, phase, gen
FINAL = ("completed", "compensated", "resolved")
OUTSTANDING = ("SENT", "BACKOFF", "PENDING")
WITHDRAWN = ":withdraw"  # ends the name of a command that makes another one do nothing
PATIENT = ("approval", "information", "start_date")  # what a run may wait for as long as it takes
RESOLVED = "resolved"  # the error code of a run that an operator has ended


@dataclass(frozen=True)
class Started:
    """The run was just made."""


@dataclass(frozen=True)
class Due:
    """The run's timer has fired."""


@dataclass(frozen=True)
class Replied:
    """A worker's answer to a command: OK, REJECTED, CANCELLED, NOOP, HAPPENED, RETRY or PENDING."""

    cmd_id: UUID
    outcome: str
    reply: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    retry_after: float | None = None
    waiting_for: str | None = None
    traceparent: str = ""  # of the work that it tells of


@dataclass(frozen=True)
class Signalled:
    """What the run waits for may have come: it is asked again now, not when its timer fires."""


@dataclass(frozen=True)
class Asked:
    """A person wants the run to go another way: cancel, retry, compensate, skip, resolve, pause or resume.

    `by` names the person unmistakably; `outputs` are what a skipped step would have given.
    """

    op: str
    by: str
    reason: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)


Event = Started | Due | Replied | Signalled | Asked


@dataclass
class Decision:
    """What to write and what to send. `steps` maps a step's key to changed columns; `notes` become run events.

    `ignored` says why an event changes nothing at all: nothing is written then.
    """

    run: dict[str, Any] = field(default_factory=dict)
    steps: dict[StepKey, dict[str, Any]] = field(default_factory=dict)
    send: list[dict[str, Any]] = field(default_factory=list)
    notes: list[tuple[str, int | None, dict[str, Any]]] = field(default_factory=list)
    ignored: str = ""
