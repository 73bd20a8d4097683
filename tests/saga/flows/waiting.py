"""A buyer with a limit, an owner who may approve, and what they ask for and decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from domains import notifications, services, users
from domains.kernel.database import new_id
from domains.kernel.money import Money
from domains.kernel.tenancy import Actor, Caller
from domains.notifications.models import Delivery
from domains.services import commands
from domains.services import queries as sold
from domains.users import commands as user_commands
from domains.users.policy import ROLE_SCOPES
from saga import signals
from saga.flows.place_order import ordering
from saga.payloads.change import changing
from saga.tables import Run
from tests.factories.services import a_line

from .shop import PRO, Shop


def owner(shop: Shop) -> Caller:
    """The owner with all rights."""
    return replace(shop.caller, scopes=ROLE_SCOPES["owner"])


def signed_up(shop: Shop) -> None:
    """Let the owner accept the invitation."""
    with users.db.begin() as session:
        user_commands.set_password(
            session, user_id=UUID(shop.caller.actor.id), password="a long way to the northern wind"
        )  # fmt: skip


def buyer(shop: Shop, name: str = "Bea Buyer") -> Caller:
    """A colleague who buys."""
    actor = Actor("user", str(new_id()), name)
    known = {"language": "en", "email": f"{name.split()[0].lower()}@northwind.example"}
    return replace(shop.caller, actor=actor, roles=("buyer",), scopes=ROLE_SCOPES["buyer"], preferences=known)


def limit(shop: Shop, amount: str | None, role: str = "buyer") -> None:
    """Let a role order so much by itself."""
    given = None if amount is None else Money.of(amount, "EUR")
    with services.db.begin() as session:
        commands.set_approval_limit(
            session, customer_id=shop.customer_id, reseller_id=None, role=role, limit=given
        )  # fmt: skip


def order(shop: Shop, caller: Caller, *lines: tuple[int, str], starts_on: date | None = None) -> tuple[Run, Any]:
    """Place an order as the surfaces do, and do all that is due now."""
    with services.db.begin_read() as session:
        wishes = [a_line(session, *line) for line in lines or [(20, PRO)]]
        terms = sold.order_terms(
            session, shop.scope, account_id=shop.account_id, lines=wishes, starts_on=starts_on
        )  # fmt: skip
        flow, payload = ordering(terms, caller, *sold.order_waits(session, shop.scope, terms, caller))
    return shop.run(flow, payload), payload


def change(shop: Shop, flow: Any, caller: Caller, subscription_id: UUID, action: str, **wish: Any) -> tuple[Run, Any]:
    """Ask for a change as the surfaces do, and do all that is due now."""
    with services.db.begin_read() as session:
        terms = sold.change_terms(session, shop.scope, subscription_id=subscription_id, action=action, **wish)
        approval = sold.approval_needed(session, shop.scope, terms, caller)
    saga, payload = changing(flow, terms, caller, None, approval)
    return shop.run(saga, payload), payload


def decide(shop: Shop, verb: str, caller: Caller, approval_id: UUID, **known: Any) -> Any:
    """Approve, reject or delegate as the surfaces do, and do all that is due now."""
    with services.db.begin() as session:
        row = getattr(commands, verb)(session, caller=caller, approval_id=approval_id, **known)
        signals.signal_after(session, row.run_id)
        state = row.state
    shop.transport.run_until_quiet()
    return state


def approval_of(caller: Caller, approval_id: UUID) -> sold.ApprovalView:
    """A request as somebody sees it."""
    with services.db.begin_read() as session:
        return sold.get_approval(session, caller.scope, approval_id, caller)


def mail(template: str) -> list[str]:
    """To whom letters of a kind were written."""
    with notifications.db.begin_read() as session:
        return [row.recipient for row in session.query(Delivery).filter_by(template=template)]
