"""What a provider can do, as data: what it cannot is refused with NotSupported, or kept by rules of our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CHANGES = (
    "change_quantity", "cancel", "extend", "suspend", "resume", "change_plan", "end_of_term", "schedule_next_term",
)  # fmt: skip
OURS = ("dates", "expiry", "renewal")  # rules that we keep where a provider has none


@dataclass(frozen=True)
class Capabilities:
    """What one provider can do.

    `changes` are the kinds of change it makes; `cancel_modes` when it ends something: now, end_of_term;
    `end_of_term_modes` what it does by itself on the last day: renew, cancel, bridge. `extend` is how
    a later end comes about: free_date (it takes any of its dates), next_term (with the renewal only), bridge (an
    extended service term), platform (our own books alone), none. `platform_managed` names the rules that we keep in its
    place: the dates of a term, its expiry, its renewal.
    """

    changes: frozenset[str]
    cancel_modes: frozenset[str] = frozenset({"now"})
    end_of_term_modes: frozenset[str] = frozenset()
    extend: str = "none"
    lists_subscriptions: bool = False
    lists_changes: bool = False
    signs_webhooks: bool = False
    tells_costs: bool = False
    places_in_part: bool = False
    checks_versions: bool = False
    has_customers: bool = False
    platform_managed: frozenset[str] = frozenset()

    def takes(self, change: dict[str, Any]) -> bool:
        """Whether it makes this change itself, in the mode that it asks for."""
        kind, mode = change["kind"], change.get("mode")
        modes = {"cancel": self.cancel_modes, "end_of_term": self.end_of_term_modes}.get(kind)
        return kind in self.changes and (modes is None or (mode or "now") in modes)

    def makes(self, kind: str) -> bool:
        """Whether it makes this kind of change itself."""
        return kind in self.changes
