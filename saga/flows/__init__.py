"""The business processes that span domains, one file each, readable aloud."""

from __future__ import annotations

from importlib import import_module

from ..definition import arguments_of, known, saga_of, wire_name

NAMES = (
    "onboard_customer",
    "open_sandbox",
    "advance_clock",
    "set_faults",
    "open_account",
    "close_account",
    "place_order",
    "change_quantity",
    "cancel_subscription",
    "extend_subscription",
    "suspend_subscription",
    "resume_subscription",
    "change_plan",
    "schedule_change",
    "set_end_of_term",
    "give_decision",
    "renew_subscription",
    "remind_of_decision",
    "tell_of_drift",
    "sync_catalogue",
    "refresh_subscription",
    "reconcile_account",
    "adopt_drift",
    "revert_drift",
    "open_drift_case",
    "ignore_drift",
    "apply_bulk_plan",
    "issue_invoices",
    "check_month",
    "export_person",
    "erase_person",
)


def load() -> None:
    """Declare all flows; a definition that cannot be run stops the process here."""
    for name in NAMES:
        import_module(f"saga.flows.{name}")


def describe() -> str:
    """Every flow as a table: its steps, whose they are, their kind, compensation, what they give and are fed by."""
    load()
    blocks = []
    for name, version in known():
        saga = saga_of(name, version)
        rows = [("step", "domain", "kind", "compensation", "gives", "fed by")]
        for step in saga.steps:
            domain, verb = step.name.split(".")
            back = wire_name(step.compensation).split(".")[1] if step.compensation else "-"
            fed = ", ".join(arguments_of(step.action))
            rows.append(
                (f"& {verb}" if step.joins else verb, domain, step.kind, back, ", ".join(step.gives) or "-", fed)
            )
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        lines = ["  " + "  ".join(cell.ljust(w) for cell, w in zip(row, [*widths, 0], strict=True)) for row in rows]
        blocks.append("\n".join([f"{name} (version {version})", *lines]))
    return "\n\n".join(blocks)
