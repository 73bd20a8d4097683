"""What happens next in a run: a pure function from its rows and one event to new rows and commands to send.

No clock, no database, no chance of its own: the same timeline always gives the same decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from .definition import PIVOT, Action, Saga, Step, arguments_for, is_exchange, queue_of, wire_name

RESEND_AFTER = 10.0  # seconds without a reply until a command is sent again, at first; exchanges have their calls' more
BASE_DELAY, DELAY_CAP, RETRIABLE_CAP = 0.5, 60.0, 300.0  # seconds, of the backoff between tries
ATTEMPTS = 8  # failed tries until a step's outcome counts as unknown (before the pivot) or a person is asked to look
SILENCE = timedelta(minutes=15)  # without any reply, until the same: a worker that is away has tried nothing
PENDING_CAP = 300.0  # seconds between two looks at something that is pending, at most
SILENT_CAP = 300.0  # seconds between two sends of what nobody answers, at most
PATIENCE = timedelta(hours=24)  # how long a pending answer is waited for before a person is asked to look
FINAL = ("completed", "compensated", "resolved")
OUTSTANDING = ("SENT", "BACKOFF", "PENDING")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Started:
    """The run was just made."""


@dataclass(frozen=True)
class Due:
    """The run's timer has fired."""


@dataclass(frozen=True)
class Replied:
    """A worker's answer to a command: OK, REJECTED, CANCELLED, NOOP, RETRY or PENDING."""

    cmd_id: UUID
    outcome: str
    reply: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    retry_after: float | None = None
    waiting_for: str | None = None


@dataclass
class Decision:
    """What to write and what to send. `steps` maps (seq, phase) to changed columns; `notes` become run events."""

    run: dict[str, Any] = field(default_factory=dict)
    steps: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    send: list[dict[str, Any]] = field(default_factory=list)
    notes: list[tuple[str, int | None, dict[str, Any]]] = field(default_factory=list)


def command_id(run_id: UUID, seq: int, phase: str, gen: int = 0) -> UUID:
    """The id of a step's command: the same for every try, so that a domain's inbox knows it again."""
    return uuid5(run_id, f"{seq}/{phase}/{gen}")


def asked_at(row: Row) -> datetime:
    """Since when a step's command goes unanswered."""
    return row["asked_at"] or row["sent_at"]  # type: ignore[no-any-return]  # empty in rows of an older release


def unanswered(row: Row) -> int:
    """How many times a step's command was sent for nothing since its last reply."""
    error = row["error"] or {}
    return int(error.get("times", 0)) if error.get("code") == "no_reply" else 0


def decide(
    saga: Saga,
    run: Row,
    steps: list[Row],
    event: Started | Due | Replied,
    *,
    now: datetime,
    spread: float,
    call_time: float = 10.0,
) -> Decision:
    """Decide what an event means for a run.

    `steps` are the run's step rows; `now` is the database's time; `spread` in [0, 1) scatters the backoff; `call_time`
    is how many seconds a call to the outside may take, for an exchange at work is not asked twice.
    """
    turn = _Turn(saga, run, {(row["seq"], row["phase"]): row for row in steps}, now, spread, call_time)
    if run["status"] in FINAL:
        turn.note("ignored", None, event=type(event).__name__)
    elif isinstance(event, Started):
        turn.forward(0)
    elif isinstance(event, Due):
        turn.due()
    else:
        turn.replied(event)
    return turn.made


