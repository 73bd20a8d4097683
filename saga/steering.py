"""What a person may do to a run, and when: asked for by a customer (cancel) or an operator, decided like any event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from domains.kernel.errors import N_, Conflict, Invalid, Said

from .definition import outputs_of
from .events import FINAL, OUTSTANDING, RESOLVED, WITHDRAWN, Asked, Row
from .turn import is_revocable

if TYPE_CHECKING:
    from .decide import Rules

OPERATIONS = ("cancel", "retry", "compensate", "skip", "resolve", "pause", "resume")


def steer(turn: Rules, asked: Asked) -> None:
    """Do what a person asks for; Conflict when the run's state does not allow it, Invalid when something is missing."""
    if asked.op not in OPERATIONS:
        raise Invalid(Said(N_("Use one of: %(names)s."), names=OPERATIONS), code="unknown_operation", field="op")
    if asked.op not in possible(turn.run, list(turn.rows.values()), turn.saga.pivot_seq):
        raise Conflict(_why_not(turn.run, asked.op), code="not_possible_now")
    turn.note(asked.op, turn.run["seq"], **({"reason": asked.reason} if asked.reason else {}))
    _HOW[asked.op](turn, asked)


def possible(run: Row, steps: list[Row], pivot_seq: int) -> tuple[str, ...]:
    """What may be asked of a run as it stands.

    It can be taken back until its pivot was sent. Retry, skip and resolve are for what is at work or in trouble.
    """
    if run["status"] in FINAL:
        return ()
    waiting = [row for row in steps if row["status"] in OUTSTANDING]
    # a pivot that is being withdrawn may still happen: until that is known nothing else can be said of it
    in_trouble = run["status"] == "needs_attention" and not any(row["name"].endswith(WITHDRAWN) for row in waiting)
    allowed = {
        "cancel": run["phase"] == "F" and all(is_revocable(row, pivot_seq) for row in waiting) and not run["pivoted"],
        "retry": not run["paused"] and any(row["status"] != "SENT" or row["error"] for row in waiting),
        "skip": in_trouble,
        "resolve": in_trouble,
        "pause": not run["paused"],
        "resume": bool(run["paused"]),
    }
    allowed["compensate"] = allowed["cancel"]
    return tuple(op for op in OPERATIONS if allowed[op])


def _why_not(run: Row, op: str) -> Said:
    if run["status"] in FINAL:
        return Said(N_("It has ended: nothing can be changed about it any more."))
    if op in ("cancel", "compensate"):
        return Said(N_("It has passed the point of no return: it can only go on."))
    if op in ("skip", "resolve") and run["status"] != "needs_attention":
        return Said(N_("Only a run that needs attention can be helped in this way."))
    return Said(N_("It is not in a state in which this can be done. Look again, then decide."))


def _take_back(turn: Rules, asked: Asked) -> None:
    turn.made.run["error"] = {"code": "canceled", "detail": ""}
    turn.take_back(turn.run["seq"])


def _retry(turn: Rules, asked: Asked) -> None:
    """Ask at once. What was refused for good is asked anew, under a new id: the old one has its answer for ever."""
    for row in turn.outstanding:
        if (row["error"] or {}).get("refused"):
            turn.change(row, status="REFUSED", done_at=turn.now, due_at=None)
            turn.send_anew(row)
        else:
            turn.send_again(row, asked_at=turn.now, attempt=0, error=None)
    turn.made.run |= {"status": "running" if turn.run["phase"] == "F" else "compensating", "attention": None}


def _skip(turn: Rules, asked: Asked) -> None:
    """Count a step as done by hand, once its command can no longer happen. If it has happened, that counts instead.

    To leave an effect standing that should be taken back needs a second person.
    """
    row = _in_trouble(turn)
    if row["phase"] == "F":
        turn.withdraw(row, "skip", _checked(turn, row, asked.outputs))
    elif _confirmed(turn, asked, row):
        turn.change(row, status="SKIPPED", done_at=turn.now, due_at=None)
        turn.backward(row["seq"] - 1)


def _resolve(turn: Rules, asked: Asked) -> None:
    """Give a step up for good: a person has settled it elsewhere. What else the run has to do is done, then it ends.

    A pivot in doubt and a step after it are withdrawn first, so that they cannot happen later.
    """
    row, pivot = _in_trouble(turn), turn.saga.pivot_seq
    if row["phase"] == "F" and row["seq"] >= pivot:
        turn.withdraw(row, "take_back" if row["seq"] == pivot else "give_up")
    elif row["phase"] == "F" or _confirmed(turn, asked, row):
        turn.made.run["error"] = {"code": RESOLVED, "detail": ""}
        if row["phase"] == "F":
            turn.take_back(row["seq"])
        else:
            turn.change(row, status="STUCK", done_at=turn.now, due_at=None)
            turn.backward(row["seq"] - 1)


def _pause(turn: Rules, asked: Asked) -> None:
    turn.made.run["paused"] = 1


def _resume(turn: Rules, asked: Asked) -> None:
    """Go on, at once with what was held back, unless it is too late for it."""
    turn.made.run["paused"] = 0
    rows = turn.outstanding
    if not turn.gave_up_late(rows[0]):
        for row in rows:
            turn.send_again(row, asked_at=turn.now)


def _in_trouble(turn: Rules) -> Row:
    """Of the steps at work, the one that was refused for good, else the one that was tried most often."""

    def trouble(row: Row) -> tuple[bool, bool, int, int]:
        error = row["error"] or {}
        return bool(error.get("refused")), bool(error), row["attempt"], -row["seq"]

    return max(turn.outstanding, key=trouble)


def _confirmed(turn: Rules, asked: Asked, row: Row) -> bool:
    """Whether another person has proposed the same before; else this is the proposal."""
    proposal: dict[str, Any] = turn.run["proposed"] or {}
    if (proposal.get("op"), proposal.get("seq")) == (asked.op, row["seq"]) and proposal["by"] != asked.by:
        turn.made.run["proposed"] = None
        return True
    turn.made.run["proposed"] = {"op": asked.op, "seq": row["seq"], "by": asked.by}
    return False


def _checked(turn: Rules, row: Row, outputs: dict[str, Any]) -> dict[str, Any]:
    """The outputs a person gives for a step, which later steps read: all of them, of the types declared."""
    step = turn.saga.steps[row["seq"]]
    missing = [name for name in step.gives if name not in outputs]
    if missing:
        raise Invalid(Said(N_("Say what the step would have given: %(names)s."), names=missing), field="outputs")
    types = outputs_of(step.action)
    try:
        given = {name: msgspec.convert(outputs[name], types[name], strict=False) for name in step.gives}
    except msgspec.ValidationError as why:
        raise Invalid(
            Said(N_("An output is not as the step gives it: %(why)s."), why=str(why)), field="outputs"
        ) from None
    return msgspec.to_builtins(given)  # type: ignore[no-any-return]


_HOW: dict[str, Callable[[Rules, Asked], None]] = {
    "cancel": _take_back,
    "compensate": _take_back,
    "retry": _retry,
    "skip": _skip,
    "resolve": _resolve,
    "pause": _pause,
    "resume": _resume,
}
