"""One decision in the making: what it reads of a run, and what it writes and sends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from .definition import Action, Saga, arguments_for, is_exchange, queue_of, wire_name
from .events import FINAL, OUTSTANDING, PATIENT, RESOLVED, WITHDRAWN, Decision, Row, StepKey

RESEND_AFTER = 10.0  # seconds without a reply until a command is sent again, at first; exchanges have their calls' more
SILENT_CAP = 300.0  # seconds between two sends of what nobody answers, at most


def command_id(run_id: UUID, seq: int, phase: str, gen: int = 0) -> UUID:
    """The id of a step's command: the same for every try, so that a domain's inbox knows it again."""
    return uuid5(run_id, f"{seq}/{phase}/{gen}")


def asked_at(row: Row) -> datetime:
    """Since when a step's command goes unanswered."""
    return row["asked_at"] or row["sent_at"]  # type: ignore[no-any-return]  # empty in rows of an older release


def is_revocable(row: Row, pivot_seq: int) -> bool:
    """Whether a step at work can still be taken back. Of a pivot that is held back nobody knows yet."""
    return bool(row["phase"] == "F" and row["seq"] < pivot_seq + (row["send_no"] == 0))


class Turn:
    """The run as one decision found it and leaves it."""

    def __init__(self, saga: Saga, run: Row, steps: list[Row], now: datetime, spread: float, call_time: float) -> None:
        self.saga, self.run, self.now, self.spread, self.call_time = saga, run, now, spread, call_time
        self.rows: dict[StepKey, Row] = {(row["seq"], row["phase"], row["gen"]): row for row in steps}
        self.made = Decision()

    def note(self, kind: str, seq: int | None, **data: Any) -> None:
        self.made.notes.append((kind, seq, data))

    def told(self, column: str) -> Any:
        """A column of the run as this decision leaves it."""
        return self.made.run.get(column, self.run[column])

    def newest(self, seq: int, phase: str) -> Row | None:
        """A step's row as this decision leaves it: the last, when an operator had it asked anew."""
        gens = [gen for at, kind, gen in (*self.rows, *self.made.steps) if (at, kind) == (seq, phase)]
        return self.as_left((seq, phase, max(gens))) if gens else None

    def as_left(self, key: StepKey) -> Row:
        return {**self.rows.get(key, {}), **self.made.steps.get(key, {})}

    @property
    def outstanding(self) -> list[Row]:
        """The rows whose commands are not answered: one, or one each of a group's steps; oldest first."""
        rows = [self.as_left(key) for key in sorted({*self.rows, *self.made.steps})]
        return [row for row in rows if row["status"] in OUTSTANDING]

    def may_give_up(self, row: Row) -> bool:
        """Whether a step can still be taken back, so that its outcome may stay unknown."""
        return is_revocable(row, self.saga.pivot_seq)

    def is_patient(self) -> bool:
        """Whether the run waits for the customer's own people or for a day, which may take weeks."""
        return self.made.run.get("waiting_for", self.run.get("waiting_for")) in PATIENT

    def is_over(self) -> bool:
        """Whether the time in which the run must reach its pivot is over; a wait for people does not count."""
        until = self.told("deadline_at")
        return until is not None and self.now >= until and not self.is_patient()

    def is_outstanding(self, row: Row) -> bool:
        """Whether a command is still waited for, as this decision leaves it."""
        return self.as_left((row["seq"], row["phase"], row["gen"]))["status"] in OUTSTANDING

    # ---- writing

    def after(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)

    def next_due(self) -> datetime | None:
        """When the run's timer must fire; a deadline counts as long as it can be kept."""
        rows = self.outstanding
        times = [row["due_at"] for row in rows]
        if rows and self.told("deadline_at") is not None and self.may_give_up(rows[0]) and not self.is_patient():
            times.append(self.told("deadline_at"))
        return min(times, default=None)

    def set_timer(self) -> None:
        self.made.run["next_at"] = None if self.told("status") in FINAL else self.next_due()

    def change(self, row: Row, **columns: Any) -> None:
        self.made.steps.setdefault((row["seq"], row["phase"], row["gen"]), {}).update(columns)

    def end(self, status: str) -> None:
        if (self.told("error") or {}).get("code") == RESOLVED:
            status = "resolved"
        self.made.run |= {"status": status, "ended_at": self.now, "attention": None, "waiting_for": None}
        self.note(status, None)

    def send_new(self, seq: int, phase: str, action: Action) -> None:
        """Send a step's first command. Its arguments are kept with it, whatever the run's outputs become."""
        values = {**self.run["payload"], **self.told("outputs")}  # nothing of the payload but what a step renews
        self._send_first(seq, phase, 0, wire_name(action), queue_of(action), arguments_for(action, values))

    def send_anew(self, row: Row) -> None:
        """Send a command once more under a new id, because the old one has its answer for ever."""
        self._send_first(row["seq"], row["phase"], row["gen"] + 1, row["name"], row["queue"], row["body"])

    def withdraw(self, row: Row, then: str, outputs: dict[str, Any] | None = None) -> None:
        """Have a command that may still be on its way do nothing; the answer says whether it has happened.

        `then` is what follows when it has not: skip (with `outputs`), give_up or take_back.
        """
        self.change(row, status="UNKNOWN", done_at=self.now, due_at=None)
        self.made.run |= {"status": "running", "attention": None, "waiting_for": None}
        name, domain = row["name"] + WITHDRAWN, row["name"].split(".")[0]
        self._send_first(row["seq"], "W", row["gen"], name, domain, {"then": then, "outputs": outputs or {}})

    def _send_first(self, seq: int, phase: str, gen: int, name: str, queue: str, body: dict[str, Any]) -> None:
        held = bool(self.told("paused"))
        row = {
            "seq": seq, "phase": phase, "gen": gen, "cmd_id": command_id(self.run["id"], seq, phase, gen), "name": name,
            "kind": self.saga.steps[seq].kind, "queue": queue, "status": "SENT", "attempt": 0,
            "send_no": 0 if held else 1, "body": body, "reply": None, "error": None, "sent_at": self.now,
            "asked_at": self.now, "due_at": None, "done_at": None,
        }  # fmt: skip
        self.made.steps[seq, phase, gen] = row
        self.note("held" if held else "sent", seq, phase=phase)
        self.send(row, {})

    def send_again(self, row: Row, *, asked_at: datetime, **more: Any) -> None:
        if not self.made.notes:
            self.note("sent_again", row["seq"], phase=row["phase"], send_no=row["send_no"] + 1)
        more |= {} if row["send_no"] else {"sent_at": self.now}  # it was held back until now
        self.send(row, {"status": "SENT", "send_no": row["send_no"] + 1, "asked_at": asked_at, **more})

    def send(self, row: Row, changed: dict[str, Any]) -> None:
        """Send a command. Until it is sent again there is time for its calls, and the longer the more it was silent.

        A run that is paused keeps it, to be sent when it goes on.
        """
        if self.told("paused"):
            self.change(row, status="BACKOFF", due_at=self.now)
            return
        patience = RESEND_AFTER + (2 * self.call_time if is_exchange(row["queue"]) else 0.0)
        row = {**row, **changed}
        wait = max(patience, min((self.now - asked_at(row)).total_seconds() / 4, SILENT_CAP))
        self.change(row, **changed, due_at=self.after(wait))
        self.made.send.append({**row, "wait": wait})
