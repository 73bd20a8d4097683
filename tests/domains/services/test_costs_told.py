"""Whatever changes what a subscription costs is told, so that budgets go by what is paid."""

from __future__ import annotations

from datetime import timedelta

from msgspec import to_builtins
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.config import Settings
from domains.services import commands, db
from domains.services.models import Offer, Subscription
from domains.services.models.differences import Seen, differences
from domains.services.pricing import NextTerm
from tests.conftest import Clock
from tests.factories.plans import PLUS, a_flexible, made, offer_id
from tests.factories.services import a_catalogue, a_plan, a_running, an_offer, change_of, outcome


def told(session: Session, held: Subscription) -> tuple[int, str]:
    """What was said last of a subscription's cost."""
    session.flush()
    rows = session.execute(select(db.outbox.c.type, db.outbox.c.body).order_by(db.outbox.c.event_id)).all()
    body = [row.body for row in rows if row.type.startswith("services.Subscription")][-1]
    assert body["subscription_id"] == str(held.id)
    return body["cycle_minor"], body["billing_cycle"]


def test_another_edition_until_the_same_day_is_told_with_its_price(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        made(session, held, change_of(session, held, "change_plan", offer_id=offer_id(session, PLUS)))

        assert told(session, held) == (held.unit_price.times(held.quantity).minor, "monthly")
        assert held.provider_offer_id == PLUS


def test_a_renewal_at_another_price_is_told(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        a_catalogue(session, an_offer(plans=(a_plan("P1Y", "monthly", EUR="40.00"),)))
        clock.advance(days=366)
        look = outcome(session, held, valid_to=held.valid_to + timedelta(days=365))
        commands.apply_renewal(session, subscription_id=held.id, look=look)

        assert str(held.unit_price) == "EUR 50"
        assert told(session, held) == (held.unit_price.times(held.quantity).minor, "monthly")


def test_a_renewal_takes_the_offer_of_its_own_provider(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        plus = an_offer("pro-plus", name="Analytics Pro Plus", plans=(a_plan("P1Y", "monthly", EUR="40.00"),))
        commands.store_catalogue(session, provider="other", offers=[plus])
        a_catalogue(session, an_offer(), plus)
        clock.advance(days=366)
        held.next_term = to_builtins(NextTerm(None, "pro-plus", "P1Y", "monthly"))
        look = outcome(session, held, valid_to=held.valid_to + timedelta(days=365), term="P1Y",
                       billing_cycle="monthly", provider_offer_id="pro-plus")  # fmt: skip
        commands.apply_renewal(session, subscription_id=held.id, look=look)

        assert session.get_one(Offer, held.offer_id).provider == held.provider


def test_what_the_calendar_brings_is_no_difference_and_anything_else_is(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        later = held.valid_to + timedelta(days=365)
        planned = Seen.of(held, outcome(session, held, valid_to=later, quantity=12))
        over, early = held.valid_to + timedelta(days=2), held.valid_to - timedelta(days=2)

        assert [one.field for one in differences(held, planned, over)] == ["quantity"]
        held.next_term = to_builtins(NextTerm(12))
        assert differences(held, planned, over) == ()
        assert [one.field for one in differences(held, planned, early)] == ["quantity", "valid_to"]
        held.auto_renew = False
        assert "valid_to" in [one.field for one in differences(held, planned, over)]
