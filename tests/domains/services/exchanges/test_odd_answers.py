"""Answers that come late, in part or at odds with each other are no answers yet: they are looked up again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from domains.kernel import database
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Refused
from domains.services import db, exchanges
from domains.services.models import Subscription
from domains.services.pricing import ChangeTerms, OrderTerms
from domains.services.providers import UnknownOutcome
from tests.conftest import Clock
from tests.domains.services.scripted import Scripted
from tests.factories.services import (
    a_catalogue,
    a_line,
    a_running,
    an_account,
    an_offer,
    ask,
    begin,
    change_of,
    place,
    terms_of,
)

TIMEOUT = 1.0


@pytest.fixture
def provider(databases: Settings, clock: Clock, scripted: Scripted) -> Scripted:
    """A provider that says what the test wants, behind this test's settings."""
    database.bind(replace(databases, provider_url=scripted.url, provider_timeout=TIMEOUT))
    return scripted


def says(provider: Scripted, *bodies: Any) -> None:
    """Let the provider give these answers next; None is silence."""
    for body in bodies:
        provider.say(200, None if body is None else json.dumps(body, default=str).encode())


def held(quantity: int = 20, number: int = 0) -> dict[str, Any]:
    """A subscription over there."""
    return {
        "id": f"CS-{number}", "reference": None, "quantity": quantity, "status": "active", "start_date": "2026-03-10",
        "valid_to": "2027-03-09", "version": quantity,
    }  # fmt: skip


DELIVERED: list[Any] = [held(), {}, held(2, number=1), {}]  # both subscriptions as they stand, and what may be changed

# ---- orders


def an_order() -> OrderTerms:
    """An order of two offers that is drafted and not sent yet."""
    with db.begin() as session:
        a_catalogue(session, an_offer(), an_offer("other"))
        account = an_account(session)
        terms = terms_of(session, account, a_line(session), a_line(session, 2, "other"))
        place(session, terms)
    return terms


def placed(terms: OrderTerms, **but: Any) -> dict[str, Any]:
    """The provider's word that an order is finished: all lines accepted, but for what is said of the second."""
    lines = [
        {"reference": line.subscription_id, "status": "accepted", "subscription_id": f"CS-{number}"}
        for number, line in enumerate(terms.lines)
    ]
    lines[1] |= but
    return {"id": "PO-1", "reference": terms.order_id, "status": "completed", "lines": lines}


def send(terms: OrderTerms, **how: Any) -> Any:
    return ask(exchanges.send_order, order_id=terms.order_id, provider_operation_id=new_id(), **how)


@pytest.mark.parametrize(
    "second",
    [
        {"reference": "CS-1"},
        {"reference": str(new_id())},
        {"subscription_id": None},
        {"subscription_id": None, "status": "odd"},
    ],
    ids=["in other words", "of another order", "accepted as nothing", "of unknown fate"],
)
def test_a_line_that_an_answer_says_nothing_of_is_not_left_pending_for_ever(
    provider: Scripted, second: dict[str, Any]
) -> None:
    terms = an_order()
    says(provider, placed(terms, **second), *DELIVERED)

    with pytest.raises(UnknownOutcome):
        send(terms)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_answer_has_as_many_lines_as_the_order(provider: Scripted, count: int) -> None:
    terms = an_order()
    answer = placed(terms)
    says(
        provider,
        {"items": [answer | {"lines": [*answer["lines"], answer["lines"][0]][:count]}]},
        *DELIVERED,
        *DELIVERED,
    )

    with pytest.raises(UnknownOutcome):
        send(terms, asked_before=True)


def test_a_line_that_was_refused_is_not_charged_though_it_left_something_behind(provider: Scripted) -> None:
    terms = an_order()
    says(provider, placed(terms, status="rejected"), *DELIVERED)

    answer = send(terms)

    assert [line.subscription_id for line in answer.accepted] == [terms.lines[0].subscription_id]
    assert answer.accepted_total == terms.lines[0].cycle_price


@pytest.mark.parametrize(("there", "lots"), [(25, [20]), (15, [15])])
def test_what_was_changed_before_we_looked_is_left_to_be_found_as_drift(
    provider: Scripted, there: int, lots: list[int]
) -> None:
    terms = an_order()
    bought = [{"quantity": min(there, 20), "added_at": "2026-03-10T09:00:00Z"}]
    more = [{"quantity": 5, "added_at": "2026-03-10T10:00:00Z"}] if there > 20 else []
    says(provider, placed(terms), held(there) | {"lots": [*bought, *more]}, *DELIVERED[1:])

    delivered = send(terms).accepted[0]

    assert (delivered.quantity, [lot.quantity for lot in delivered.lots]) == (20, lots)


