"""A run as a trace: the request, the run, its steps, each of their sends, the work they did, and what followed.

A step lasts from its first send to its last reply, which may be days: its span is recorded when it has ended. Until
then everybody knows it by an id made from the command's, so that sends and work are below it, also after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domains.kernel import metering, tracing
from domains.kernel.messages import context

Row = Mapping[str, Any]
SYSTEMS = {"rq": "redis", "servicebus": "servicebus"}


def facts_of(run: Row, step: Row) -> dict[str, Any]:
    """What spans of a step say of it."""
    return {
        "run_id": run["id"], "flow": run["definition"], "customer_id": run["customer_id"],
        "saga.id": run["id"], "saga.type": run["definition"], "saga.version": run["definition_version"],
        "saga.step": step["name"], "saga.phase": step["phase"],
    }  # fmt: skip


def sending(run: Row, step: Row, system: str) -> str:
    """Record that a command is sent; gives the traceparent that it carries. The run's own while telemetry is off."""
    if not tracing.is_on():
        return str(run["traceparent"])
    parts = {
        "saga.attempt": step["attempt"], "saga.send_no": step["send_no"],
        "messaging.system": SYSTEMS.get(system, system), "messaging.operation.type": "send",
        "messaging.destination.name": step["queue"], "messaging.message.id": f"{step['cmd_id']}:{step['send_no']}",
    }  # fmt: skip
    below = tracing.child_of(run["traceparent"], step["cmd_id"])
    with tracing.span(f"send {step['queue']}", kind="producer", parent=below, **facts_of(run, step), **parts):
        return context().traceparent


def work_facts(envelope: Mapping[str, Any], system: str) -> dict[str, Any]:
    """What the span of a worker's work says of its command."""
    return {
        "saga.id": envelope["run_id"], "saga.type": envelope.get("flow"), "saga.step": envelope["name"],
        "saga.phase": envelope["phase"], "saga.attempt": envelope.get("attempt"),
        "saga.send_no": envelope.get("send_no"), "saga.version": envelope.get("version"),
        "messaging.system": SYSTEMS.get(system, system), "messaging.operation.type": "process",
        "messaging.destination.name": envelope.get("queue"),
        "messaging.message.id": f"{envelope['cmd_id']}:{envelope.get('send_no')}",
    }  # fmt: skip


def ended(run: Row, steps: list[Row], changes: Mapping[Any, Row]) -> None:
    """Record the steps that a decision has ended: their spans, and how long they took.

    `changes` are the decision's, by the steps' keys.
    """
    for row in steps:
        columns = changes.get((row["seq"], row["phase"], row["gen"]), {})
        if columns.get("done_at") is not None:
            _ended(run, row, columns, next((one for one in reversed(steps) if _is_forward_of(one, row)), None))


def _is_forward_of(one: Row, back: Row) -> bool:
    return bool(back["phase"] != "F" and one["phase"] == "F" and one["seq"] == back["seq"])


def _ended(run: Row, row: Row, columns: Row, forward: Row | None) -> None:
    outcome, began, at = str(columns.get("status", row["status"])), row["sent_at"], columns["done_at"]
    flow = {"flow": run["definition"], "step": row["name"], "phase": row["phase"], "outcome": outcome}
    metering.took("saga.step.duration", (at - began).total_seconds(), **flow)
    trace = run["traceparent"]
    tracing.past(
        f"step {row['name']}", itself=tracing.child_of(trace, row["cmd_id"]), parent=trace, began=began, ended=at,
        link=tracing.child_of(trace, forward["cmd_id"]) if forward else "",
        **facts_of(run, row), **{"saga.outcome": outcome,
        "saga.attempt": row["attempt"], "saga.send_no": row["send_no"]},
    )  # fmt: skip
