"""A customer opens an account: the place that software is bought for and paid from.

The provider gets a tenant and a user for it; that is the point of no return, because people may sign in there at once.
"""

from __future__ import annotations

from domains.accounts import commands as accounts
from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider

from ..definition import N_, Saga, pivot, step
from ..payloads.account import OpenAccount

open_account = Saga("open-account", OpenAccount, (
    step(accounts.open_account, compensation=accounts.discard_account, title=N_("Check the account")),
    step(services.register_account, compensation=services.forget_account, title=N_("Prepare it for orders")),
    pivot(provider.link_ccp_user, gives=("ccp_customer", "ccp_user"), title=N_("Make a user at the provider")),
    step(accounts.activate_account, title=N_("Open the account")),
    step(services.activate_account_ref, title=N_("Open it for orders")),
    step(notifications.notify, title=N_("Tell you")),
))  # fmt: skip
