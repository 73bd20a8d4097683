"""Faults that a test asks for: slowness, refusals, silence after the work was done, answers that come twice."""

from __future__ import annotations

import threading
from typing import Any

from .errors import No

KINDS = (
    "latency", "throttle", "error", "timeout_after_applying", "error_after_applying", "reject", "partial",
    "stuck_pending", "duplicate_answer",
)  # fmt: skip
OPERATIONS = (
    "place_order", "get_order", "find_order", "change", "get_change", "find_change", "ensure_customer", "ensure_user",
    "list_offers", "get_policy", "get_subscription", "billing", "*",
)  # fmt: skip
Fault = dict[str, Any]


class Faults:
    """The faults in force. They live in memory: a restart clears them."""

    def __init__(self) -> None:
        self._lock, self._faults = threading.Lock(), []

    _faults: list[Fault]

    def set(self, faults: list[Fault]) -> None:
        """Replace all faults; refuses unknown kinds and operations."""
        for fault in faults:
            if fault.get("kind") not in KINDS or fault.get("operation") not in OPERATIONS:
                raise No(
                    400, "fault_unknown", f"kind is one of {', '.join(KINDS)}; operation of {', '.join(OPERATIONS)}"
                )
        with self._lock:
            self._faults = [dict(fault) for fault in faults]

    def all(self) -> list[Fault]:
        """The faults in force."""
        with self._lock:
            return [dict(fault) for fault in self._faults]

    def take(self, operation: str, /, *kinds: str, **facts: Any) -> Fault | None:
        """The first fault that hits this call, counted down; `facts` are matched against the fault's `match`."""
        with self._lock:
            for fault in self._faults:
                if fault["kind"] in kinds and fault["operation"] in (operation, "*") and _hits(fault, facts):
                    if fault.get("count") is not None:
                        fault["count"] -= 1
                        if fault["count"] <= 0:
                            self._faults.remove(fault)
                    return dict(fault)
        return None

    def holds(self, kind: str, **facts: Any) -> bool:
        """Whether a lasting fault is in force; it is not counted down."""
        with self._lock:
            return any(fault["kind"] == kind and _hits(fault, facts) for fault in self._faults)


def _hits(fault: Fault, facts: dict[str, Any]) -> bool:
    """A fault's `match` names what must be so: a value, or one of the values where the call has several."""
    for name, wanted in (fault.get("match") or {}).items():
        found = facts.get(name)
        if wanted != found and not (isinstance(found, list) and wanted in found):
            return False
    return True
