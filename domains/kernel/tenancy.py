"""Who is asking, and whose data they may see: one predicate for every tenant row.

Every tenant row carries `customer_id` and, for an end-customer's rows, `reseller_id`. A customer sees its own rows,
a reseller also those of the end-customers it manages, operator staff all of them, and the system scope exists only in
workers, the scheduler and the command line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, true


@dataclass(frozen=True)
class Scope:
    """Whose rows a query may touch. Make one with the class methods only."""

    kind: str
    customer_id: UUID | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        # Without an id the predicate would read `reseller_id IS NULL`, which is true of strangers.
        if self.kind not in ("customer", "reseller", "operator", "system"):
            raise ValueError(f"there is no scope “{self.kind}”")
        if (self.customer_id is None) != (self.kind in ("operator", "system")):
            raise ValueError(f"a scope “{self.kind}” with customer {self.customer_id} makes no sense")

    @classmethod
    def customer(cls, customer_id: UUID) -> Scope:
        return cls("customer", customer_id)

    @classmethod
    def reseller(cls, customer_id: UUID) -> Scope:
        return cls("reseller", customer_id)

    @classmethod
    def operator(cls) -> Scope:
        """Operator staff: all customers. Made by `users` for people with an operator role, and for the operator's
        programs that may work on runs and nothing else."""
        return cls("operator")

    @classmethod
    def system(cls, reason: str) -> Scope:
        """Work that belongs to no caller. Only workers, the scheduler and the command line make one."""
        return cls("system", reason=reason)

    @property
    def is_wide(self) -> bool:
        """Whether it covers everybody's rows."""
        return self.kind in ("operator", "system")

    def covers(self, model: Any) -> ColumnElement[bool]:
        """The predicate `customer_id = :c OR reseller_id = :r` over a table with both columns."""
        if self.is_wide:
            return true()
        if self.kind == "reseller":
            return or_(model.customer_id == self.customer_id, model.reseller_id == self.customer_id)
        return model.customer_id == self.customer_id  # type: ignore[no-any-return]

    def allows(self, customer_id: UUID, reseller_id: UUID | None) -> bool:
        """The same rule for a row already in hand."""
        if self.is_wide:
            return True
        return customer_id == self.customer_id or (self.kind == "reseller" and reseller_id == self.customer_id)


_of_request: ContextVar[Scope | None] = ContextVar("scope", default=None)
_of_process: Scope | None = None


def bound() -> Scope | None:
    """For whom this work is done: every session takes it over when it opens, and sees nobody's rows without one."""
    return _of_request.get() or _of_process


def of_process() -> Scope | None:
    """For whom this process works where no request says otherwise."""
    return _of_process


@contextmanager
def within(scope: Scope) -> Iterator[None]:
    """Work for the caller of a request within the `with`; the surfaces bind it where they let a caller in."""
    token = _of_request.set(scope)
    try:
        yield
    finally:
        _of_request.reset(token)


def work_as(scope: Scope | None) -> None:
    """Say for whom all work of this process is done. A web process says None: it works for callers and nobody else."""
    global _of_process
    _of_process = scope


@dataclass(frozen=True)
class Actor:
    """Who did it, for audit and history: kind is user, client or system."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True)
class Origin:
    """From where somebody acts and on whose behalf, for the audit trail; travels with the work that comes of it.

    `home_id` is the organisation whose person or program acts, also when they act for another one; `grant_id` is the
    support access under which they do.
    `ahead` is by how many seconds the clock of a sandbox tenant runs ahead; None for everybody else, who live in real
    time and cannot be moved.
    """

    place: str = ""  # the network address; of IPv6 its network, where each place has more than can be counted
    program: str = ""  # the browser or program, in a few words
    home_id: UUID | None = None
    grant_id: UUID | None = None
    ahead: int | None = None


NOWHERE = Origin()
SYSTEM = Actor("system", "system", "Cloud Sales System")


@dataclass(frozen=True)
class Caller:
    """The person or program behind a request, as the assertion of `users` states it.

    `customer_id` is the organisation the caller belongs to (or acts for); `scopes` are words like `orders:write`.
    """

    actor: Actor
    scope: Scope
    customer_id: UUID | None
    customer_kind: str
    customer_name: str
    roles: tuple[str, ...]
    scopes: frozenset[str]
    login_id: str
    preferences: dict[str, str] = field(default_factory=dict)
    reseller_id: UUID | None = None  # of `customer_id`, when that is an end-customer

    @property
    def role(self) -> str:
        """In which role they act: people have one, all programs are `client`."""
        return "client" if self.actor.kind == "client" else (*self.roles, "")[0]

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    @property
    def here(self) -> UUID:
        """Whom they act for, else the organisation they belong to."""
        return self.customer_id or UUID(self.preferences["home_customer_id"])

    @property
    def ahead(self) -> int | None:
        """By how many seconds the clock of the sandbox tenant they act for runs ahead; None for a live one."""
        said = self.preferences.get("clock_ahead")
        return int(said) if said is not None else None

    @property
    def paying(self) -> Scope:
        """As whom they may see what a reseller pays for its end-customers: its own people also while they act for one
        of them; of everybody else it is their scope, which shows nothing of it."""
        home = self.preferences.get("home_customer_id")
        managed = self.reseller_id is not None and home == str(self.reseller_id)
        return Scope.reseller(self.reseller_id) if managed and self.reseller_id is not None else self.scope

    @property
    def own(self) -> Scope:
        """What they may see of things that are nobody's but the customer's: of staff at their desk the operator's own
        (ADR 32), of everybody else all of their scope."""
        return Scope.customer(self.here) if self.scope.kind == "operator" else self.scope

    def origin(self, seen: Origin) -> Origin:
        """What the request shows of where it comes from, with whose person or program the caller is."""
        known = self.preferences
        home = UUID(known["home_customer_id"]) if known.get("home_kind") else self.customer_id
        granted = known.get("grant_id")
        return replace(seen, home_id=home, grant_id=UUID(granted) if granted else None, ahead=self.ahead)
