"""A preview is a promise: it holds as signed, for half an hour, for one customer and for one order."""

from __future__ import annotations

from typing import Any

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import NotFound, Refused
from domains.kernel.money import UnitPrice
from domains.services import commands, db, queries
from domains.services.exchanges import CHORES
from domains.services.models import Preview
from tests.conftest import Clock
from tests.factories.services import (
    EVERYBODY,
    a_catalogue,
    a_line,
    a_plan,
    a_subscription,
    an_account,
    an_offer,
    begin,
    change_of,
    place,
    scope_of,
    somebody_else,
    terms_of,
)


def a_promise(session: Any, account: Any, *lines: Any) -> commands.Preview:
    return commands.preview_order(session, scope=scope_of(account), account_id=account.id,
                                  lines=list(lines) or [a_line(session)])  # fmt: skip


def test_a_promised_price_holds_when_the_catalogue_gets_dearer(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        promise = a_promise(session, account)
        a_catalogue(session, an_offer(plans=(a_plan(EUR="99.00"),)))
        clock.advance(minutes=29)

        kept = terms_of(session, account, preview_id=promise.id)
        fresh = terms_of(session, account)

    assert kept.lines[0].unit_price == UnitPrice(promise.terms.lines[0].unit_price.amount, "EUR")
    assert kept.charge_now == promise.terms.charge_now
    assert kept.preview_id == promise.id
    assert fresh.charge_now > kept.charge_now


def test_a_promise_expires(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        promise = a_promise(session, account)
        assert promise.expires_at == clock.now.replace(minute=30)
        clock.advance(minutes=30)
        with pytest.raises(Refused) as no:
            terms_of(session, account, preview_id=promise.id)

    assert (no.value.code, no.value.field) == ("preview_expired", "preview_id")


@pytest.mark.asvs("2.3.1")
def test_what_differs_from_the_promise_is_refused(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer(), an_offer("other", name="Other"))
        account, sister = an_account(session), an_account(session)
        sister.customer_id = account.customer_id
        promise = a_promise(session, account)
        attempts = [
            (account, [a_line(session, 21)]),
            (account, [a_line(session, 20, "other")]),
            (account, [a_line(session), a_line(session, 1, "other")]),
            (account, [a_line(session, parent_subscription_id=new_id())]),
            (account, [a_line(session, term="P1M")]),
            (sister, [a_line(session)]),
        ]
        for buyer, lines in attempts:
            with pytest.raises(Refused) as no:
                terms_of(session, buyer, *lines, preview_id=promise.id)
            assert no.value.code == "preview_mismatch"


@pytest.mark.parametrize("field", ["terms", "signature", "expires_at", "customer_id"])
def test_a_promise_that_was_tampered_with_does_not_hold(databases: Settings, clock: Clock, field: str) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        promise = a_promise(session, account)
        row = session.get_one(Preview, promise.id)
        forged = {
            "terms": row.terms | {"charge_now": {"amount": "0.01", "currency": "EUR"}},
            "signature": "0" * 64,
            "expires_at": clock.now.replace(hour=23),
            "customer_id": new_id(),
        }
        setattr(row, field, forged[field])
        with pytest.raises(Refused) as no:
            terms_of(session, account, preview_id=promise.id)

    assert no.value.code == "preview_mismatch"


def test_another_customers_promise_is_not_found(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account, other = an_account(session), an_account(session)
        promise = a_promise(session, account)
        with pytest.raises(NotFound) as no:
            queries.order_terms(session, scope_of(other), account_id=other.id, lines=[a_line(session)],
                                preview_id=promise.id)  # fmt: skip

    assert no.value.code == "preview_not_found"


@pytest.mark.asvs("2.3.4")
def test_a_promise_is_redeemed_by_one_order(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        promise = a_promise(session, account)
        first, second = (terms_of(session, account, preview_id=promise.id) for _ in range(2))
        place(session, first)
        place(session, first)
        with pytest.raises(Refused) as no:
            place(session, second)

    assert no.value.code == "preview_used"


def test_a_promise_that_was_taken_up_is_refused_at_once(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        promise = a_promise(session, account)
        place(session, terms_of(session, account, preview_id=promise.id))
        with pytest.raises(Refused) as no:
            terms_of(session, account, preview_id=promise.id)

    assert no.value.code == "preview_used"


def test_an_order_names_the_purchase_order_of_its_promise_or_none(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        made = commands.preview_order(session, scope=scope_of(account), account_id=account.id,
                                      lines=[a_line(session)], po_reference="PO-1")  # fmt: skip
        with pytest.raises(Refused) as no:
            terms_of(session, account, preview_id=made.id, po_reference="PO-2")
        kept = terms_of(session, account, preview_id=made.id, cost_centre="CC-7")

    assert no.value.code == "preview_mismatch"
    assert (kept.po_reference, kept.cost_centre) == ("PO-1", "CC-7")


def test_an_order_that_came_to_nothing_gives_its_promise_back(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        promise = a_promise(session, account)
        first, second = (terms_of(session, account, preview_id=promise.id) for _ in range(2))
        place(session, first)
        commands.discard_order(session, order_id=first.order_id)
        place(session, second)

        assert queries.get_order(session, EVERYBODY, second.order_id).state == "placed"


def test_a_promised_change_holds_and_only_for_what_was_promised(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        held = a_subscription(session, account)
        promise = commands.preview_change(session, scope=scope_of(account), subscription_id=held.id,
                                          action="change_quantity", quantity=25)  # fmt: skip
        assert promise.id is not None

        terms = change_of(session, held, "change_quantity", quantity=25, preview_id=promise.id)
        with pytest.raises(Refused) as no:
            change_of(session, held, "change_quantity", quantity=26, preview_id=promise.id)
        begin(session, terms)

    assert terms.charge_now == promise.terms.charge_now
    assert no.value.code == "preview_mismatch"


def test_a_change_that_is_not_possible_is_answered_with_what_is(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        held = a_subscription(session, account)
        clock.advance(days=8)
        answer = commands.preview_change(session, scope=scope_of(account), subscription_id=held.id, action="cancel",
                                         mode="now")  # fmt: skip

    assert (answer.allowed, answer.reason_code, answer.id, answer.terms) == (False, "cancel_window_closed", None, None)
    assert answer.reason == "The window to cancel closed on 17 March 2026."
    assert answer.available_from is not None
    assert str(answer.available_from.date()) == "2027-03-10"


def test_a_promised_change_of_another_customers_subscription_is_not_found(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        held = a_subscription(session, an_account(session))
        with pytest.raises(NotFound):
            commands.preview_change(session, scope=somebody_else(), subscription_id=held.id, action="cancel")


def test_promises_that_nobody_took_up_are_forgotten_a_day_later(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        kept, forgotten = a_promise(session, account), a_promise(session, account)
        place(session, terms_of(session, account, preview_id=kept.id))
    clock.advance(days=1, minutes=29)
    fresh = CHORES[0].run()
    clock.advance(minutes=2)

    assert (fresh, CHORES[0].run()) == (0, 1)
    with db.begin_read() as session:
        assert session.get(Preview, kept.id) is not None
        assert session.get(Preview, forgotten.id) is None
