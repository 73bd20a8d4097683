"""What must be asked for before an order, a change or a bulk plan goes on: somebody's yes, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.kernel.errors import N_, NotFound, Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Caller, Scope

from ..models import Approval, ApprovalAsked
from ..models.approvals import BUDGET, CEILING, LIMIT
from ..models.approvals import WHY as WHY
from ..models.bulk_plans import BulkPlan
from ..pricing import ChangeTerms, OrderTerms
from .accounts import get_account
from .bulk_plans import plan_terms
from .limits import above_limit, check_previewed, needs_approval, ordering_rule
from .terms import due_later


def why_ask(session: Session, scope: Scope, terms: OrderTerms | ChangeTerms, role: str) -> tuple[str, ...]:
    """Why somebody must say yes before this is done by who asks in a role; nothing where nobody must."""
    limit = (LIMIT,) if needs_approval(session, scope, terms, role) else ()
    return limit + beyond_budget(session, scope, terms.account_id, terms.reserve, terms.commitment)


def beyond_budget(
    session: Session, scope: Scope, account_id: UUID, reserve: Money, commitment: Money
) -> tuple[str, ...]:  # fmt: skip
    """Which limits of an account this passes, where passing them is to be asked for, as accounts last told.

    `reserve` is held against the month, `commitment` against what may be owed in all. It decides whether to ask;
    whether there is money left is decided where it is held.
    """
    account = get_account(session, scope, account_id)
    if not account.asks or reserve.minor <= 0:
        return ()
    month = account.budget_left is not None and reserve.minor > account.budget_left
    owed = account.commitment_left is not None and max(reserve, commitment).minor > account.commitment_left
    return ((BUDGET,) if month else ()) + ((CEILING,) if owed else ())


def approval_needed(
    session: Session, scope: Scope, terms: OrderTerms | ChangeTerms, caller: Caller
) -> ApprovalAsked | None:
    """What must be asked for before this is done, when it commits to more than the caller may by themselves."""
    why = why_ask(session, scope, terms, caller.role)
    if not why:
        return None
    subject = ("order", terms.order_id) if isinstance(terms, OrderTerms) else ("change", terms.change_id)
    return _asked(session, scope, caller, subject, terms.customer_id, terms.commitment, why)


def _asked(
    session: Session, scope: Scope, caller: Caller, subject: tuple[str, UUID], customer_id: UUID, amount: Money,
    why: tuple[str, ...],
) -> ApprovalAsked:  # fmt: skip
    is_person = caller.actor.kind == "user"
    return ApprovalAsked(
        new_id(), *subject, amount=amount, role=caller.role,
        user_id=UUID(caller.actor.id) if is_person else None, client_id=None if is_person else caller.actor.id,
        days=ordering_rule(session, scope, customer_id).approval_days, why=why,
    )  # fmt: skip


def order_waits(session: Session, scope: Scope, terms: OrderTerms, caller: Caller) -> tuple[ApprovalAsked | None, bool]:
    """What an order must wait for: the approval it needs, and whether its day is a later one.

    Refuses an order that must name a preview and names none.
    """
    check_previewed(session, scope, terms)
    later = due_later(session, get_account(session, scope, terms.account_id), terms) is not None
    return approval_needed(session, scope, terms, caller), later


@dataclass(frozen=True)
class PlanAsk:
    """What a bulk plan must ask one customer for: the sum of what its rows commit to, and why."""

    customer_id: UUID
    amount: Money
    why: tuple[str, ...]


def plan_asks(session: Session, scope: Scope, terms: Iterable[ChangeTerms], role: str) -> list[PlanAsk]:
    """Whom a bulk plan must ask, by customer and currency.

    Its rows are held against limits together: those of a customer that commit to more against the role's, those of an
    account that are to be paid against the account's.
    """
    costly = [one for one in terms if one.commitment.minor > 0 or one.reserve.minor > 0]
    sums: dict[tuple[UUID, str], Money] = {}
    for one in costly:
        zero = Money.zero(one.currency)
        sums[one.customer_id, one.currency] = sums.get((one.customer_id, one.currency), zero) + max(
            one.commitment, zero
        )
    asks = []
    for (customer_id, currency), total in sums.items():
        mine = [one for one in costly if (one.customer_id, one.currency) == (customer_id, currency)]
        limit = total.minor > 0 and above_limit(session, scope, customer_id, total, role)
        why = ((LIMIT,) if limit else ()) + _beyond_budgets(session, scope, mine)
        asks += [PlanAsk(customer_id, total, why)] if why else []
    return asks


def _beyond_budgets(session: Session, scope: Scope, terms: Sequence[ChangeTerms]) -> tuple[str, ...]:
    """Which limits of any of their accounts changes pass together."""
    found: set[str] = set()
    for account_id in {one.account_id for one in terms}:
        zero = Money.zero(terms[0].currency)
        sums = [
            sum((max(getattr(one, name), zero) for one in terms if one.account_id == account_id), zero)
            for name in ("reserve", "commitment")
        ]
        found |= {*beyond_budget(session, scope, account_id, *sums)}
    return tuple(word for word in WHY if word in found)


def why_ask_for(session: Session, scope: Scope, plan: BulkPlan, role: str) -> tuple[str, ...]:
    """Why somebody must say yes before a plan that was found in the scope is applied; nothing where nobody must."""
    asks = plan_asks(session, scope, plan_terms(session, scope, plan.id), role) if plan.state == "ready" else []
    return tuple(word for word in WHY if any(word in one.why for one in asks))


def plan_approval(
    session: Session, scope: Scope, terms: Iterable[ChangeTerms], plan_id: UUID, caller: Caller
) -> ApprovalAsked | None:
    """What must be asked for before a bulk plan is applied: one approval for all its rows.

    Refuses a plan that several customers would have to approve, or one in several currencies: each has its own limit.
    """
    asks = plan_asks(session, scope, terms, caller.role)
    if len(asks) > 1:
        text = N_("It needs the approval of several customers, or in several currencies. Send a plan for each of them.")
        raise Refused(text, code="plan_to_be_split")
    return _asked(
        session, scope, caller, ("bulk_plan", plan_id), asks[0].customer_id, asks[0].amount, asks[0].why
    ) if asks else None  # fmt: skip


def asked_of(session: Session, scope: Scope, approval_id: UUID) -> ApprovalAsked:
    """A request as it travels, for what goes on by the yes it was given. Refuses one that is not in scope."""
    row = session.scalars(select(Approval).where(Approval.id == approval_id, scope.covers(Approval))).one_or_none()
    if row is None:
        raise NotFound("There is no such approval.", code="approval_not_found", field="approval_id")
    return ApprovalAsked(
        row.id, row.subject_kind, row.subject_id, row.amount, row.role, row.requested_by_id, row.requested_by_client,
        why=row.reasons,
    )  # fmt: skip
