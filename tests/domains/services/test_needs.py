"""What one offer needs of others: what it adds to, what must be there, and what is given once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domains.kernel.config import Settings
from domains.kernel.errors import DomainError, Invalid, NotFound, Refused
from domains.kernel.money import Money, UnitPrice
from domains.services import commands, db
from domains.services.models import AccountRef
from domains.services.pricing import OrderTerms
from tests.factories.races import at_once
from tests.factories.services import (
    a_catalogue,
    a_line,
    a_plan,
    a_subscription,
    an_account,
    an_offer,
    place,
    scope_of,
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


TRIAL = an_offer("trial", kind="trial", plans=(a_plan("P1M", EUR="0.00"),))


def trials(session: Any, account: AccountRef, count: int) -> list[OrderTerms]:
    """As many promises of the same trial, none of which was taken up yet."""
    wish = a_line(session, 1, "trial")
    promises = [
        commands.preview_order(session, scope=scope_of(account), account_id=account.id, lines=[wish])
        for _ in range(count)
    ]
    return [terms_of(session, account, wish, preview_id=promise.id) for promise in promises]


def test_of_several_promises_of_a_trial_one_can_be_ordered(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, TRIAL)
        account = an_account(session)
        first, second, third = trials(session, account, 3)
        place(session, first)
        with pytest.raises(Refused) as no:
            place(session, second)
        with pytest.raises(Refused) as early:
            terms_of(session, account, a_line(session, 1, "trial"), preview_id=third.preview_id)
        commands.discard_order(session, order_id=first.order_id)
        place(session, third)  # the first one was never delivered

    assert no.value.code == early.value.code == "offer_not_repeatable"


@pytest.mark.asvs("2.3.4")
def test_of_trials_ordered_at_the_same_moment_one_is_given(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, TRIAL)
        account = an_account(session)
        terms = [*trials(session, account, 2), terms_of(session, account, a_line(session, 1, "trial"))]

    ended = at_once(db, *(lambda session, one=one: place(session, one) for one in terms))

    assert ended == ["done", "offer_not_repeatable", "offer_not_repeatable"]


def test_what_an_order_needs_must_still_be_there_when_it_is_placed(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(), CONNECTOR)
        account = an_account(session)
        held = a_subscription(session, account)
        terms = terms_of(session, account, a_line(session, 2, "tailspin-connector"))
        held.state = "canceled"
        with pytest.raises(NotFound) as no:
            place(session, terms)

    assert no.value.code == "parent_not_found"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        ({"id": "another"}, "offer_not_sold"),
        ({"max_quantity": 19}, "quantity_out_of_range"),
        ({"countries": ("DE",)}, "country_not_sold"),
        ({"plans": (a_plan("P1M"),)}, "term_not_sold"),
    ],
)
def test_a_line_must_still_be_sold_when_it_is_ordered(databases: Settings, now: dict[str, Any], code: str) -> None:
    offer_id = now.get("id", "tailspin-analytics-pro")
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        promise = commands.preview_order(session, scope=scope_of(account), account_id=account.id,
                                         lines=[a_line(session)])  # fmt: skip
        terms = terms_of(session, account, preview_id=promise.id)
        a_catalogue(session, an_offer(offer_id, **{name: value for name, value in now.items() if name != "id"}))
        with pytest.raises(DomainError) as no:
            place(session, terms)

    assert no.value.code == code


def test_an_order_on_a_promise_is_placed_at_its_prices_only(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        promise = commands.preview_order(session, scope=scope_of(account), account_id=account.id,
                                         lines=[a_line(session)])  # fmt: skip
        terms = terms_of(session, account, preview_id=promise.id)
        cheap = replace(terms.lines[0], unit_price=UnitPrice(Decimal("0.01"), "EUR"))
        with pytest.raises(Refused) as no:
            place(session, terms, lines=(cheap,))

    assert no.value.code == "preview_mismatch"
