"""A new customer: known to everybody who needs it before it is active, or to nobody.

Its owner gets a way in, its account and billing facts are in place, and a reseller sees its new end-customer at once.
"""

from __future__ import annotations

from domains.accounts import commands as accounts
from domains.billing import commands as billing
from domains.customers import commands as customers
from domains.notifications import commands as notifications
from domains.users import commands as users

from ..definition import N_, Saga, pivot, step, together
from ..payloads.customer import OnboardCustomer

_check = step(customers.register_customer, compensation=customers.discard_customer, title=N_("Check the customer"))
_prepare = (
    step(users.add_organisation, compensation=users.remove_organisation, title=N_("Prepare its sign-in")),
    step(accounts.know_customer, compensation=accounts.forget_customer, title=N_("Prepare its accounts")),
    step(billing.know_customer, compensation=billing.forget_customer, title=N_("Prepare its billing")),
)
_begin = (
    pivot(customers.activate_customer, title=N_("Activate the customer")),
    step(notifications.notify, title=N_("Welcome its owner")),
)

onboard_customer = Saga("onboard-customer", OnboardCustomer, (_check, *together(*_prepare), *_begin), version=2)

# Prepared one after the other: for the runs that were begun so, until none of them is under way.
onboard_customer_v1 = Saga("onboard-customer", OnboardCustomer, (_check, *_prepare, *_begin), version=1)
