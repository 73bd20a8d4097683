"""At a provider that knows neither dates nor renewal we keep them: an order runs, is changed, renewed and ended."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domains.kernel import config, database
from domains.kernel.database import new_id
from domains.kernel.errors import NotNow, Pending, Refused
from domains.services import commands, db, exchanges, queries
from domains.services.models import Offer, Subscription
from domains.services.pricing import last_day
from tests.brokered import SECRET, Controlled
from tests.conftest import Clock
from tests.factories.services import EVERYBODY, a_line, an_account, ask, begin, change_of, place, terms_of
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.slow
SMALL = "svc-db/plan-small"


@pytest.fixture
def databases_sold(sandbox: Sandbox, broker: Controlled, clock: Clock) -> Controlled:
    """A catalogue that holds a broker's plans next to the sandbox's offers, today."""
    clock.move_to(sandbox.now)
    endpoint = {"key": "databases", "adapter": "osb", "url": broker.url, "client_id": "tests", "client_secret": SECRET}
    database.bind(replace(config.current(), providers=json.dumps([endpoint])))
    exchanges.sync_catalogue()
    return broker


def ordered(quantity: int = 5) -> UUID:
    """The id of a subscription of databases that was ordered and delivered."""
    with db.begin() as session:
        account = an_account(session, currency="EUR")
        terms = terms_of(session, account, a_line(session, quantity, SMALL, term="P1M", billing_cycle="monthly"))
        place(session, terms)
    answer = ask(exchanges.send_order, order_id=terms.order_id, provider_operation_id=new_id())
    with db.begin() as session:
        commands.activate_order(session, order_id=terms.order_id, accepted=answer.accepted, rejected=answer.rejected)
    return terms.lines[0].subscription_id


def held(subscription_id: UUID) -> Subscription:
    with db.begin_read() as session:
        return session.get_one(Subscription, subscription_id)


def changed(subscription_id: UUID, action: str, **wish: Any) -> Subscription:
    with db.begin() as session:
        terms = change_of(session, session.get_one(Subscription, subscription_id), action, **wish)
        begin(session, terms)
    answer = ask(exchanges.send_change, change_id=terms.change_id, provider_operation_id=new_id())
    with db.begin() as session:
        commands.apply_change(session, change_id=terms.change_id, outcome=answer.outcome)
    return held(subscription_id)


def looked_at(subscription_id: UUID) -> Subscription:
    looked = ask(exchanges.look_at_subscription, subscription_id=subscription_id)
    with db.begin() as session:
        commands.apply_look(session, subscription_id=subscription_id, look=looked.look)
    return held(subscription_id)


def test_an_order_goes_to_its_own_provider_and_runs_to_our_dates(databases_sold: Controlled, clock: Clock) -> None:
    found = held(ordered())

    assert (found.provider, found.state, found.quantity) == ("databases", "active", 5)
    assert found.provider_subscription_id == str(found.id)
    assert found.valid_from == clock.now.date()
    assert found.valid_to == last_day(clock.now.date(), "P1M")
    assert databases_sold.control("GET", "state")["instances"][str(found.id)] == {"state": "ready", "quantity": 5}


def test_units_change_over_there_and_dates_in_our_books(databases_sold: Controlled) -> None:
    before = held(ordered())

    more = changed(before.id, "change_quantity", quantity=9)
    fewer = changed(before.id, "change_quantity", quantity=2)
    later = date.fromisoformat(fewer.policy["allowed_end_dates"][2])
    longer = changed(before.id, "extend", valid_to=later)

    assert (more.quantity, fewer.quantity, longer.quantity) == (9, 2, 2)
    assert (fewer.valid_to, longer.valid_to) == (before.valid_to, later)
    assert databases_sold.control("GET", "state")["instances"][str(before.id)]["quantity"] == 2


def test_it_is_renewed_in_our_books_after_its_last_day(databases_sold: Controlled, clock: Clock) -> None:
    before = held(ordered())
    clock.move_to(clock.now + timedelta(days=70))

    after = looked_at(before.id)

    assert after.state == "active"
    assert after.valid_from <= clock.now.date() <= after.valid_to
    assert looked_at(before.id).version == after.version


def test_it_is_ended_over_there_when_it_is_not_renewed(databases_sold: Controlled, clock: Clock) -> None:
    before = held(ordered())
    ending = changed(before.id, "cancel", mode="end_of_term")
    assert (ending.state, ending.auto_renew) == ("active", False)
    assert str(before.id) in databases_sold.control("GET", "state")["instances"]
    clock.move_to(clock.now + timedelta(days=70))

    after = looked_at(before.id)

    assert (after.state, after.quantity, after.valid_to) == ("expired", 5, before.valid_to)
    assert str(before.id) not in databases_sold.control("GET", "state")["instances"]
    assert looked_at(before.id).state == "expired"


def test_an_end_that_takes_a_while_is_waited_for(databases_sold: Controlled, clock: Clock) -> None:
    before = held(ordered())
    changed(before.id, "cancel", mode="end_of_term")
    clock.move_to(clock.now + timedelta(days=70))
    databases_sold.control("PUT", "settings", {"looks": 2})

    with pytest.raises(Pending):
        looked_at(before.id)

    assert looked_at(before.id).state == "expired"


def test_what_is_canceled_now_is_gone_over_there_and_keeps_what_it_was(databases_sold: Controlled) -> None:
    before = held(ordered())

    after = changed(before.id, "cancel", mode="now")

    assert (after.state, after.quantity, after.valid_to) == ("canceled", 5, before.valid_to)
    assert str(before.id) not in databases_sold.control("GET", "state")["instances"]


def test_lines_of_two_providers_are_two_orders(databases_sold: Controlled) -> None:
    with db.begin() as session:
        account = an_account(session)
        lines = [a_line(session, 2, SMALL, term="P1M"), a_line(session)]

        with pytest.raises(Refused) as no:
            terms_of(session, account, *lines)

    assert no.value.code == "several_providers"
    assert "databases, sandbox" in str(no.value.detail)


def test_an_order_waits_for_a_provider_that_the_settings_no_longer_name(databases_sold: Controlled) -> None:
    with db.begin() as session:
        account = an_account(session)
        terms = terms_of(session, account, a_line(session, 5, SMALL, term="P1M"))
        place(session, terms)
    database.bind(replace(config.current(), providers=""))

    with pytest.raises(NotNow):
        ask(exchanges.send_order, order_id=terms.order_id, provider_operation_id=new_id())


def test_a_provider_that_is_away_keeps_nobody_elses_catalogue_away(databases_sold: Controlled) -> None:
    databases_sold.fault(503, count=5)

    exchanges.sync_catalogue()

    with db.begin_read() as session:
        offers = {(one.provider, one.active) for one in session.query(Offer)}
        (health,) = [one for one in queries.list_providers(session, EVERYBODY) if one.key == "databases"]
    assert {("sandbox", True), ("databases", True)} <= offers
    assert (health.adapter, health.able.extend) == ("osb", "platform")
