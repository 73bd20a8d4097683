"""A subscription that the provider lets do everything: pause, change its plan, plan its next term."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.services import commands
from domains.services.commands import ChangeOutcome
from domains.services.lots import Lot
from domains.services.models import Offer, PlanChoice, Policy, Subscription
from domains.services.pricing import ChangeTerms, NextTerm, PlanChangeTerms, ScheduleTerms

from .services import BUYER, a_catalogue, a_line, a_plan, a_subscription, an_account, an_offer, outcome

PRO, PLUS, TRIAL = "tailspin-analytics-pro", "tailspin-analytics-pro-plus", "tailspin-analytics-pro-trial"
PLANS = (
    a_plan("P1M", "monthly", EUR="30.24", JPY="4680"), a_plan("P1Y", "monthly", EUR="25.20", JPY="3900"),
    a_plan("P1Y", "annual", EUR="287.28", JPY="44460"), a_plan("P3Y", "monthly", EUR="22.68", JPY="3510"),
    a_plan("P3Y", "annual", EUR="258.55", JPY="40001"),
)  # fmt: skip
DEARER = (
    a_plan("P1M", "monthly", EUR="48.38", JPY="7488"), a_plan("P1Y", "monthly", EUR="40.32", JPY="6240"),
    a_plan("P1Y", "annual", EUR="459.65", JPY="71136"), a_plan("P3Y", "annual", EUR="413.68", JPY="64001"),
)  # fmt: skip
DELETES = ("change_quantity", "extend", "cancel", "suspend", "change_plan")


def offers() -> list[Any]:
    """An offer in two editions, with a trial of it."""
    plus = an_offer(PLUS, name="Analytics Pro Plus", plans=DEARER, min_quantity=5)
    trial = an_offer(
        TRIAL, name="Analytics Pro Trial", kind="trial", plans=(a_plan("P1M", "monthly", EUR="0", JPY="0"),)
    )
    return [an_offer(plans=PLANS), plus, trial]


def choices(term: str, cycle: str) -> tuple[PlanChoice, ...]:
    """A higher edition until the same day, or a longer term in each billing cycle."""
    longer = [("P1Y", "monthly"), ("P1Y", "annual")] if term == "P1M" else []
    longer += [("P3Y", "monthly"), ("P3Y", "annual")]
    found = (
        [PlanChoice(PLUS, term, cycle, "edition", False, False, 5, 300)] if (term, cycle) != ("P3Y", "monthly") else []
    )
    return (*found, *(PlanChoice(PRO, *plan, "term", True, True, 1, 300) for plan in longer if plan[0] != term))


def policy(session: Session, term: str = "P1Y", cycle: str = "monthly", **but: Any) -> Policy:
    """All that a provider can allow."""
    window = clock.business_now(session) + timedelta(days=7)
    allows = Policy(
        max_quantity=300, cancelable_until=window, extend_mode="free_date", can_suspend=True,
        suspended_at_end="expires", can_schedule=True, deletes_scheduled=DELETES, transitions=choices(term, cycle),
        renewal_offers=(PRO, PLUS), addons={"cancel": "block", "suspend": "keep", "expire": "keep"},
    )  # fmt: skip
    return replace(allows, **but)


def a_flexible(
    session: Session, quantity: int = 20, term: str = "P1Y", cycle: str = "monthly", currency: str = "EUR", **but: Any
) -> Subscription:
    """A running subscription that may do everything; `but` are facts of its policy."""
    a_catalogue(session, *offers())
    account = an_account(session, currency=currency)
    line = a_line(session, quantity, term=term, billing_cycle=cycle)
    return a_subscription(session, account, line, policy=policy(session, term, cycle, **but))


def offer_id(session: Session, provider_offer_id: str = PLUS) -> Any:
    """Our id of an offer."""
    return session.scalars(select(Offer.id).where(Offer.provider_offer_id == provider_offer_id)).one()


def begin_any(session: Session, terms: ChangeTerms, **but: Any) -> None:
    """Begin a change of any kind, as its flow does."""
    verb, more = commands.begin_change, {}
    if isinstance(terms, PlanChangeTerms):
        verb, more = commands.begin_plan_change, {"plan": terms.plan}
    elif isinstance(terms, ScheduleTerms):
        verb, more = commands.begin_schedule, {"next_term": terms.next_term}
    wanted = verb.__annotations__
    facts = {name: value for name, value in vars(terms).items() if name in wanted} | {"requested_by": BUYER}
    verb(session, **(facts | more | but))


def made(session: Session, held: Subscription, terms: ChangeTerms) -> None:
    """A whole change, to which the provider says yes and which it carries out as we have asked."""
    begin_any(session, terms)
    commands.apply_change(session, change_id=terms.change_id, outcome=answer(session, held, terms))


def answer(session: Session, held: Subscription, terms: ChangeTerms) -> ChangeOutcome:
    """How a subscription stands after a change that went as promised."""
    now = clock.business_now(session)
    planned: NextTerm | None = None if held.allowed.deletes_scheduled and terms.kind in DELETES else held.planned
    facts: dict[str, Any] = {"quantity": terms.to_quantity, "policy": held.allowed, "next_term": planned}
    if isinstance(terms, PlanChangeTerms):
        facts |= {"valid_from": terms.plan.valid_from, "valid_to": terms.plan.valid_to}
        facts["policy"] = replace(held.allowed, transitions=choices(terms.plan.term, terms.plan.billing_cycle))
    if isinstance(terms, ScheduleTerms):
        facts["next_term"] = terms.next_term
    if terms.kind in ("suspend", "resume"):
        state = "suspended" if terms.kind == "suspend" else "active"
        facts |= {"state": state, "raw_state": state}
        facts["policy"] = replace(held.allowed, can_resume=state == "suspended", can_suspend=state == "active")
    facts["lots"] = (Lot(terms.to_quantity, now - timedelta(days=1), now + timedelta(days=6)),)
    return outcome(session, held, **facts)
