"""Somebody decides what shall happen at the end of a term, and the provider has to hear of it before its lock."""

from __future__ import annotations

from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.end_of_term import SetEndOfTerm

set_end_of_term = Saga("set-end-of-term", SetEndOfTerm, (
    step(services.begin_end_of_term, compensation=services.abandon_end_of_term, title=N_("Check the decision")),
    pivot(provider.send_change, gives=("outcome",), title=N_("Tell the provider")),
    step(services.apply_end_of_term, title=N_("Keep the decision")),
    step(notifications.notify, title=N_("Tell you")),
), deadline=PROMISED)  # fmt: skip
