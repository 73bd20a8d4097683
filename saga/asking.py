"""Steps that flows share which may have to ask somebody first: ask, wait, and hold the amount."""

from __future__ import annotations

from domains.accounts import commands as accounts

from .definition import N_, Action, Step, step

HOLD = step(accounts.reserve_spend, compensation=accounts.release_reservation, title=N_("Reserve the amount"))
# The same after a yes, which may also be one to passing the account's budget.
HOLD_APPROVED = step(
    accounts.reserve_approved, compensation=accounts.release_reservation, title=N_("Reserve the amount")
)  # fmt: skip


def asked(ask: Action, wait: Action, give_up: Action, renews: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """Ask for an approval, then wait for it; `renews` is what has moved along with the days when it goes on."""
    return (
        step(ask, compensation=give_up, title=N_("Ask for the approval")),
        step(wait, compensation=give_up, renews=renews, title=N_("Wait until it may go on")),
    )
