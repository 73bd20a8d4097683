"""The word, the icon and the colour of every state, so that a state looks the same on every page.

A state is never shown by colour alone. A value we do not know yet, from a newer provider or API, keeps its own word.
"""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import lazy_gettext as _


class Look(NamedTuple):
    """How one state is shown: the class of the badge, the icon in it, and the word a person reads."""

    css: str
    icon: str
    word: str


def _done(word: str) -> Look:
    return Look("state-done", "circle-check", word)


def _working(word: str) -> Look:
    return Look("state-working", "loader-2", word)


def _waiting(word: str) -> Look:
    return Look("state-waiting", "clock", word)


def _needs_you(word: str) -> Look:
    return Look("state-waiting", "alert-triangle", word)


def _failed(word: str) -> Look:
    return Look("state-failed", "circle-x", word)


def _undone(word: str) -> Look:
    return Look("state-undone", "arrow-back-up", word)


def _off(word: str, icon: str = "minus") -> Look:
    return Look("state-off", icon, word)


LOOKS: dict[str, dict[str, Look]] = {
    "quote": {
        "draft": _off(_("Draft")),
        "sent": _waiting(_("Sent")),
        "accepted": _done(_("Accepted")),
        "declined": _failed(_("Declined")),
        "expired": _off(_("Expired")),
        "withdrawn": _off(_("Withdrawn")),
    },
    "approval": {
        "requested": _waiting(_("Waiting")),
        "delegated": _waiting(_("Left to a colleague")),
        "approved": _done(_("Approved")),
        "rejected": _failed(_("Rejected")),
        "expired": _off(_("Expired")),
        "withdrawn": _off(_("Withdrawn")),
    },
    "customer": {
        "onboarding": _working(_("Setting up")),
        "active": _done(_("Active")),
        "suspended": _off(_("Suspended"), "player-pause"),
        "offboarding": _working(_("Leaving")),
        "closed": _off(_("Closed")),
    },
    "account": {
        "opening": _working(_("Opening")),
        "active": _done(_("Active")),
        "suspended": _off(_("Suspended"), "player-pause"),
        "closing": _working(_("Closing")),
        "closed": _off(_("Closed")),
    },
    "order": {
        "awaiting_approval": _waiting(_("Approval")),
        "scheduled": _waiting(_("Scheduled")),
        "placed": _working(_("Placed")),
        "at_provider": _working(_("At the provider")),
        "completed": _done(_("Done")),
        "partially_completed": _needs_you(_("Partly done")),
        "rejected": _failed(_("Refused")),
        "canceled": _off(_("Cancelled")),
        "failed": _failed(_("Failed")),
    },
    "subscription": {
        "pending": _working(_("Being set up")),
        "active": _done(_("Active")),
        "suspended": _off(_("Suspended"), "player-pause"),
        "pending_cancellation": _waiting(_("Being cancelled")),
        "canceled": _off(_("Cancelled")),
        "expired": _off(_("Expired")),
        "failed": _failed(_("Failed")),
        "unknown": _needs_you(_("Unknown")),
    },
    "invoice": {
        "draft": _off(_("Draft")),
        "issued": _waiting(_("To pay")),
        "partially_paid": _waiting(_("Partly paid")),
        "paid": _done(_("Paid")),
        "overdue": Look("state-failed", "alert-octagon", _("Late")),
        "credited": _undone(_("Credited")),
    },
    "case": {  # in the customer's words; the desk's differ in whose turn it is
        "new": _working(_("New")),
        "open": _working(_("Open")),
        "waiting_customer": _waiting(_("Waiting for you")),
        "waiting_provider": _waiting(_("Waiting for the provider")),
        "resolved": _done(_("Solved")),
        "closed": _off(_("Closed")),
    },
    "attachment": {
        "quarantined": _working(_("Being searched")),
        "clean": _done(_("Ready")),
        "infected": _failed(_("Malware found")),
    },
    "operation": {
        "not_started": _waiting(_("Not started yet")),
        "running": _working(_("Working")),
        "succeeded": _done(_("Done")),
        "failed": _failed(_("Failed")),
        "canceled": _off(_("Cancelled")),
    },
    "provider": {  # the gate before it
        "open": _done(_("Answers")),
        "trial": _working(_("Trying")),
        "throttled": _waiting(_("Wants us to wait")),
        "closed": _failed(_("Resting")),
    },
    "run": {  # the same thing as staff see it
        "running": _working(_("Working")),
        "compensating": _undone(_("Undoing")),
        "completed": _done(_("Done")),
        "compensated": _undone(_("Undone")),
        "needs_attention": _needs_you(_("Needs you")),
        "paused": _off(_("Paused"), "player-pause"),
        "resolved": _done(_("Resolved")),
    },
    "step": {
        "not_started": _off(_("Not yet")),
        "never_reached": _off(_("Never reached")),
        "working": _working(_("Working")),
        "waiting": _waiting(_("Waiting")),
        "done": _done(_("Done")),
        "refused": _failed(_("Refused")),
        "failed": _failed(_("Failed")),
        "undoing": _undone(_("Undoing")),
        "undone": _undone(_("Undone")),
        "held": _off(_("Held back"), "player-pause"),
        "needs_attention": _needs_you(_("Needs you")),
    },
    "command": {  # a step's command, or what takes it back, as operators see it
        "SENT": _working(_("Sent")),
        "BACKOFF": _waiting(_("Between two tries")),
        "PENDING": _waiting(_("Waiting")),
        "DONE": _done(_("Done")),
        "REFUSED": _failed(_("Refused")),
        "UNKNOWN": _needs_you(_("Unknown")),
        "UNDONE": _undone(_("Undone")),
        "NOOP": _off(_("Nothing to undo")),
        "SKIPPED": _off(_("Skipped"), "chevron-right"),
        "STUCK": _failed(_("Given up")),
    },
    "delivery": {
        "queued": _working(_("On its way")),
        "sent": _done(_("Sent")),
        "failed": _failed(_("Failed")),
    },
    "user": {
        "invited": _waiting(_("Invited")),
        "expired": _off(_("Expired")),
        "active": _done(_("Active")),
        "disabled": _off(_("Disabled"), "lock"),
    },
    "drift": {
        "open": _needs_you(_("To decide")),
        "settling": _working(_("Being settled")),
        "case_opened": _waiting(_("In a case")),
        "ignored": _off(_("Left as it is")),
        "adopted": _done(_("Adopted")),
        "reverted": _undone(_("Undone there")),
        "vanished": _off(_("Gone by itself")),
    },
    "plan": {
        "ready": _needs_you(_("To apply")),
        "waiting": _waiting(_("Approval")),
        "applying": _working(_("Working")),
        "done": _done(_("Ended")),
        "canceled": _off(_("Cancelled")),
        "expired": _off(_("Expired")),
    },
    "row": {
        "ready": _off(_("Not yet")),
        "invalid": _failed(_("Cannot be made")),
        "applying": _working(_("Working")),
        "done": _done(_("Done")),
        "refused": _failed(_("Refused, nothing charged")),
        "conflict": _needs_you(_("Changed meanwhile")),
        "canceled": _off(_("Cancelled")),
    },
    "change": {
        "open": _working(_("Working")),
        "at_provider": _working(_("At the provider")),
        "done": _done(_("Done")),
        "refused": _failed(_("Refused, nothing charged")),
        "abandoned": _undone(_("Undone, nothing charged")),
    },
    "decision": {  # about the end of a term, and what came of it
        "open": _needs_you(_("To decide")),
        "decided": _done(_("Decided")),
        "locked": _off(_("Closed"), "lock"),
        "settled": _off(_("Over")),
        "renewed": _done(_("Renewed")),
        "bridged": _done(_("Goes on month by month")),
        "ended": _off(_("Ended")),
        "withdrawn": _off(_("Not needed")),
    },
}
LOOKS["desk"] = LOOKS["case"] | {"waiting_customer": _waiting(_("Waiting for the customer"))}

# the mark on a run's timeline: class of the <li>, icon in the circle
NODES = {
    "done": ("is-done", "check"),
    "working": ("is-working", "loader-2"),
    "waiting": ("is-attention", "clock"),
    "refused": ("is-failed", "x"),
    "failed": ("is-failed", "x"),
    "undoing": ("is-undone", "arrow-back-up"),
    "undone": ("is-undone", "arrow-back-up"),
    "held": ("is-attention", "player-pause"),
    "needs_attention": ("is-attention", "alert-triangle"),
    "not_started": ("is-waiting", "clock"),
    "never_reached": ("is-waiting", "minus"),
}


def state_look(value: str, kind: str) -> Look:
    """How a state of one kind of thing is shown; a value nobody told us about is shown in its own word."""
    kinds = LOOKS[kind]
    return kinds.get(value) or Look("state-off", "help-circle", value.replace("_", " ").capitalize())


def step_node(value: str) -> tuple[str, str]:
    """The mark of a step on a run's timeline; an unknown one asks for a look."""
    return NODES.get(value, ("is-attention", "help-circle"))
