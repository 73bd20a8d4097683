"""What a customer did directly at the provider is left as it is, with the reason, until it is another difference."""

from __future__ import annotations

from domains.services import commands as services

from ..definition import N_, Saga, pivot
from ..payloads.drift import SettleDrift

ignore_drift = Saga("ignore-drift", SettleDrift, (
    pivot(services.ignore_drift, title=N_("Note the decision")),
))  # fmt: skip
