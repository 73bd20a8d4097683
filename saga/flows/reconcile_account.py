"""An account's subscriptions are compared with what its providers list; what differs is kept until it is settled."""

from __future__ import annotations

from domains.services import exchanges as provider

from ..definition import N_, Saga, pivot
from ..payloads.drift import ReconcileAccount

reconcile_account = Saga("reconcile-account", ReconcileAccount, (
    pivot(provider.list_held, title=N_("Compare with the provider")),
))  # fmt: skip