class _Turn:
    """One decision in the making."""

    def __init__(
        self, saga: Saga, run: Row, rows: dict[tuple[int, str], Row], now: datetime, spread: float, call_time: float
    ) -> None:
        self.saga, self.run, self.rows, self.now, self.spread, self.call_time = saga, run, rows, now, spread, call_time
        self.made = Decision()

    def note(self, kind: str, seq: int | None, **data: Any) -> None:
        self.made.notes.append((kind, seq, data))

    @property
    def outstanding(self) -> Row | None:
        return next((row for row in self.rows.values() if row["status"] in OUTSTANDING), None)

    # ---- forwards

    def forward(self, seq: int, outputs: dict[str, Any] | None = None) -> None:
        """Send the step at `seq`, or complete the run when there is none."""
        if seq == len(self.saga.steps):
            self.end("completed")
            return
        self.made.run |= {"seq": seq, "status": "running"}
        self.send_new(seq, "F", self.saga.steps[seq].action, outputs)

    def replied(self, event: Replied) -> None:
        row = self.outstanding
        if row is None or row["cmd_id"] != event.cmd_id:
            self.note("dropped", None, cmd_id=str(event.cmd_id), outcome=event.outcome)
            return
        if event.outcome == "PENDING":
            self.pending(row, event)
        elif event.outcome == "RETRY":
            self.failed(row, event.retry_after, event.error)
        elif row["phase"] == "C":
            self.undone(row, event)
        elif event.outcome == "OK":
            self.done(row, event.reply)
        else:
            self.refused(row, event.error or {"code": event.outcome.lower(), "detail": ""})

    def done(self, row: Row, reply: dict[str, Any]) -> None:
        seq, found = row["seq"], self.saga.steps[row["seq"]]
        given = {name: reply[name] for name in found.gives if name in reply}
        self.change(row, status="DONE", reply=reply, done_at=self.now, error=None)
        outputs = {**self.run["outputs"], **given}
        self.made.run |= {"outputs": outputs, "attention": None, "waiting_for": None}
        if found.kind == PIVOT:
            self.made.run["pivoted"] = True
        self.note("done", seq)
        self.forward(seq + 1, outputs)

    def refused(self, row: Row, error: dict[str, Any]) -> None:
        """A business no: take back what was done before it. After the pivot that is a fault of the definition."""
        if row["seq"] > self.saga.pivot_seq:
            self.change(row, status="BACKOFF", error=error, due_at=self.after(RETRIABLE_CAP))
            self.attention("refused_after_pivot", row["seq"])
            return
        self.change(row, status="REFUSED", error=error, done_at=self.now)
        self.made.run["error"] = {**error, "step": self.saga.steps[row["seq"]].name}
        self.note("refused", row["seq"], **error)
        self.backward(row["seq"] - 1)

    # ---- back

    def backward(self, seq: int) -> None:
        """Send the compensation of the newest step at or below `seq` that may have had an effect."""
        self.made.run |= {"phase": "C", "attention": None, "waiting_for": None}
        while seq >= 0:
            found, row = self.saga.steps[seq], self.rows.get((seq, "F"))
            changed = self.made.steps.get((seq, "F"), {})
            status = changed.get("status", row["status"] if row else None)
            if found.compensation is not None and status in ("DONE", "UNKNOWN"):
                self.made.run |= {"seq": seq, "status": "compensating"}
                self.send_new(seq, "C", found.compensation, None)
                return
            seq -= 1
        self.end("compensated")

    def undone(self, row: Row, event: Replied) -> None:
        if event.outcome not in ("OK", "NOOP"):  # a compensation cannot be refused: it is asked again until it is done
            self.failed(row, None, event.error)
            return
        status = "UNDONE" if event.outcome == "OK" else "NOOP"
        self.change(row, status=status, reply=event.reply, done_at=self.now, error=None)
        self.note("undone", row["seq"], outcome=status)
        self.backward(row["seq"] - 1)

    # ---- waiting, trying again

    def due(self) -> None:
        row = self.outstanding
        if row is None:
            raise AssertionError(f"run {self.run['id']} is {self.run['status']} with nothing outstanding")
        if row["status"] == "SENT":
            self.silent(row)
        else:
            self.send_again(row, asked_at=self.now)

    def silent(self, row: Row) -> None:
        """No reply in time. That is no failed try: ask again under the same id, ever more seldom, before giving up."""
        waited, times = self.now - asked_at(row), unanswered(row) + 1
        error = {"code": "no_reply", "detail": "", "times": times}
        self.note("unanswered", row["seq"], phase=row["phase"], times=times)
        if waited >= SILENCE and self.may_give_up(row):
            self.give_up(row, error, row["attempt"])
            return
        self.send_again(row, asked_at=asked_at(row), error=error)
        if waited >= SILENCE:
            self.get_help(row["seq"])

    def pending(self, row: Row, event: Replied) -> None:
        """The outside is at work: no attempt is counted. The longer it takes, the less often it is asked."""
        waited = self.now - row["sent_at"]
        due_at = self.after(max(event.retry_after or 2.0, min(waited.total_seconds() / 10, PENDING_CAP)))
        self.change(row, status="PENDING", due_at=due_at, error=None)
        self.made.run |= {"waiting_for": event.waiting_for, "next_at": due_at}
        if waited > PATIENCE:
            self.attention("waiting_too_long", row["seq"])

    def failed(self, row: Row, wait: float | None, error: dict[str, Any] | None) -> None:
        """A technical failure: back off and ask again, or give the step up when that is safe."""
        seq, attempt = row["seq"], row["attempt"] + 1
        self.note("failed", seq, attempt=attempt, phase=row["phase"], **(error or {}))
        if attempt >= ATTEMPTS and self.may_give_up(row):
            self.give_up(row, error, attempt)
            return
        due_at = self.after(self.backoff(attempt, seq) if wait is None else wait)
        self.change(row, status="BACKOFF", error=error, attempt=attempt, due_at=due_at)
        self.made.run["next_at"] = due_at
        if attempt >= ATTEMPTS:
            self.get_help(seq)

    def may_give_up(self, row: Row) -> bool:
        return bool(row["phase"] == "F" and row["seq"] < self.saga.pivot_seq)

    def give_up(self, row: Row, error: dict[str, Any] | None, attempt: int) -> None:
        """Unknown is not "did not happen": this step is compensated too."""
        self.change(row, status="UNKNOWN", error=error, attempt=attempt, done_at=self.now)
        self.made.run["error"] = {"code": "no_answer", "detail": "", "step": self.saga.steps[row["seq"]].name}
        self.backward(row["seq"])

    def get_help(self, seq: int) -> None:
        self.attention("in_doubt" if seq == self.saga.pivot_seq else "not_getting_through", seq)

    def backoff(self, attempt: int, seq: int) -> float:
        """Full jitter up to a cap, never less than the base."""
        cap = RETRIABLE_CAP if seq > self.saga.pivot_seq else DELAY_CAP
        highest = min(cap, BASE_DELAY * 2 ** min(attempt, 20))
        return BASE_DELAY + float(highest - BASE_DELAY) * self.spread

    def attention(self, code: str, seq: int) -> None:
        """Ask a person to look. The run keeps its timer and goes on asking."""
        if self.run["attention"] != code:
            self.note("needs_attention", seq, code=code)
        next_at = self.made.run.get("next_at") or self.after(RETRIABLE_CAP)
        self.made.run |= {"status": "needs_attention", "attention": code, "next_at": next_at}

    # ---- writing

    def after(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)

    def change(self, row: Row, **columns: Any) -> None:
        self.made.steps.setdefault((row["seq"], row["phase"]), {}).update(columns)

    def end(self, status: str) -> None:
        self.made.run |= {"status": status, "next_at": None, "ended_at": self.now, "attention": None}
        self.note(status, None)

    def send_new(self, seq: int, phase: str, action: Action, outputs: dict[str, Any] | None) -> None:
        found: Step = self.saga.steps[seq]
        values = {**(outputs if outputs is not None else self.run["outputs"]), **self.run["payload"]}
        row = {
            "seq": seq, "phase": phase, "gen": 0, "cmd_id": command_id(self.run["id"], seq, phase),
            "name": wire_name(action), "kind": found.kind, "queue": queue_of(action), "status": "SENT", "attempt": 0,
            "send_no": 1, "body": arguments_for(action, values), "reply": None, "error": None, "sent_at": self.now,
            "asked_at": self.now, "due_at": None, "done_at": None,
        }  # fmt: skip
        self.made.steps[seq, phase] = row
        self.send(row, row)
        self.note("sent", seq, phase=phase)

    def send_again(self, row: Row, *, asked_at: datetime, **more: Any) -> None:
        self.send(row, {"status": "SENT", "send_no": row["send_no"] + 1, "asked_at": asked_at, **more})

    def send(self, row: Row, changed: dict[str, Any]) -> None:
        """Send a command. Until it is sent again there is time for its calls, and the longer the more it was silent."""
        patience = RESEND_AFTER + (2 * self.call_time if is_exchange(row["queue"]) else 0.0)
        silent = (self.now - changed["asked_at"]).total_seconds()
        wait = max(patience, min(silent / 2, SILENT_CAP))
        self.change(row, **changed | {"due_at": self.after(wait)})
        self.made.run["next_at"] = self.after(wait)
        self.made.send.append({**row, **changed, "wait": wait})