def test_a_refused_line_needs_a_reason_or_a_word_that_says_so(provider: Scripted) -> None:
    terms = an_order()
    says(provider, placed(terms, subscription_id=None, status="failed"), *DELIVERED[:2])

    answer = send(terms)

    assert [line.subscription_id for line in answer.accepted] == [terms.lines[0].subscription_id]
    assert [(line.subscription_id, line.code) for line in answer.rejected] == [
        (terms.lines[1].subscription_id, "failed")
    ]


def test_another_subscription_than_the_lines_own_is_not_taken_over(provider: Scripted) -> None:
    terms = an_order()
    theirs = held() | {"reference": str(new_id())}
    for odd in (held(number=7), theirs):
        says(provider, placed(terms), odd, {}, *DELIVERED[2:])
        with pytest.raises(UnknownOutcome):
            send(terms)
        provider.answers.clear()


# ---- changes


def more_seats() -> tuple[Subscription, ChangeTerms]:
    """A change from 20 seats to 25 that is begun and not sent yet."""
    with db.begin() as session:
        running = a_running(session)
        running.provider_subscription_id = "CS-0"
        terms = change_of(session, running, "change_quantity", quantity=25)
        begin(session, terms)
    return running, terms


def made(terms: ChangeTerms) -> dict[str, Any]:
    """Our change over there."""
    return {"id": "CH-1", "reference": terms.change_id, "subscription_id": "CS-0", "status": "succeeded"}


def found(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"items": changes}


def send_change(terms: ChangeTerms, operation_id: Any, **how: Any) -> Any:
    return ask(exchanges.send_change, change_id=terms.change_id, provider_operation_id=operation_id, **how)


def silent_once(provider: Scripted, terms: ChangeTerms, operation_id: Any) -> None:
    """A first try to which the provider says nothing."""
    says(provider, held(quantity=20), None)
    with pytest.raises(UnknownOutcome):
        send_change(terms, operation_id)


def test_our_own_late_first_try_is_not_taken_for_somebody_elses_change(provider: Scripted) -> None:
    _, terms = more_seats()
    silent_once(provider, terms, operation := new_id())

    # Not there when we look it up, there when we look at the subscription: it has arrived in between.
    says(provider, found(), held(quantity=25), {}, found(made(terms)), held(quantity=25), {})
    answer = send_change(terms, operation, asked_before=True)

    assert (answer.outcome.quantity, answer.outcome.provider_change_id) == (25, "CH-1")
    assert [command for command, _, _ in provider.asked].count("POST") == 1


@pytest.mark.parametrize("there", ["changed", "gone"])
def test_as_long_as_a_try_may_be_on_its_way_finding_nothing_says_nothing(
    provider: Scripted, clock: Clock, there: str
) -> None:
    _, terms = more_seats()
    silent_once(provider, terms, operation := new_id())
    clock.advance(seconds=TIMEOUT / 2)

    look: list[Any] = [found(), held(quantity=7), {}, found()]
    if there == "gone":
        provider.say(200, json.dumps(found()).encode())
        provider.say(404, b'{"code": "unknown", "message": ""}')
        look = [found()]
    says(provider, *look)
    with pytest.raises(UnknownOutcome) as unknown:
        send_change(terms, operation, asked_before=True)

    assert unknown.value.retry_after == TIMEOUT
    assert not provider.answers


def test_what_is_still_not_found_after_a_call_may_have_taken_was_somebody_else(
    provider: Scripted, clock: Clock
) -> None:
    _, terms = more_seats()
    silent_once(provider, terms, operation := new_id())

    clock.advance(seconds=TIMEOUT)
    says(provider, found(), held(quantity=7), {}, found())
    with pytest.raises(Refused) as no:
        send_change(terms, operation, asked_before=True)

    assert no.value.code == "changed_at_provider"


def test_a_try_that_was_overtaken_counts_from_its_own_beginning(provider: Scripted, clock: Clock) -> None:
    _, terms = more_seats()
    silent_once(provider, terms, operation := new_id())
    clock.advance(minutes=5)
    says(provider, found(), held(quantity=20), None)  # the second try is silent too
    with pytest.raises(UnknownOutcome):
        send_change(terms, operation, asked_before=True)

    says(provider, found(), held(quantity=25), {}, found())
    with pytest.raises(UnknownOutcome):
        send_change(terms, operation, asked_before=True)


def test_at_the_first_try_another_quantity_is_somebody_elses_at_once(provider: Scripted) -> None:
    _, terms = more_seats()
    says(provider, held(quantity=7), {})

    with pytest.raises(Refused) as no:
        send_change(terms, new_id())

    assert no.value.code == "changed_at_provider"
