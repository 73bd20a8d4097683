"""The business processes that span domains, one file each, readable aloud."""

from __future__ import annotations

from importlib import import_module

NAMES = (
    "onboard_customer",
    "open_account",
    "place_order",
    "change_quantity",
    "cancel_subscription",
    "extend_subscription",
    "sync_catalogue",
    "refresh_subscription",
)


def load() -> None:
    """Declare all flows; a definition that cannot be run stops the process here."""
    for name in NAMES:
        import_module(f"saga.flows.{name}")
