"""What an operator sees of a run: where it stands, every command of it, what has happened, and who stepped in."""

from __future__ import annotations

from marshmallow import fields, validate

from saga.console import STATUSES

from . import Answer, Paged, Request, page_of
from .values import Choice, Int, Word, count, identifier, moment, text

OPS = ("cancel", "retry", "compensate", "skip", "resolve", "pause", "resume")
MEANS = (
    "retry: ask again at once what waits. compensate: take back what was done. skip: count the step as done by hand. "
    "resolve: give the step up for good. pause, resume: hold it, let it go on. cancel: as its customer would."
)
LONG, OLDER_THAN = 100_000_000, "Seconds since it was started, at least."


class Wrong(Answer):
    """Why something did not work, with its technical details."""

    code = fields.String(metadata={"description": "Stable word to branch on.", "examples": ["no_reply"]})
    detail = fields.String(metadata={"description": "For people; may be empty."})


class Run(Answer):
    """A saga at work, as operators see it. The same as a customer's operation, by the same id."""

    id = identifier()
    definition = fields.String(metadata={"description": "The saga.", "examples": ["place-order"]})
    definition_version = Int(metadata={"format": "int32"})
    status = Word(*STATUSES, description="`paused` while somebody holds it, whatever it was doing.")
    phase = Word("F", "C", description="F: forwards; C: taking back what was done.")
    attention = fields.String(allow_none=True, metadata={"description": "Why a person must look."})
    waiting_for = Word(
        "provider", "approval", "start_date", description="Whose turn it is, if not ours.", allow_none=True
    )
    next_at = moment("When it goes on by itself at the latest.", allow_none=True)
    deadline_at = moment("When it gives up, if it may.", allow_none=True)
    key = fields.String(metadata={"description": "Its business key: the same key never starts another."})
    label = fields.String(metadata={"description": "What it is about, for people."})
    customer_id = identifier()
    reseller_id = identifier(allow_none=True)
    resource_kind = fields.String(metadata={"examples": ["order"]})
    resource_id = identifier("The id of what it makes or changes.")
    error = fields.Nested(Wrong, allow_none=True)
    started_by = fields.String(metadata={"description": "The person or program that asked for it."})
    trace_id = fields.String(metadata={"description": "Of the trace that all its steps belong to."})
    rev = Int(metadata={"format": "int32", "description": "Grows with each change; send it as `expected_rev`."})
    created_at = moment()
    updated_at = moment()
    ended_at = moment(allow_none=True)


class ProviderId(Answer):
    """An id under which the provider knows what was asked."""

    name = Word(
        "request_id", "subscription_id", "customer_id", description="`request_id` is ours, which we sent along."
    )
    value = fields.String()


class RunCommand(Answer):
    """A command that was sent for a step, with every try counted."""

    seq = Int(metadata={"format": "int32", "description": "The step's place, from 0."})
    phase = Word(
        "F", "C", "W", description="F: the step itself; C: what takes it back; W: what keeps it from happening."
    )
    gen = Int(metadata={"format": "int32", "description": "Grows when an operator has a refused step tried anew."})
    name = fields.String(metadata={"examples": ["accounts.reserve_spend"]})
    kind = Word("compensatable", "query", "pivot", "retriable")
    queue = fields.String()
    status = Word("SENT", "BACKOFF", "PENDING", "DONE", "REFUSED", "UNKNOWN", "UNDONE", "NOOP", "SKIPPED", "STUCK")
    attempt = Int(metadata={"format": "int32", "description": "How many tries have failed."})
    send_no = Int(metadata={"format": "int32", "description": "How many times it was sent."})
    cmd_id = identifier("The same for each try: by it a domain knows the command again.")
    sent_at = moment()
    due_at = moment("When it is sent again unless it is answered.", allow_none=True)
    done_at = moment(allow_none=True)
    error = fields.Nested(Wrong, allow_none=True)
    provider_ids = fields.List(fields.Nested(ProviderId))


class RunDetail(Run):
    """A run with all its commands and what could be done about it now."""

    commands = fields.List(fields.Nested(RunCommand))
    possible = fields.List(Word(*OPS), metadata={"description": "The interventions that would be accepted now."})
    proposed = Word(*OPS, description="What one person wants done, and is done when another one asks.", allow_none=True)


class RunEvent(Answer):
    """Something that has happened to a run. Events are never changed or erased."""

    id = Int(metadata={"format": "int64"})
    rev = Int(metadata={"format": "int32"})
    at = moment()
    kind = Word("sent", "done", "refused", "failed", "unanswered", "undone", "needs_attention", "completed")
    seq = Int(allow_none=True, metadata={"format": "int32"})
    actor = fields.String()
    data = fields.Dict(keys=fields.String(), metadata={"description": "Details, by kind."})


class RunFilter(Request):
    """Which runs are meant."""

    definition = text(60, description="Only runs of this saga.", examples=["place-order"])
    status = fields.List(Choice("RunStatus", STATUSES), metadata={"description": "Only these; several are possible."})
    created_after = moment("Started then or later.")
    created_before = moment("Started earlier.")
    due_before = moment("Should have gone on before: with a time in the past, those that nobody wakes.")
    customer_id = identifier("Only this customer's.")
    resource_id = identifier("Only those about this thing.")
    key = text(100, description="The business key, or its beginning.")


class RunQuery(Paged, RunFilter):
    """Which runs to list."""

    older_than = fields.Integer(
        validate=validate.Range(0, LONG), metadata={"format": "int32", "description": OLDER_THAN}
    )


class RunEventQuery(Paged):
    """Which page of events."""


class Intervention(Answer):
    """Something that a person or program did to a run."""

    id = identifier()
    op = Word(*OPS)
    rev = Int(metadata={"format": "int32", "description": "The run's `rev` at that moment."})
    by = fields.String(metadata={"description": "Who did it."})
    reason = fields.String()
    outputs = fields.Dict(allow_none=True, metadata={"description": "What stands for the outputs of a skipped step."})
    at = moment()


class InterventionList(Answer):
    """All that was done to a run, oldest first."""

    items = fields.List(fields.Nested(Intervention))


class InterventionRequest(Request):
    """What to do to a run, as it was seen, and why."""

    op = Choice("InterventionOp", OPS, required=True, description=MEANS)
    expected_rev = count(0, 2_000_000_000, required=True, description="`rev` as you saw it; 412 when it has grown.")
    reason = text(500, load_default="", shortest=0, description="Why; needed for all but `cancel`.")
    outputs = fields.Dict(
        keys=fields.String(), metadata={"description": "For `skip`: what the step would have given, by name."}
    )


class RetryRequest(RunFilter):
    """Which runs to try again, and why."""

    older_than = count(0, LONG, description=OLDER_THAN)
    limit = count(1, 100, load_default=25, description="How many at most, the newest first.")
    reason = text(500, required=True, description="Why; kept with each run.")


class RetryOutcome(Answer):
    """What became of one run."""

    run_id = identifier()
    outcome = Word("retried", "left")
    code = fields.String(allow_none=True, metadata={"description": "Why it was left as it is."})
    detail = fields.String(allow_none=True)
    rev = Int(metadata={"format": "int32"})


class RetryOutcomes(Answer):
    """What became of each run that was found."""

    items = fields.List(fields.Nested(RetryOutcome))


RunList = page_of(Run)
RunEventList = page_of(RunEvent)
