"""What a customer did directly at the provider is undone there, where its rules allow it; nothing of ours changes."""

from __future__ import annotations

from domains.services import commands as services
from domains.services import exchanges as provider

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.drift import SettleDrift

revert_drift = Saga("revert-drift", SettleDrift, (
    step(services.begin_settling, compensation=services.stop_settling, title=N_("Check the decision")),
    pivot(provider.revert_at_provider, gives=("confirmed",), title=N_("Undo it at the provider")),
    step(services.finish_revert, title=N_("Update the subscription")),
), deadline=PROMISED)  # fmt: skip
