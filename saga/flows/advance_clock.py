"""A sandbox's clock goes on: for its callers, at the provider, and then for all that it has bought.

What time brings (renewals, ends) is looked at in the same run, so that all of it has happened when the run has ended.
"""

from __future__ import annotations

from domains.customers import commands as customers
from domains.services import commands as services
from domains.services import exchanges as provider
from domains.users import commands as users

from ..definition import N_, Saga, pivot, step
from ..payloads.sandbox import AdvanceClock

advance_clock = Saga("advance-clock", AdvanceClock, (
    pivot(customers.advance_clock, title=N_("Set the clock")),
    step(users.know_clock, title=N_("Set it for everybody who works there")),
    step(provider.pass_time, gives=("looks",), title=N_("Set it at the provider and look at the subscriptions")),
    step(services.apply_looks, title=N_("Update the subscriptions")),
))  # fmt: skip
