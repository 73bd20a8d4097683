"""A term is over: what the provider has made of it is taken over, priced anew, charged, and its owner told.

The provider renews by itself and may take up to a day; it is asked until it has.
"""

from __future__ import annotations

from domains.billing import commands as billing
from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider
from domains.users import commands as users

from ..definition import N_, Saga, pivot, step
from ..payloads.end_of_term import RenewSubscription

renew_subscription = Saga("renew-subscription", RenewSubscription, (
    pivot(provider.await_renewal, gives=("look",), title=N_("Wait for the provider")),
    step(services.apply_renewal, gives=("renewal", "whom", "letter"), title=N_("Begin the new term")),
    step(billing.charge_renewal, title=N_("Book the charge")),
    step(users.find_audience, gives=("recipients",), title=N_("Find whom to tell")),
    step(notifications.notify_each, title=N_("Tell the owner")),
), house=True)  # fmt: skip
