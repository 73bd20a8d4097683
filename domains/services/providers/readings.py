"""What the provider says, in our words: its states, lots, windows and reasons become the facts we keep."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from domains.kernel.errors import N_, Invalid
from domains.kernel.money import Money

from ..errors import WORDS
from ..lots import Lot
from ..models.differences import Seen
from ..models.facts import AcceptedLine, CcpCustomer, CcpUser, ChangeOutcome, EndRules, NextTerm, PlanChoice, Policy
from ..models.subscriptions import state_of
from ..pricing import ANNUAL, FOREVER, MONTHLY, ONE_TIME, months_of
from .answers import UnknownOutcome
from .facts import ChangePolicy, Customer, HeldSubscription, MadeChange, Refusal, User
from .plans import EndOfTerm, HeldNextTerm
from .plans import PlanChoice as Said

CYCLES = (MONTHLY, ANNUAL, ONE_TIME)


def accepted_line(subscription_id: UUID, held: HeldSubscription, policy: ChangePolicy) -> AcceptedLine:
    """A delivered line with the subscription that came of it."""
    return AcceptedLine(
        subscription_id=subscription_id, provider_subscription_id=held.id, quantity=held.quantity,
        valid_from=first_day(held), valid_to=held.valid_to or FOREVER, state=state_of(held.status),
        raw_state=held.status, auto_renew=held.auto_renew, lots=lots_in(held), policy=policy_in(held, policy),
        provider_version=held.version,
    )  # fmt: skip


def outcome_of(held: HeldSubscription, policy: ChangePolicy, change: MadeChange | None = None) -> ChangeOutcome:
    """How a subscription stands, after a change or a look."""
    refund = change.refund if change else None
    return ChangeOutcome(
        quantity=held.quantity, valid_to=held.valid_to or FOREVER, state=state_of(held.status), raw_state=held.status,
        auto_renew=held.auto_renew, valid_from=first_day(held), lots=lots_in(held), policy=policy_in(held, policy),
        provider_version=held.version, provider_change_id=change.id if change else None,
        refund=Money.of(refund.amount, refund.currency) if refund else None,
        next_term=next_term_in(held), provider_offer_id=held.offer_id, term=known_term(held.term),
        billing_cycle=held.billing_cycle if held.billing_cycle in CYCLES else None,
    )  # fmt: skip


def next_term_in(held: HeldSubscription) -> NextTerm | None:
    """What is planned for the next term; None when nothing is, or nothing that we can read."""
    try:
        said = msgspec.convert(held.next_term or {}, HeldNextTerm, strict=False)
    except msgspec.ValidationError:
        return None
    if said == HeldNextTerm():
        return None
    return NextTerm(said.quantity, said.offer_id, said.term, said.billing_cycle)


def _choice(said: Said) -> PlanChoice:
    return PlanChoice(
        said.offer_id, said.term, said.billing_cycle, said.kind, said.new_term, said.reopens_window,
        said.min_quantity, said.max_quantity,
    )  # fmt: skip


def seen_in(held: HeldSubscription, ours: frozenset[str] = frozenset()) -> Seen:
    """A subscription of a list, to be compared. `ours` names the rules that we keep in the provider's place."""
    dated = "dates" not in ours
    return Seen(
        provider_subscription_id=held.id, reference=held.reference, quantity=held.quantity,
        state=state_of(held.status), raw_state=held.status, valid_from=held.start_date,
        valid_to=(held.valid_to or FOREVER) if dated else None,
        auto_renew=held.auto_renew if "renewal" not in ours else None, lots=lots_in(held),
        provider_version=held.version, offer=held.offer_id, name=held.name, term=held.term,
        billing_cycle=held.billing_cycle, parent=held.parent_subscription_id,
    )  # fmt: skip


def first_day(held: HeldSubscription) -> date:
    """The first day of a subscription. Unknown where neither the provider nor we have put one in."""
    if held.start_date is None:
        raise UnknownOutcome("the provider does not say when the subscription began")
    return held.start_date


def known_term(said: str | None) -> str | None:
    """A term that we can reckon with; None for another, or none."""
    try:
        return said if said is not None and months_of(said) >= 0 else None
    except Invalid:
        return None


def lots_in(held: HeldSubscription) -> tuple[Lot, ...]:
    """The seat lots of a subscription."""
    return tuple(Lot(lot.quantity, lot.added_at, lot.returnable_until) for lot in held.lots)


def policy_in(held: HeldSubscription, said: ChangePolicy) -> Policy:
    """What may be changed. The window to cancel stands with the subscription, or with the policy."""
    return Policy(
        can_increase=said.can_increase, min_quantity=said.min_quantity, max_quantity=said.max_quantity,
        cancelable_until=said.cancel_until or held.cancelable_until, cancel_at_end_allowed=said.cancel_at_end_allowed,
        allowed_end_dates=said.allowed_end_dates, extend_mode=said.extend_mode, locked_from=said.locked_from,
        reasons={action: words_for(reason) for action, reason in said.reasons.items()},
        can_suspend=said.can_suspend, can_resume=said.can_resume, suspended_at_end=said.suspended_at_end,
        can_schedule=said.can_schedule, deletes_scheduled=said.deletes_scheduled,
        transitions=tuple(_choice(one) for one in said.transitions),
        renewal_offers=said.renewal_offers, addons=dict(said.addons),
        end_of_term=end_rules(said.end_of_term) if said.end_of_term else None,
    )  # fmt: skip


def end_rules(said: EndOfTerm) -> EndRules:
    """What may be decided about the end of the term."""
    return EndRules(said.modes, said.default, said.set_to, said.surcharge_percent, said.locked_from)


def words_for(reason: Refusal) -> str:
    """A provider's reason in words for a customer. No place in them is ours to fill in, whatever it looks like."""
    said = reason.message.replace("%(", "% (")
    return str(WORDS.get(reason.code) or said or N_("The provider does not allow this now."))


def ccp_customer(said: Customer) -> CcpCustomer:
    """The tenant as the other domains know it."""
    return CcpCustomer(said.id, said.reference, said.name, said.country, said.domain, said.status)


def ccp_user(said: User) -> CcpUser:
    """The provider's user as the other domains know it."""
    return CcpUser(
        said.id, said.principal_name, said.display_name, said.email, said.status, said.roles, said.mfa_enabled,
        said.last_sign_in_at, said.created_at,
    )  # fmt: skip
