"""A new customer: known to everybody who needs it before it is active, or to nobody.

Its owner gets a way in, its account and billing facts are in place, and a reseller sees its new end-customer at once.
"""

from __future__ import annotations

from domains.accounts import commands as accounts
from domains.billing import commands as billing
from domains.customers import commands as customers
from domains.notifications import commands as notifications
from domains.users import commands as users

from ..definition import N_, Saga, pivot, step
from ..payloads.customer import OnboardCustomer

onboard_customer = Saga("onboard-customer", OnboardCustomer, (
    step(customers.register_customer, compensation=customers.discard_customer, title=N_("Check the customer")),
    step(users.add_organisation, compensation=users.remove_organisation, title=N_("Prepare its sign-in")),
    step(accounts.know_customer, compensation=accounts.forget_customer, title=N_("Prepare its accounts")),
    step(billing.know_customer, compensation=billing.forget_customer, title=N_("Prepare its billing")),
    pivot(customers.activate_customer, title=N_("Activate the customer")),
    step(notifications.notify, title=N_("Welcome its owner")),
))  # fmt: skip
