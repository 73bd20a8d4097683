"""A run as an operator reads it: every step with its tries, what takes it back, what can be done, who stepped in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from sqlalchemy.orm import Session

from saga import console, interventions, store
from saga.tables import Run
from saga.timeline import TimelineStep, steps_shown, timeline

from .formats import translated
from .progress import KINDS, case_link, url_of

ATTENTION = {
    "in_doubt": (
        _l("In doubt: the provider may or may not have done it"),
        _l("Nobody has said clearly whether it happened. We keep asking by the same number: nothing is done twice."),
    ),
    "not_getting_through": (
        _l("It does not get through"), _l("Something of ours keeps failing. It is tried again until it works."),
    ),
    "waiting_too_long": (
        _l("It has been waiting for more than a day"), _l("Whoever we wait for has not answered. We go on asking."),
    ),
    "refused_after_pivot": (
        _l("Refused after the point of no return"),
        _l("A step that must not be refused was. Nothing helps until its cause is gone; then have it tried again."),
    ),
}  # fmt: skip
TRAITS = {
    "compensatable": _l("can be undone"), "query": _l("only reads"), "pivot": _l("point of no return"),
    "retriable": _l("repeats until done"),
}  # fmt: skip
EVENTS = {
    "sent": _l("Sent"), "sent_again": _l("Sent again"), "held": _l("Held back"), "done": _l("Done"),
    "failed": _l("Try failed"), "unanswered": _l("No answer"), "refused": _l("Refused"), "undone": _l("Undone"),
    "pending": _l("At work elsewhere"), "needs_attention": _l("Asked for a person"), "completed": _l("Run done"),
    "compensated": _l("Run undone"), "resolved": _l("Run resolved"), "dropped": _l("Late answer, not needed"),
    "ignored": _l("Ignored"), "cancel": _l("Cancelled"), "retry": _l("Retried"), "compensate": _l("Taken back"),
    "skip": _l("Skipped"), "resolve": _l("Resolved by hand"), "pause": _l("Paused"), "resume": _l("Resumed"),
    "late": _l("Deadline passed"), "skipped": _l("Skipped"), "stuck": _l("Given up"), "given_up": _l("Given up"),
    "locked": _l("Waited for another run"), "woken": _l("Looked at"), "away": _l("Could not be done now"),
    "withdrawn": _l("Withdrawn"), "signalled": _l("Told that it may go on"),
}  # fmt: skip
OPS = {
    "retry": (_l("Try again now"), "refresh"), "pause": (_l("Pause"), "player-pause"),
    "resume": (lazy_pgettext("run", "Go on"), "player-play"), "cancel": (_l("Cancel for the customer"), "ban"),
    "compensate": (_l("Take it back"), "arrow-back-up"), "skip": (_l("Skip the step"), "chevron-right"),
    "resolve": (_l("Resolve by hand"), "check"),
}  # fmt: skip
MEANS = {
    "retry": _l("The step that waits is asked again at once, under the same number: what was done is not done twice."),
    "pause": _l("Nothing more is sent until somebody lets it go on. What is under way elsewhere is still recorded."),
    "resume": _l("It goes on where it stands."),
    "cancel": _l("What was done is taken back step by step, and the customer reads that it was cancelled."),
    "compensate": _l("What was done is taken back step by step. The run ends as undone."),
    "skip": _l("The run goes on as if the step were done. Only right when you have done by hand what it does."),
    "resolve": _l("The step that waits is given up for good. Only right when you have settled elsewhere what it does."),
}  # fmt: skip
DONE = {
    "retry": _l("It is tried again."), "pause": _l("It is paused."), "resume": _l("It goes on."),
    "cancel": _l("It is being taken back."), "compensate": _l("It is being taken back."),
    "skip": _l("The step counts as done."), "resolve": _l("The step is given up."),
}  # fmt: skip
SMALL = ("retry", "pause", "resume")  # the others lead to a page that asks once more
_MOST = 8  # events of one step that stand at it; all of them stand in the history


def in_short(session: Session, runs: list[Run]) -> list[dict[str, Any]]:
    """Runs as a list shows them: where each stands, how often that was tried, and since when."""
    rows = store.steps_of(session, [run.id for run in runs])
    return [_short(run, rows[run.id]) for run in runs]


def _short(run: Run, rows: list[Any]) -> dict[str, Any]:
    at_work = [row for row in rows if row["done_at"] is None]
    row = at_work[0] if at_work and not run.is_final else None
    steps = steps_shown(run, rows)
    return {
        "id": run.id, "label": run.label or kind(run), "kind": kind(run), "status": console.status_of(run),
        "customer_id": run.customer_id, "attention": attention(run), "next_at": run.next_at, "ended_at": run.ended_at,
        "waiting_for": run.waiting_for, "created_at": run.created_at, "why": why(run), "total": len(steps),
        "step": steps[row["seq"]].title if row else "", "number": row["seq"] + 1 if row else 0,
        "back": bool(row and row["phase"] == "C"), "tries": row["send_no"] if row else 0,
    }  # fmt: skip


def kind(run: Run) -> str:
    """What sort of thing a run does, in words."""
    return str(KINDS.get(run.definition, run.definition))


def attention(run: Run) -> tuple[str, str] | None:
    """Why a person must look, as a title and a sentence; a reason we have no words for is named."""
    if run.attention is None:
        return None
    title, text = ATTENTION.get(run.attention, (run.attention.replace("_", " ").capitalize(), ""))
    return str(title), str(text)


def why(run: Run) -> str:
    """Why a run was turned back or ended by hand, if it was."""
    error = run.error or {}
    known = {
        "canceled": _("It was cancelled."), "resolved": _("Somebody has settled it by hand."),
        "no_answer": _("There was no clear answer."),
    }  # fmt: skip
    return translated(error) or known.get(error.get("code", "")) or error.get("code", "")


def told(session: Session, run: Run) -> dict[str, Any]:
    """A run as its page shows it to operators."""
    commands = console.commands_of(session, run.id)
    events = console.list_events(session, run.id, limit=200).items
    steps = timeline(session, run)
    declared = steps_shown(run, store.steps_of(session, [run.id])[run.id])
    shown = [_step(seq, step, declared[seq].kind, commands, events) for seq, step in enumerate(steps)]
    for one in shown:
        one["status"] = _held_or_stuck(run, one["status"])
    return {
        "run": run, "id": run.id, "customer_id": run.customer_id, "label": run.label or kind(run), "kind": kind(run),
        "status": console.status_of(run), "rev": run.rev, "attention": attention(run), "why": why(run), "steps": shown,
        "moves": not run.is_final and not run.paused, "url": url_of(run, steps), "case": case_link(run),
        "trace_id": run.traceparent.split("-")[1], "possible": interventions.possible(session, run),
        "done_by_people": list(reversed(interventions.interventions_of(session, run.id))),
        "asked_outputs": _outputs(declared, commands), "proposed": run.proposed,
    }  # fmt: skip


def _held_or_stuck(run: Run, status: str) -> str:
    """How a step stands; the one at work does not work while the run is held, or while nobody knows how it stands."""
    if run.is_final or status not in ("working", "waiting", "undoing"):
        return status
    return "held" if run.paused else "needs_attention" if run.attention else status


def _step(seq: int, step: TimelineStep, kind: str, commands: list[Any], events: list[Any]) -> dict[str, Any]:
    own = [one for one in commands if one.seq == seq]
    happened = [event for event in events if event.seq == seq][:_MOST]
    return {
        "seq": seq, "title": step.title, "name": step.name, "status": step.status, "trait": TRAITS.get(kind, kind),
        "forward": [one for one in own if one.phase == "F"], "back": [one for one in own if one.phase != "F"],
        "events": [in_words(event) for event in reversed(happened)], "is_pivot": kind == "pivot",
        "provider_ids": [pair for one in own for pair in one.provider_ids],
        "next_at": step.next_at, "started_at": step.started_at, "ended_at": step.ended_at,
    }  # fmt: skip


def in_words(event: console.Happened) -> dict[str, Any]:
    """Something that has happened, in words, with its technical details."""
    data = event.data
    word = EVENTS.get(event.kind, event.kind.replace("_", " ").capitalize())
    details = [data.get("reason"), data.get("code"), data.get("detail")]
    if "attempt" in data:
        details.insert(0, _("try %(number)s", number=data["attempt"]))
    if "times" in data:
        details.insert(0, ngettext("once", "%(num)s times", data["times"]))
    return {
        "at": event.at, "kind": event.kind, "word": word, "seq": event.seq, "rev": event.rev, "actor": event.actor,
        "is_back": data.get("phase") == "C", "details": ", ".join(str(one) for one in details if one),
        "by_person": event.kind in OPS,
    }  # fmt: skip


def _outputs(declared: Any, commands: list[Any]) -> list[str]:
    """The names of what a person must say in place of the step that waits, to skip it."""
    waiting = [one for one in commands if one.phase == "F" and one.done_at is None]
    return list(declared[waiting[0].seq].gives) if waiting else []


def age(since: datetime, now: datetime) -> int:
    """How many seconds ago something was."""
    return max(0, int((now - since).total_seconds()))
