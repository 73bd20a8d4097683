"""It is morning, and something waits in a customer's drift inbox: its owners who wish so are told, once a day."""

from __future__ import annotations

from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.users import commands as users

from ..definition import N_, Saga, pivot, step
from ..payloads.drift import TellOfDrift

tell_of_drift = Saga("tell-of-drift", TellOfDrift, (
    pivot(services.sum_up_drift, gives=("letter",), title=N_("See what waits")),
    step(users.find_digest_readers, gives=("recipients",), title=N_("Find whom to tell")),
    step(notifications.notify_each, title=N_("Tell them")),
), house=True)  # fmt: skip
