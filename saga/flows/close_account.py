"""A customer closes an account in which nothing runs any more; invoices and history stay.

No more can be ordered from the first step on. What still runs is a clear no, and the account stays open.
"""

from __future__ import annotations

from domains.accounts import commands as accounts
from domains.notifications import commands as notifications
from domains.services import commands as services

from ..definition import N_, Saga, pivot, step
from ..payloads.account import CloseAccount

close_account = Saga("close-account", CloseAccount, (
    step(accounts.begin_closing, compensation=accounts.keep_open, title=N_("Stop new orders")),
    pivot(services.retire_account, title=N_("See that nothing runs in it")),
    step(accounts.close_account, title=N_("Close the account")),
    step(notifications.notify, title=N_("Tell you")),
))  # fmt: skip
