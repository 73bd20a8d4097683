"""What a program may do, in words that a person chooses from."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from domains.kernel.tenancy import Caller
from domains.users.commands import CLIENT_SCOPES, DESK_SCOPES


class Right(NamedTuple):
    """One right: its word in the API, and what it is in plain words."""

    scope: str
    label: LazyString


GROUPS: tuple[tuple[LazyString, tuple[Right, ...]], ...] = (
    (_l("Buying"), (
        Right("offers:read", _l("Search the catalogue and its prices")),
        Right("orders:read", _l("See orders")), Right("orders:write", _l("Place orders, which cost money")),
        Right("approvals:read", _l("See what waits for an approval")),
        Right("approvals:write", _l("Approve or reject what others order")),
        Right("subscriptions:read", _l("See subscriptions")),
        Right("subscriptions:write", _l("Change, extend and cancel subscriptions")),
        Right("operations:read", _l("Follow what is being worked on")),
        Right("operations:write", _l("Cancel what is being worked on")),
    )),
    (_l("Money"), (
        Right("invoices:read", _l("See and download invoices")), Right("charges:read", _l("See costs and charges")),
        Right("accounts:read", _l("See accounts and budgets")),
        Right("accounts:write", _l("Open accounts and change budgets")),
        Right("approval-limits:read", _l("See up to which amount each role may order by itself")),
        Right("approval-limits:write", _l("Set up to which amount each role may order by itself")),
    )),
    (_l("Support"), (
        Right("cases:read", _l("See support cases")), Right("cases:write", _l("Open and answer support cases")),
        Right("support-access:read", _l("See whom of support the organisation lets in")),
        Right("support-access:write", _l("Let support in, and end that")),
    )),
    (_l("Your organisation"), (
        Right("customers:read", _l("See your organisation’s details")),
        Right("customers:write", _l("Change your organisation’s details, and onboard end-customers")),
        Right("users:read", _l("See who works here, with names and e-mail addresses")),
        Right("users:write", _l("Invite people, change their roles and shut them out")),
        Right("api-clients:read", _l("See other programs")),
        Right("api-clients:write", _l("Make and change programs, as far as its own rights go")),
        Right("sign-on:read", _l("See the settings of single sign-on")),
        Right("sign-on:write", _l("Change who is let in by single sign-on")),
        Right("sandbox:read", _l("See the sandbox, its clock and its faults")),
        Right("sandbox:write", _l("Make a sandbox, move its clock and set its faults")),
        Right("audit:read", _l("Read and export the audit log")),
        Right("privacy:read", _l("See who was told what is known of them, and who was erased")),
        Right("privacy:write", _l("Have people told what is known of them, or erased for good")),
    )),
    (_l("Runs of all customers"), (
        Right("runs:read", _l("See all runs")), Right("runs:write", _l("Intervene in runs")),
    )),
    (_l("Prices and the catalogue"), (
        Right("operate", _l("See what the provider bills that fits no charge")),
        Right("price-books:read", _l("See price books and what has been agreed with whom")),
        Right("price-books:write", _l("Make and change price books, and agree prices with customers")),
        Right("catalogue:write", _l("Have the catalogue read at once, and see what has changed of it")),
    )),
)  # fmt: skip
WORDS = {right.scope: right.label for _group, rights in GROUPS for right in rights}


def offered(caller: Caller) -> list[tuple[Any, list[Right]]]:
    """The rights that the reader may give a program: those they have themselves."""
    own = caller.scopes & (CLIENT_SCOPES | (DESK_SCOPES if caller.customer_kind == "operator" else frozenset()))
    groups = ((title, [right for right in rights if right.scope in own]) for title, rights in GROUPS)
    return [(title, rights) for title, rights in groups if rights]
