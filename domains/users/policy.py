"""What each role, and each program, may do: the one place where rights are given. docs/roles.md is made of it.

Whose things somebody may do it to is their scope (`domains.kernel.tenancy`): a role at a reseller is over the
reseller's end-customers, a role at the operator over all customers. What no role is given here, nobody may do.
"""

from __future__ import annotations

from collections.abc import Collection

# Every right, in words for people. A view names the one that it needs; one that is named nowhere here gives a way in to
# nobody.
SCOPES = {
    "customers:read": "See the organisation's own data, and a reseller's end-customers",
    "customers:write": "Change what invoices say; onboard a reseller's end-customers",
    "users:read": "See oneself and the people of the organisation",
    "users:write": "Invite people, change their roles, shut them out",
    "accounts:read": "See accounts and what they have spent",
    "accounts:write": "Open and change accounts and their budgets",
    "approval-limits:read": "See up to which amount each role may order without approval",
    "approval-limits:write": "Set up to which amount each role may order without approval",
    "approvals:read": "See what waits for an approval, and what was decided",
    "approvals:write": "Approve or reject what others order, up to one's own limit",
    "offers:read": "Search the catalogue",
    "orders:read": "See orders",
    "orders:write": "Check and place orders",
    "subscriptions:read": "See subscriptions",
    "subscriptions:write": "Change, cancel and extend subscriptions",
    "operations:read": "Follow what is under way",
    "operations:write": "Cancel what is under way",
    "cases:read": "See support cases",
    "cases:write": "Open and answer support cases",
    "charges:read": "See charges and costs",
    "invoices:read": "See and download invoices",
    "api-clients:read": "See the organisation's programs",
    "api-clients:write": "Make and end the organisation's programs",
    "sign-on:read": "See how people sign in through the organisation's own provider",
    "sign-on:write": "Change how people sign in through the organisation's own provider",
    "support-access:read": "See whom of support the organisation lets in, and what they looked at",
    "support-access:write": "Let support in, for how long and to what, and end it",
    "privacy:read": "See what people were told of themselves, and who was erased",
    "privacy:write": "Have people told what is known of them, and erased",
    "sandbox:read": "See the organisation's sandbox, its clock and its faults",
    "sandbox:write": "Make a sandbox, move its clock and set its faults",
    "audit:read": "Search and export the audit log",
    "support:work": "Answer cases as an agent, and read and write notes among staff",
    "runs:read": "See all runs of sagas, and how the providers are",
    "runs:write": "Step in to runs of sagas",
    "price-books:read": "See price books, their rules and what has been agreed with whom",
    "price-books:write": "Make and change price books, and agree prices with customers",
    "catalogue:write": "Have the catalogue read from the providers at once",
    "operate": "See what the provider bills that fits no charge",
}
# What a role is, for whoever gives it.
ROLES = {
    "owner": "Everything for the organisation, its people and programs included",
    "buyer": "Buys: orders, changes, opens accounts, asks support",
    "billing": "Reads everything and asks support; buys nothing",
    "reader": "Reads everything and changes nothing",
    "agent": "The operator's support: reads everything and works on cases",
    "saga.operator": "The operator's control room: an agent who also steps in to runs",
    "administrator": "The operator's administrator: everything",
}
_READ = "customers accounts offers orders subscriptions operations cases charges invoices users approval-limits"
_ALL_READ = frozenset(f"{noun}:read" for noun in (*_READ.split(), "approvals"))
_BUY = frozenset({"orders:write", "subscriptions:write", "operations:write", "cases:write"})
_LIMITS = frozenset({"approval-limits:write"})
_APPROVE = frozenset({"approvals:write"})
_WORK = frozenset({"cases:write", "support:work"})
# who comes in besides people with a password: programs, and people through the organisation's own sign-on
_DOORS = frozenset({"api-clients:read", "api-clients:write", "sign-on:read", "sign-on:write"})
SUPPORT_SCOPES = frozenset({"support-access:read", "support-access:write", "privacy:read", "privacy:write"})
_SANDBOX = frozenset({"sandbox:read", "sandbox:write"})
RUN_SCOPES = frozenset({"runs:read", "runs:write"})
PRICE_SCOPES = frozenset({"price-books:read", "price-books:write", "catalogue:write"})
DESK_SCOPES = RUN_SCOPES | PRICE_SCOPES | {"operate"}  # what the operator's programs may have, and nobody else's
ROLE_SCOPES: dict[str, frozenset[str]] = {
    "owner": _ALL_READ | _BUY | _APPROVE | _LIMITS | _DOORS | SUPPORT_SCOPES | _SANDBOX
    | {"accounts:write", "customers:write", "users:write", "audit:read"},
    "buyer": _ALL_READ | _BUY | _APPROVE | {"accounts:write"},
    "billing": _ALL_READ | {"cases:write"},
    "reader": _ALL_READ,
    "agent": _ALL_READ | _WORK,
    "saga.operator": _ALL_READ | _WORK | RUN_SCOPES,
    "administrator": _ALL_READ | _BUY | _APPROVE | _WORK | _LIMITS | _DOORS | RUN_SCOPES | PRICE_SCOPES
    | {"accounts:write", "customers:write", "users:write", "operate", "audit:read"},
}  # fmt: skip
# What is a customer's own: without its support access, staff do not get there (ADR 32).
BEHIND_A_GRANT = frozenset(
    f"{noun}:{verb}"
    for noun in ("accounts", "approval-limits", "approvals", "orders", "subscriptions")
    for verb in ("read", "write")
) | {"operations:write", "invoices:read", "charges:read"}
SUPPORT_AREAS: dict[str, frozenset[str]] = {  # what a support access may let staff change
    "accounts": frozenset({"accounts:write"}),
    "orders": frozenset({"orders:write", "subscriptions:write", "operations:write"}),
    "cases": frozenset({"cases:write"}),
}
STAFF = ("agent", "saga.operator", "administrator")
CLIENT_SCOPES = ROLE_SCOPES["owner"]  # nobody, and no program, gives a role that may do more than they may


def staff_scopes(role: str, areas: list[str] | None) -> frozenset[str]:
    """What one of the operator's staff may do: at their desk (no `areas`), or under a support access that lets them
    read, and change what its `areas` name, whatever their role."""
    if areas is None:
        return at_desk(ROLE_SCOPES[role])
    granted = (SUPPORT_AREAS[area] for area in areas if area in SUPPORT_AREAS)
    return frozenset(scope for scope in ROLE_SCOPES[role] if scope.endswith(":read")).union(*granted) - DESK_SCOPES


def at_desk(scopes: Collection[str]) -> frozenset[str]:
    """What is left of some rights for the operator's staff who act for nobody."""
    return frozenset(scopes) - BEHIND_A_GRANT


def scopes_of(role: str) -> frozenset[str]:
    """What a role may do."""
    return ROLE_SCOPES[role]
