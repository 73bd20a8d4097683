"""A person is erased: shut out first, which may be refused, then forgotten in every domain.

The copies that notifications keep go last.
Nothing of it can be taken back. A proof that names nobody stays, and invoices stay as the law wants them.
"""

from __future__ import annotations

from domains.accounts import personal as accounts
from domains.billing import personal as billing
from domains.customers import personal as customers
from domains.notifications import personal as notifications
from domains.services import personal as services
from domains.support import personal as support
from domains.users import personal as users

from ..definition import N_, Saga, pivot, step, together
from ..payloads.person import ErasePerson

erase_person = Saga("erase-person", ErasePerson, (
    pivot(users.erase_person, gives=("users_erased",), title=N_("Shut them out and erase their profile")),
    *together(
        step(customers.erase_person, gives=("customers_erased",), title=N_("Erase them from the organisation's facts")),
        step(accounts.erase_person, gives=("accounts_erased",), title=N_("Erase them from accounts")),
        step(services.erase_person, gives=("services_erased",), title=N_("Erase them from orders and subscriptions")),
        step(support.erase_person, gives=("support_erased",), title=N_("Erase them from cases")),
        step(billing.erase_person, gives=("billing_erased",), title=N_("Look at what invoices must keep")),
    ),
    step(notifications.erase_person, gives=("notifications_erased",), title=N_("Erase them from e-mails and log")),
    step(users.keep_proof, title=N_("Keep the proof")),
))  # fmt: skip
