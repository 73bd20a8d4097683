"""What happens next in a run: a pure function from its rows and one event to new rows and commands to send.

No clock, no database, no chance of its own: the same timeline always gives the same decisions.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from . import steering
from .definition import PIVOT, Saga
from .events import FINAL, PATIENT, RESOLVED, Asked, Decision, Due, Event, Replied, Row, Signalled, Started
from .turn import RESEND_AFTER as RESEND_AFTER
from .turn import Turn, asked_at

BASE_DELAY, DELAY_CAP, RETRIABLE_CAP = 0.5, 60.0, 300.0  # seconds, of the backoff between tries
ATTEMPTS = (
    12  # failed tries, over some minutes, until an outcome counts as unknown (before the pivot) or a person is asked
)
SILENCE = timedelta(minutes=15)  # without any reply, until the same: a worker that is away has tried nothing
LOCK_DELAY, AWAY_DELAY = 2.0, 5.0  # seconds until what another run holds, or a database that is away, is tried again
PENDING_CAP = 300.0  # seconds between two looks at something that is pending, at most
LATE = {"code": "deadline", "detail": ""}  # why a run is given up that has not reached its pivot in time
PATIENCE = timedelta(hours=24)  # how long a pending answer is waited for before a person is asked to look


def unanswered(row: Row) -> int:
    """How many times a step's command was sent for nothing since its last reply."""
    error = row["error"] or {}
    return int(error.get("times", 0)) if error.get("code") == "no_reply" else 0


def decide(
    saga: Saga, run: Row, steps: list[Row], event: Event, *, now: datetime, spread: float, call_time: float = 10.0
) -> Decision:
    """Decide what an event means for a run.

    `steps` are the run's step rows; `now` is the database's time; `spread` in [0, 1) scatters the backoff; `call_time`
    is how many seconds a call to the outside may take, for an exchange at work is not asked twice. Raises Conflict or
    Invalid when a person asks for what cannot be done.
    """
    turn = Rules(saga, run, steps, now, spread, call_time)
    if isinstance(event, Asked):
        steering.steer(turn, event)
    elif run["status"] in FINAL:
        turn.made.ignored = "the run has ended"
    elif isinstance(event, Started):
        turn.forward(0)
    elif isinstance(event, Due):
        turn.due()
    elif isinstance(event, Signalled):
        turn.signalled()
    else:
        turn.replied(event)
    if not turn.made.ignored:
        turn.set_timer()
    return turn.made


