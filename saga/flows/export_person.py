"""A person is told all that is known of them: each domain tells its part, and the whole lies ready for a week."""

from __future__ import annotations

from domains.accounts import personal as accounts
from domains.billing import personal as billing
from domains.customers import personal as customers
from domains.notifications import commands as mail
from domains.notifications import personal as notifications
from domains.services import personal as services
from domains.support import personal as support
from domains.users import personal as users

from ..definition import N_, Saga, pivot, query, step, together
from ..payloads.person import ExportPerson

export_person = Saga("export-person", ExportPerson, (
    *together(
        query(users.export_person, gives=("users_part",), title=N_("Collect profile and sign-ins")),
        query(customers.export_person, gives=("customers_part",), title=N_("Collect from the organisation's facts")),
        query(accounts.export_person, gives=("accounts_part",), title=N_("Collect from accounts")),
        query(services.export_person, gives=("services_part",), title=N_("Collect from orders and subscriptions")),
        query(support.export_person, gives=("support_part",), title=N_("Collect from cases")),
        query(billing.export_person, gives=("billing_part",), title=N_("Collect from invoices")),
        query(notifications.export_person, gives=("notifications_part",), title=N_("Collect from e-mails and the log")),
    ),
    pivot(notifications.keep_export, title=N_("Put it together")),
    step(mail.notify, title=N_("Tell you")),
))  # fmt: skip
