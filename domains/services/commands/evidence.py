"""What a case about a drift says: what differs, how it is called on both sides, and when it was found."""

from __future__ import annotations

from domains.kernel.messages import context

from ..models import Drift

WORDS = {
    "state": "state", "quantity": "quantity", "valid_to": "last day", "auto_renew": "renews by itself",
    "offer": "offer", "term": "term", "billing_cycle": "billed",
}  # fmt: skip
KINDS = {
    "new": "bought directly at the provider", "changed": "changed directly at the provider",
    "canceled": "ended directly at the provider", "gone": "not known to the provider any more",
}  # fmt: skip


def subject_of(drift: Drift) -> str:
    """The case's subject: what, and what has happened to it."""
    number = f" ({drift.number})" if drift.number else ""
    return f"{drift.name[:120]}{number}: {KINDS[drift.kind]}"


def evidence_of(drift: Drift) -> str:
    """The facts, line by line. They hold no purchase price: the provider's lists of subscriptions have none."""
    lines = [
        f"{WORDS[one.field]}: {one.ours or '–'} with us, {one.theirs or 'not there'} at the provider"
        for one in drift.found
    ]
    known = (
        ("Account", drift.account_name), ("Our subscription", drift.number or "none yet"),
        ("At the provider", f"{drift.provider_subscription_id} ({drift.provider})"),
        ("Found", f"{drift.found_at:%Y-%m-%d %H:%M} UTC"), ("Still so", f"{drift.seen_at:%Y-%m-%d %H:%M} UTC"),
        ("Drift", str(drift.id)), ("Operation", str(context().run_id or "–")),
    )  # fmt: skip
    return "\n".join([*lines, "", *(f"{name}: {value}" for name, value in known)])
