"""A customer's sandbox: a customer of its own, known to everybody who needs it before it is active, or to nobody."""

from __future__ import annotations

from domains.accounts import commands as accounts
from domains.billing import commands as billing
from domains.customers import commands as customers
from domains.users import commands as users

from ..definition import N_, Saga, pivot, step, together
from ..payloads.sandbox import OpenSandbox

open_sandbox = Saga("open-sandbox", OpenSandbox, (
    step(customers.register_sandbox, compensation=customers.discard_sandbox, gives=("sandbox",),
         title=N_("Copy the customer's facts")),
    *together(
        step(users.add_sandbox, compensation=users.remove_sandbox, title=N_("Let its owners in")),
        step(accounts.know_sandbox, compensation=accounts.forget_sandbox, title=N_("Prepare its accounts")),
        step(billing.know_sandbox, compensation=billing.forget_sandbox, title=N_("Prepare its billing")),
    ),
    pivot(customers.activate_sandbox, title=N_("Open the sandbox")),
))  # fmt: skip
