"""A change of a subscription in Partner Center: the whole resource as it was seen, but for what changes.

A part that is left out of a PATCH is reset there without a word: auto-renewal, instructions for the next term. So
nothing is left out.
"""

from __future__ import annotations

from typing import Any

from .partner_center_words import instructed

Raw = dict[str, Any]


def as_wanted(raw: Raw, change: Raw) -> Raw:
    """The resource as a change wants it."""
    return raw | _differences(raw, change)


def fulfils(raw: Raw, change: Raw) -> bool:
    """Whether a subscription is as a change wants it."""
    return all(raw.get(name) == value for name, value in _differences(raw, change).items())


def _differences(raw: Raw, change: Raw) -> Raw:
    kind = change["kind"]
    if kind == "change_quantity":
        return {"quantity": change["quantity"]}
    if kind == "end_of_term":
        return {"autoRenewEnabled": change["mode"] == "renew"}
    if kind == "schedule_next_term":
        return {"scheduledNextTermInstructions": instructed(raw, change["instructions"])}
    return {"status": {"cancel": "deleted", "suspend": "suspended", "resume": "active"}[kind]}