class Rules(Turn):
    """What each event does to a run."""

    # ---- forwards

    def forward(self, seq: int) -> None:
        """Send the step at `seq`, with those of its group, or complete the run when there is none."""
        if seq == len(self.saga.steps):
            self.end("completed")
            return
        if seq <= self.saga.pivot_seq and self.is_over():
            self.say_given_up(seq, LATE)
            self.backward(seq - 1)
            return
        self.made.run |= {"phase": "F", "seq": seq, "status": "running", "attention": None, "waiting_for": None}
        for each in self.saga.group_of(seq):
            self.send_new(each, "F", self.saga.steps[each].action)

    def replied(self, event: Replied) -> None:
        row = next((one for one in self.outstanding if one["cmd_id"] == event.cmd_id), None)
        if row is None:
            self.made.ignored = "nobody waits for this reply"
        elif event.outcome == "RETRY" and row["status"] == "BACKOFF":
            self.made.ignored = "that try is known to have failed"  # the reply came twice, or that of an older sending
        elif event.outcome == "PENDING":
            self.pending(row, event)
        elif event.outcome == "RETRY":
            self.failed(row, event.retry_after, event.error)
        elif row["phase"] == "W":
            self.withdrawn(row, event)
        elif row["phase"] == "C":
            self.undone(row, event)
        elif event.outcome == "OK":
            self.done(row, event.reply)
        else:
            self.refused(row, event.error or {"code": event.outcome.lower(), "detail": ""})

    def done(self, row: Row, reply: dict[str, Any], status: str = "DONE") -> None:
        seq, found = row["seq"], self.saga.steps[row["seq"]]
        given = {name: reply[name] for name in (*found.gives, *found.renews) if name in reply}
        self.change(row, status=status, reply=reply, done_at=self.now, due_at=None, error=None)
        self.made.run["outputs"] = {**self.run["outputs"], **given}
        if found.kind == PIVOT:
            self.made.run["pivoted"] = True
        if self.is_patient() and self.saga.deadline is not None:
            self.made.run["deadline_at"] = self.now + self.saga.deadline
        self.note("done" if status == "DONE" else "skipped", seq)
        if not self.outstanding:  # of a group, the last one takes the run on
            self.forward(self.saga.group_of(seq)[-1] + 1)

    def refused(self, row: Row, error: dict[str, Any]) -> None:
        """A business no: take back what was done before it. After the pivot that is a fault of the definition."""
        self.note("refused", row["seq"], **error)
        if row["seq"] > self.saga.pivot_seq:
            self.change(row, status="BACKOFF", error={**error, "refused": True}, due_at=self.after(RETRIABLE_CAP))
            self.attention("refused_after_pivot", row["seq"])
            return
        self.change(row, status="REFUSED", error=error, done_at=self.now, due_at=None)
        self.made.run["error"] = {**error, "step": self.saga.steps[row["seq"]].name}
        self.take_back(row["seq"])

    # ---- back

    def take_back(self, seq: int) -> None:
        """Compensate from the step at `seq`, or its group, on. What is still at work may have had its effect."""
        for row in self.outstanding:
            self.change(row, status="UNKNOWN", done_at=self.now, due_at=None)
        self.backward(self.saga.group_of(seq)[-1])

    def backward(self, seq: int) -> None:
        """Send the compensation of the newest step at or below `seq` that may have had an effect."""
        self.made.run |= {"phase": "C", "attention": None, "waiting_for": None, "proposed": None}
        while seq >= 0:
            found, row = self.saga.steps[seq], self.newest(seq, "F")
            if found.compensation is not None and row and row["status"] in ("DONE", "UNKNOWN", "SKIPPED"):
                self.made.run |= {"seq": seq, "status": "compensating"}
                self.send_new(seq, "C", found.compensation)
                return
            seq -= 1
        self.end("compensated")

    def undone(self, row: Row, event: Replied) -> None:
        if event.outcome in ("OK", "NOOP"):
            status = "UNDONE" if event.outcome == "OK" else "NOOP"
            self.change(row, status=status, reply=event.reply, done_at=self.now, due_at=None, error=None)
            self.note("undone", row["seq"], outcome=status)
            self.backward(row["seq"] - 1)
        else:  # a compensation cannot be refused: it is asked again until it is done, or an operator has it asked anew
            self.failed(row, None, {**(event.error or {"code": event.outcome.lower()}), "refused": True})

    def withdrawn(self, row: Row, event: Replied) -> None:
        """A command can no longer happen, and what a person wanted instead follows; or it had happened, and counts."""
        step, then = self.newest(row["seq"], "F") or row, row["body"]["then"]
        self.change(row, status="NOOP", reply=event.reply, done_at=self.now, due_at=None, error=None)
        if event.outcome == "HAPPENED":
            self.done(step, event.reply)
        elif then == "skip":
            self.done(step, row["body"]["outputs"], "SKIPPED")
        else:
            self.made.run["error"] = {"code": RESOLVED, "detail": ""}
            self.note("withdrawn", row["seq"])
            if then == "take_back":
                self.take_back(row["seq"])
            else:
                self.give_over(step)

    def give_over(self, step: Row) -> None:
        """Leave a step after the pivot to the person who settles it elsewhere, and go on without it."""
        self.change(step, status="STUCK", done_at=self.now, due_at=None)
        if not self.outstanding:
            self.forward(self.saga.group_of(step["seq"])[-1] + 1)

    # ---- waiting, trying again

    def due(self) -> None:
        rows = self.outstanding
        if not rows:
            raise AssertionError(f"run {self.run['id']} is {self.run['status']} with nothing outstanding")
        if self.gave_up_late(rows[0]):
            return
        for row in rows:
            if row["due_at"] <= self.now and self.is_outstanding(row):
                if row["status"] == "SENT":
                    self.silent(row)
                else:
                    self.send_again(row, asked_at=self.now)
        if not self.made.notes:
            self.note("woken", None)

    def signalled(self) -> None:
        """Ask again at once what is pending."""
        pending = [row for row in self.outstanding if row["status"] == "PENDING"]
        for row in pending:
            self.note("signalled", row["seq"])
            self.send_again(row, asked_at=self.now)
        if not pending:
            self.made.ignored = "nothing is waited for"

    def silent(self, row: Row) -> None:
        """No reply in time. That is no failed try: ask again under the same id, ever more seldom, before giving up."""
        waited, times = self.now - asked_at(row), unanswered(row) + 1
        error = {"code": "no_reply", "detail": "", "times": times}
        self.note("unanswered", row["seq"], phase=row["phase"], times=times)
        if waited >= SILENCE and self.is_given_up(row):
            self.give_up(row, error, row["attempt"])
            return
        self.send_again(row, asked_at=asked_at(row), error=error)
        if waited >= SILENCE:
            self.get_help(row["seq"])

    def pending(self, row: Row, event: Replied) -> None:
        """The outside is at work: no attempt is counted. The longer it takes, the less often it is asked.

        A wait for the customer itself takes as long as it takes: it is no trouble, and the deadline begins after it.
        """
        waited = self.now - row["sent_at"]
        due_at = self.after(max(event.retry_after or 2.0, min(waited.total_seconds() / 10, PENDING_CAP)))
        self.change(row, status="PENDING", due_at=due_at, error=None)
        self.made.run["waiting_for"] = event.waiting_for
        self.note("pending", row["seq"], waiting_for=event.waiting_for)
        if event.waiting_for in PATIENT:
            self.made.run |= {"status": "running", "attention": None}
        elif waited > PATIENCE:
            self.attention("waiting_too_long", row["seq"])

    def failed(self, row: Row, wait: float | None, error: dict[str, Any] | None) -> None:
        """A technical failure: back off and ask again, or give the step up when that is safe."""
        if error and ("locked" in error or "away" in error):
            self.hold_on(row, error)
            return
        seq, attempt = row["seq"], row["attempt"] + 1
        self.note("failed", seq, attempt=attempt, phase=row["phase"], **(error or {}))
        if attempt >= ATTEMPTS and self.is_given_up(row):
            self.give_up(row, error, attempt)
            return
        due_at = self.after(self.backoff(attempt, seq) if wait is None else wait)
        self.change(row, status="BACKOFF", error=error, attempt=attempt, due_at=due_at)
        if attempt >= ATTEMPTS:
            self.get_help(seq)

    def hold_on(self, row: Row, error: dict[str, Any]) -> None:
        """Another run holds what the step needs, or the domain's database is away: nothing was tried, ask again soon.

        Before the pivot not for ever (nor for each other). A step that is given up is compensated itself, for its
        command may still be on its way.
        """
        locked, waited = "locked" in error, self.now - row["sent_at"]
        told = {name: value for name, value in error.items() if name not in ("locked", "away")}
        self.note("locked" if locked else "away", row["seq"], **told)
        late = waited >= (self.saga.lock_wait if locked else SILENCE)
        if late and self.is_given_up(row):
            self.give_up(row, error, row["attempt"])
            if locked:
                self.made.run["error"] = {**told, "step": self.saga.steps[row["seq"]].name}
            return
        soon = BASE_DELAY + ((LOCK_DELAY if locked else AWAY_DELAY) - BASE_DELAY) * self.spread
        longer = 0.0 if locked else min(waited.total_seconds() / 4, DELAY_CAP)
        self.change(row, status="BACKOFF", error=error, due_at=self.after(max(soon, longer)))
        if late and not locked:
            self.get_help(row["seq"])

    def is_given_up(self, row: Row) -> bool:
        """Whether a step in trouble is taken back: not while the run waits for people, who need not start anew."""
        return self.may_give_up(row) and not self.is_patient()

    def gave_up_late(self, row: Row) -> bool:
        """Give a run up whose deadline has passed while it can still be taken back."""
        late = self.is_over() and self.may_give_up(row)
        if late:
            self.give_up(row, LATE, row["attempt"])
        return late

    def give_up(self, row: Row, error: dict[str, Any] | None, attempt: int) -> None:
        """Unknown is not "did not happen": this step is compensated too."""
        self.change(row, status="UNKNOWN", error=error, attempt=attempt, done_at=self.now, due_at=None)
        self.say_given_up(row["seq"], error)
        self.take_back(row["seq"])

    def say_given_up(self, seq: int, error: dict[str, Any] | None) -> None:
        self.made.run["error"] = {"code": "no_answer", "detail": "", "step": self.saga.steps[seq].name}
        self.note("given_up", seq, **(error or {}))

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
        self.made.run |= {"status": "needs_attention", "attention": code}
