"""What a customer did directly at the provider is adopted: it becomes ours, and is charged from the day it was done.

The provider is looked at once more, so that nothing is taken over that nobody has decided on. Nothing is ordered there.
"""

from __future__ import annotations

from domains.billing import commands as billing
from domains.services import commands as services
from domains.services import exchanges as provider

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.drift import SettleDrift

adopt_drift = Saga("adopt-drift", SettleDrift, (
    step(services.begin_settling, compensation=services.stop_settling, gives=("bought",),
         title=N_("Check the decision")),
    pivot(provider.look_at_drift, gives=("confirmed",), title=N_("Look at the provider once more")),
    step(services.adopt_drift, gives=("charges",), title=N_("Update the subscription")),
    step(billing.charge_adoption, title=N_("Book the charge")),
), deadline=PROMISED)  # fmt: skip
