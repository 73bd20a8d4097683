"""A decision is open and its deadline draws near: who has to take it is reminded, and in the end who is over them."""

from __future__ import annotations

from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.users import commands as users

from ..definition import N_, Saga, pivot, step
from ..payloads.end_of_term import RemindOfDecision

remind_of_decision = Saga("remind-of-decision", RemindOfDecision, (
    pivot(services.note_reminder, gives=("whom", "letter"), title=N_("See whether it is still open")),
    step(users.find_audience, gives=("recipients",), title=N_("Find whom to tell")),
    step(notifications.notify_each, title=N_("Remind them")),
), house=True)  # fmt: skip
