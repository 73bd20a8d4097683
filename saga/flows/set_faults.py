"""Which faults the provider shows a sandbox, and nobody else."""

from __future__ import annotations

from domains.customers import commands as customers
from domains.services import exchanges as provider

from ..definition import N_, Saga, pivot, step
from ..payloads.sandbox import SetFaults

set_faults = Saga("set-faults", SetFaults, (
    pivot(customers.set_faults, title=N_("Note the faults")),
    step(provider.set_faults, title=N_("Set them at the provider")),
))  # fmt: skip
