"""Orders: drafted, delivered wholly or in part, or taken back as if never placed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import NotFound, Refused
from domains.kernel.money import Money
from domains.services import commands, db, queries
from domains.services.commands import RejectedLine
from domains.services.models import Line, Order, Subscription
from tests.conftest import Clock
from tests.factories.services import (
    EVERYBODY,
    a_catalogue,
    a_line,
    accepted,
    an_account,
    an_offer,
    place,
    scope_of,
    somebody_else,
    terms_of,
)


def events(session: Any) -> list[tuple[str, dict[str, Any]]]:
    rows = session.execute(db.outbox.select().order_by(db.outbox.c.position))
    return [(row.type.removeprefix("services."), row.body) for row in rows]


def test_a_drafted_order_is_placed_with_its_subscriptions_pending(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        terms = terms_of(session, account, a_line(session), a_line(session, 3), po_reference="NT-4482")
        place(session, terms)
        order = queries.get_order(session, scope_of(account), terms.order_id)
        subscriptions = queries.list_subscriptions(session, scope_of(account)).items

    assert (order.number, order.state, order.po_reference) == ("ORD-2026-000001", "placed", "NT-4482")
    assert (order.charge_now, order.commitment) == (terms.charge_now, terms.commitment)
    assert [(line.quantity, line.state) for line in order.lines] == [(20, "pending"), (3, "pending")]
    assert sorted(row.number for row in subscriptions) == ["SUB-2026-000001", "SUB-2026-000002"]
    assert {row.state for row in subscriptions} == {"pending"}
    assert not any(action.enabled for action in subscriptions[0].allowed_actions)
    assert order.ordered_by == "Bea Buyer"


def test_drafting_twice_is_drafting_once(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        terms = terms_of(session, an_account(session))
        place(session, terms)
        place(session, terms)

        assert session.scalar(select(func.count()).select_from(Order)) == 1
        assert session.scalar(select(func.count()).select_from(Subscription)) == 1
        assert [name for name, _ in events(session)] == ["OrderDrafted"]


def test_an_account_that_was_suspended_meanwhile_orders_nothing(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        terms = terms_of(session, account)
        account.status = "suspended"
        with pytest.raises(Refused) as no:
            place(session, terms)

    assert no.value.code == "account_not_active"


def test_an_order_for_another_customers_account_is_not_found(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        terms = terms_of(session, an_account(session))
        with pytest.raises(NotFound):
            place(session, terms, customer_id=new_id())


def test_a_delivered_order_runs(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        terms = terms_of(session, account)
        place(session, terms)
        lines = accepted(session, terms)
        commands.activate_order(session, order_id=terms.order_id, accepted=lines, rejected=())
        commands.activate_order(session, order_id=terms.order_id, accepted=lines, rejected=())
        order = queries.get_order(session, scope_of(account), terms.order_id)
        held = queries.get_subscription(session, scope_of(account), terms.lines[0].subscription_id)
        told = events(session)

    assert (order.state, order.lines[0].state, order.ended_at) == ("completed", "accepted", clock.now)
    assert (held.state, held.quantity, held.valid_to) == ("active", 20, terms.lines[0].valid_to)
    assert [(lot.quantity, lot.source) for lot in held.lots] == [(20, "ORD-2026-000001")]
    assert [name for name, _ in told] == ["OrderDrafted", "SubscriptionActivated", "OrderCompleted"]
    assert told[1][1]["number"] == "SUB-2026-000001"
    assert told[2][1]["version"] == order.version


def test_of_a_partial_delivery_the_accepted_lines_run_and_the_others_say_why(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        terms = terms_of(session, account, a_line(session), a_line(session, 3))
        place(session, terms)
        no = RejectedLine(terms.lines[1].subscription_id, "capacity_exceeded", "No capacity left.")
        yes = accepted(session, terms)[:1]
        commands.activate_order(session, order_id=terms.order_id, accepted=yes, rejected=(no,))
        order = queries.get_order(session, scope_of(account), terms.order_id)
        states = {row.id: row.state for row in queries.list_subscriptions(session, scope_of(account)).items}

    assert order.state == "partially_completed"
    assert [line.error for line in order.lines] == [
        None, {"code": "capacity_exceeded", "detail": "No capacity left."},
    ]  # fmt: skip
    assert [states[line.subscription_id] for line in terms.lines] == ["active", "failed"]


def test_a_discarded_order_has_failed_and_says_that_nothing_was_sent(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
        terms = terms_of(session, account)
        place(session, terms)
        commands.discard_order(session, order_id=terms.order_id)
        commands.discard_order(session, order_id=terms.order_id)
        order = queries.get_order(session, scope_of(account), terms.order_id)
        held = queries.get_subscription(session, scope_of(account), terms.lines[0].subscription_id)
        told = [name for name, _ in events(session)]

    assert (order.state, order.error["code"] if order.error else None) == ("failed", "not_sent")
    assert (held.state, held.error) == ("failed", order.error)
    assert told == ["OrderDrafted", "OrderRejected"]


def test_discarding_what_was_never_drafted_is_fine_and_what_was_delivered_stays(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        terms = terms_of(session, an_account(session))
        commands.discard_order(session, order_id=terms.order_id)
        place(session, terms)
        lines = accepted(session, terms)
        commands.activate_order(session, order_id=terms.order_id, accepted=lines, rejected=())
        commands.discard_order(session, order_id=terms.order_id)

        assert queries.get_order(session, EVERYBODY, terms.order_id).state == "completed"


def test_orders_are_listed_newest_first_and_found_by_number_account_or_id(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session, name="Retail stores")
        placed = [terms_of(session, account) for _ in range(3)]
        for terms in placed:
            place(session, terms)
        mine = scope_of(account)
        first = queries.list_orders(session, mine, limit=2)
        rest = queries.list_orders(session, mine, limit=2, cursor=first.next_cursor)

        assert [row.id for row in (*first.items, *rest.items)] == [terms.order_id for terms in reversed(placed)]
        assert [row.number for row in queries.list_orders(session, mine, q="000002").items] == ["ORD-2026-000002"]
        assert len(queries.list_orders(session, mine, q="RETAIL").items) == 3
        assert len(queries.list_orders(session, mine, q=str(placed[0].order_id)).items) == 1
        assert queries.list_orders(session, mine, state="completed").items == []
        assert queries.list_orders(session, mine, account_id=new_id()).items == []


def test_nobody_else_sees_an_order_but_its_reseller(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        reseller = new_id()
        account = an_account(session, reseller_id=reseller)
        terms = terms_of(session, account)
        place(session, terms)

        with pytest.raises(NotFound):
            queries.get_order(session, somebody_else(), terms.order_id)
        assert queries.list_orders(session, somebody_else()).items == []
        by_reseller = type(EVERYBODY).reseller(reseller)
        assert queries.get_order(session, by_reseller, terms.order_id).id == terms.order_id


def test_an_order_in_yen_keeps_whole_yen(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session, currency="JPY", country="JP", time_zone="Asia/Tokyo")
        terms = terms_of(session, account, a_line(session, 3))
        place(session, terms)
        order = queries.get_order(session, scope_of(account), terms.order_id)
        stored = session.scalars(select(Line.cycle_price)).one()

    assert order.lines[0].cycle_price == Money.of(14625, "JPY")
    assert stored == 14625


def test_every_step_is_in_the_audit_trail(databases: Settings) -> None:
    with db.begin() as session:
        a_catalogue(session, an_offer())
        account = an_account(session)
        terms = terms_of(session, account)
        place(session, terms)
        lines = accepted(session, terms)
        commands.activate_order(session, order_id=terms.order_id, accepted=lines, rejected=())
        entries = session.execute(db.audit_entry.select().order_by(db.audit_entry.c.id)).all()

    assert [entry.action for entry in entries] == [
        "services.activate_account", "services.place_order", "services.activate_order",
    ]  # fmt: skip
    assert {entry.customer_id for entry in entries} == {account.customer_id}
