"""What a customer did directly at the provider becomes a support case that carries the evidence of both sides."""

from __future__ import annotations

from domains.services import commands as services
from domains.support import commands as support

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.drift import SettleDrift

open_drift_case = Saga("open-drift-case", SettleDrift, (
    step(services.begin_settling, compensation=services.stop_settling, gives=("evidence", "subject"),
         title=N_("Check the decision")),
    pivot(support.open_drift_case, title=N_("Open a case with the evidence")),
    step(services.note_case, title=N_("Note the case")),
), deadline=PROMISED)  # fmt: skip
