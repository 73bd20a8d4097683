"""What one offer needs of others: what it adds to, what must be there, and what is given once."""

from __future__ import annotations

import pytest

from domains.kernel.config import Settings
from domains.kernel.errors import Invalid, NotFound, Refused
from domains.kernel.money import Money
from domains.services import db
from tests.factories.services import (
    a_catalogue,
    a_line,
    a_plan,
    a_subscription,
    an_account,
    an_offer,
    terms_of,
)

CONNECTOR = an_offer(
    "tailspin-connector", name="Data Connector", kind="addon", addon_of=("tailspin-analytics-pro",),
    plans=(a_plan(EUR="9.60"),),
)  # fmt: skip


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def test_an_add_on_is_tied_to_what_the_account_has(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(), CONNECTOR)
        account = an_account(session)
        held = a_subscription(session, account)
        alone = terms_of(session, account, a_line(session, 2, "tailspin-connector"))
        a_subscription(session, account)
        with pytest.raises(Invalid) as ambiguous:
            terms_of(session, account, a_line(session, 2, "tailspin-connector"))
        named = terms_of(session, account, a_line(session, 2, "tailspin-connector", parent_subscription_id=held.id))

    assert alone.lines[0].parent_subscription_id == named.lines[0].parent_subscription_id == held.id
    assert ambiguous.value.code == "parent_ambiguous"


def test_an_add_on_in_an_order_adds_to_the_line_above_it(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(), CONNECTOR)
        seats, add_on = a_line(session), a_line(session, 2, "tailspin-connector")
        first, one, second, two = terms_of(session, an_account(session), seats, add_on, seats, add_on).lines

    assert one.parent_subscription_id == first.subscription_id
    assert two.parent_subscription_id == second.subscription_id


def test_an_add_on_cannot_be_tied_to_another_accounts_subscription(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(), CONNECTOR)
        theirs = a_subscription(session, an_account(session))
        account = an_account(session)
        with pytest.raises(NotFound) as no:
            terms_of(session, account, a_line(session, 2, "tailspin-connector", parent_subscription_id=theirs.id))

    assert no.value.code == "parent_not_found"


def test_a_prerequisite_may_be_held_or_ordered_along(databases: Settings) -> None:
    suite = an_offer("suite", name="Office Suite Business")
    needy = an_offer("needy", name="Workplace Backup", prerequisites=("suite",))
    with db.begin() as session:
        a_catalogue(session, suite, needy)
        account = an_account(session)
        with pytest.raises(Refused) as no:
            terms_of(session, account, a_line(session, 1, "needy"))
        along = terms_of(session, account, a_line(session, 1, "needy"), a_line(session, 1, "suite"))
        a_subscription(session, account, a_line(session, 1, "suite"))
        held = terms_of(session, account, a_line(session, 1, "needy"))

    assert "“Office Suite Business”" in no.value.detail
    assert len(along.lines) == 2
    assert len(held.lines) == 1


def test_a_trial_is_given_once(databases: Settings) -> None:
    trial = an_offer("trial", kind="trial", plans=(a_plan("P1M", EUR="0.00"),))
    with db.begin() as session:
        a_catalogue(session, trial)
        account = an_account(session)
        with pytest.raises(Refused):
            terms_of(session, account, a_line(session, 1, "trial"), a_line(session, 1, "trial"))
        assert a_subscription(session, account, a_line(session, 1, "trial")).unit_price.amount == 0
        with pytest.raises(Refused) as no:
            terms_of(session, account, a_line(session, 1, "trial"))
        other = terms_of(session, an_account(session), a_line(session, 1, "trial"))

    assert no.value.code == "offer_not_repeatable"
    assert other.charge_now == eur("0")
