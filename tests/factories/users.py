"""Organisations as users know them, and people who are invited to them and come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domains.kernel import clock
from domains.kernel.database import new_id
from domains.kernel.tenancy import SYSTEM, Caller, Scope
from domains.users import commands, db, queries, tokens
from domains.users.commands.proving import finished
from domains.users.models import Login, User
from domains.users.queries import Member

PASSWORD = "seven grey geese over water"


def an_organisation(**but: Any) -> tuple[UUID, UUID]:
    """A customer, and its owner as the one who is invited first."""
    facts: dict[str, Any] = {
        "customer_id": new_id(), "reseller_id": None, "kind": "direct", "name": "Northwind Traders", "region": "eu",
        "currency": "EUR", "language": "en", "time_zone": "Europe/Amsterdam", "owner_user_id": new_id(),
        "owner_name": "Olga Owner", "owner_email": f"{new_id()}@northwind.example",
    } | but  # fmt: skip
    with db.begin() as session:
        commands.add_organisation(session, **facts)
    return facts["customer_id"], facts["owner_user_id"]


def invite(
    customer_id: UUID, email: str, role: str = "buyer", name: str = "Typed Name", user_id: UUID | None = None
) -> None:
    """Invite somebody, whoever that may be."""
    facts = {"role": role, "name": name, "language": "en", "time_zone": "UTC"}
    with db.begin() as session:
        commands.add_user(session, user_id=user_id or new_id(), customer_id=customer_id, email=email, **facts)


def has_password(user_id: UUID) -> None:
    """Let a person choose a password."""
    with db.begin() as session:
        commands.set_password(session, user_id=user_id, password=PASSWORD)


def has_app(user_id: UUID) -> str:
    """Let a person set up an authenticator app; gives its seed. The code that it shows at this moment is used up."""
    with db.begin() as session:
        return commands.set_up_app(session, user_id=user_id)


def entries(customer_id: UUID) -> list[str]:
    """What stands in the trail of a customer's people, oldest first."""
    table = db.audit_entry
    with db.begin_read() as session:
        query = table.select().where(table.c.customer_id == customer_id).order_by(table.c.id)
        return [entry.action for entry in session.execute(query)]


@dataclass(frozen=True)
class Letter:
    """What shall be written to somebody."""

    template: str
    recipient: dict[str, Any]
    facts: dict[str, str]


def letters() -> list[Letter]:
    """What users want written to people, oldest first."""
    table = db.outbox
    with db.begin_read() as session:
        rows = session.execute(table.select().where(table.c.type == "users.LetterAsked").order_by(table.c.position))
        return [Letter(row.body["template"], row.body["recipient"], row.body["facts"]) for row in rows]


def signed_in(user_id: UUID) -> tuple[Caller, str]:
    """A person who has just signed in, and the token in their browser."""
    with db.begin_read() as session:
        email = session.get_one(User, user_id).email
    made = tokens.sign_in(email=email, password=PASSWORD, ip="127.0.0.1", user_agent="test")
    token = made.token if made.state == "active" else with_a_second_factor(made.login_id)
    caller = tokens.caller_of_login(token)
    assert caller is not None
    return caller, token


def with_a_second_factor(login_id: UUID) -> str:
    """The token of a login that was waiting for a second factor, once that has been given."""
    with db.begin() as session:
        login = session.get_one(Login, login_id)
        user = session.get_one(User, login.user_id)
        return finished(session, login, user, "otp", clock.now(session)).token


def members_of(customer_id: UUID) -> list[Member]:
    """The people of a customer as it may know them, newest first."""
    with db.begin_read() as session:
        return queries.list_users(session, Scope.customer(customer_id)).items


def membership_of(user_id: UUID, customer_id: UUID) -> UUID:
    """The membership of a person at a customer, or the invitation to it, as the person finds it."""
    with db.begin_read() as session:
        return next(one.id for one, at in queries.own_memberships(session, user_id) if at.customer_id == customer_id)


def accept(user_id: UUID, customer_id: UUID) -> None:
    """Accept an invitation."""
    with db.begin() as session:
        membership_id = membership_of(user_id, customer_id)
        commands.accept_invitation(session, user_id=user_id, membership_id=membership_id)


def go_on_at(customer_id: UUID, caller: Caller) -> None:
    """Work for another customer from now on."""
    user_id = UUID(caller.actor.id)
    with db.begin() as session:
        where = {"user_id": user_id, "login_id": UUID(caller.login_id)}
        commands.work_for(session, **where, membership_id=membership_of(user_id, customer_id))
    tokens.forget_epoch("login", caller.login_id)


def let_in(name: str, *areas: str, hours: int = 1) -> UUID:
    """Let the operator's staff see the pages of the customer with this name; gives the access."""
    with db.begin() as session:
        found = queries.choices(session, Scope.operator(), q=name)[0]
        facts = {"grant_id": new_id(), "customer_id": found.customer_id, "hours": hours, "reason": "To help"}
        return commands.grant_access(session, scope=Scope.operator(), areas=areas, by=SYSTEM, **facts).id
