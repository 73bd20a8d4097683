"""What each role, and each program, may do: the one place where rights are given."""

from __future__ import annotations

_READ = "customers accounts offers orders subscriptions operations cases charges invoices users"
_ALL_READ = frozenset(f"{noun}:read" for noun in _READ.split())
_BUY = frozenset({"orders:write", "subscriptions:write", "operations:write", "cases:write"})
_WORK = frozenset({"cases:write", "support:work"})
# who comes in besides people with a password: programs, and people through the organisation's own sign-on
_DOORS = frozenset({"api-clients:read", "api-clients:write", "sign-on:read", "sign-on:write"})
SUPPORT_SCOPES = frozenset({"support-access:read", "support-access:write"})
RUN_SCOPES = frozenset({"runs:read", "runs:write"})
ROLE_SCOPES: dict[str, frozenset[str]] = {
    "owner": _ALL_READ | _BUY | _DOORS | SUPPORT_SCOPES
    | {"accounts:write", "customers:write", "users:write", "audit:read"},
    "buyer": _ALL_READ | _BUY | {"accounts:write"},
    "billing": _ALL_READ | {"cases:write"},
    "reader": _ALL_READ,
    "agent": _ALL_READ | _WORK,
    "saga.operator": _ALL_READ | _WORK | RUN_SCOPES,
    "administrator": _ALL_READ | _BUY | _WORK | _DOORS | RUN_SCOPES
    | {"accounts:write", "customers:write", "users:write", "operate", "audit:read"},
}  # fmt: skip
# What is a customer's own: without its support access, staff do not get there (ADR 32).
BEHIND_A_GRANT = frozenset(
    f"{noun}:{verb}" for noun in ("accounts", "orders", "subscriptions") for verb in ("read", "write")
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
        return ROLE_SCOPES[role] - BEHIND_A_GRANT
    granted = (SUPPORT_AREAS[area] for area in areas if area in SUPPORT_AREAS)
    return frozenset(scope for scope in ROLE_SCOPES[role] if scope.endswith(":read")).union(*granted) - RUN_SCOPES


def scopes_of(role: str) -> frozenset[str]:
    """What a role may do."""
    return ROLE_SCOPES[role]
