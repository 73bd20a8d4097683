"""How a subscription can run longer: by the strategies that the provider offers for it, and by no other."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid, NotFound, Refused
from domains.kernel.tenancy import Scope
from domains.services import db, queries
from domains.services.models import EndRules, Policy
from tests.conftest import Clock
from tests.factories.services import EVERYBODY, a_running

BOTH = EndRules(("renew", "cancel", "bridge"), "cancel", "cancel", Decimal(3))
DAYS = (date(2027, 3, 31), date(2027, 4, 30))


@pytest.fixture
def session(databases: Settings, clock: Clock) -> Any:
    with db.begin() as opened:
        yield opened


def held(session: Any, mode: str, rules: EndRules | None = None, *days: date) -> Any:
    """Twenty seats to 9 March 2027, that the provider lets be extended in this mode and end in these ways."""
    policy = Policy(max_quantity=300, extend_mode=mode, allowed_end_dates=days, end_of_term=rules)
    return a_running(session, policy=policy, auto_renew=rules is None or rules.default == "renew").id


def ways(session: Any, subscription_id: Any) -> list[tuple[str, str, str | None]]:
    found = queries.list_extensions(session, EVERYBODY, subscription_id)
    return [(one.strategy, str(one.end_date), str(one.cost) if one.cost else None) for one in found]


def test_the_days_and_the_strategies_are_those_that_the_provider_offers(session: Any) -> None:
    found = ways(session, held(session, "month_end", BOTH, *DAYS))

    assert found == [
        ("free_date", "2027-03-31", None), ("free_date", "2027-04-30", None),
        ("next_term", "2028-03-09", "EUR 7560.00"), ("bridge", "2027-04-09", "EUR 649.00"),
    ]  # fmt: skip


def test_what_only_goes_on_at_the_end_of_its_term_says_so(session: Any) -> None:
    subscription_id = held(session, "next_term", BOTH)
    it = queries.get_subscription(session, EVERYBODY, subscription_id)
    extend = next(one for one in it.allowed_actions if one.action == "extend")

    assert [one[0] for one in ways(session, subscription_id)] == ["next_term", "bridge"]
    assert (extend.enabled, "end of its term" in str(extend.reason)) == (False, True)


def test_a_strategy_leads_to_the_decision_that_carries_it_out(session: Any) -> None:
    subscription_id = held(session, "next_term", BOTH)
    asked: dict[str, Any] = {"subscription_id": subscription_id, "valid_to": None}

    found = [queries.at_end_of_term(session, EVERYBODY, strategy=one, **asked) for one in ("next_term", "bridge")]

    assert [(it.subscription_id, mode) for it, mode in found] == [
        (subscription_id, "renew"),
        (subscription_id, "bridge"),
    ]


def test_what_is_not_offered_is_refused_with_what_is(session: Any) -> None:
    days = held(session, "month_end", EndRules(("cancel",), "cancel", "cancel"), *DAYS)
    asked: dict[str, Any] = {"subscription_id": days, "strategy": "bridge", "valid_to": None}
    with pytest.raises(Refused) as no:
        queries.at_end_of_term(session, EVERYBODY, **asked)
    assert (no.value.code, no.value.field, no.value.params["names"]) == (
        "strategy_not_offered", "strategy", ("free_date",)
    )  # fmt: skip


def test_another_day_than_the_strategys_and_what_goes_on_anyway_are_refused(session: Any) -> None:
    renews = EndRules(("renew", "cancel"), "renew", "renew")
    kept, other = held(session, "next_term", BOTH), held(session, "next_term", renews)
    with pytest.raises(Invalid) as no:
        queries.at_end_of_term(session, EVERYBODY, kept, strategy="next_term", valid_to=date(2028, 3, 31))
    assert no.value.params["day"] == date(2028, 3, 9)
    with pytest.raises(Refused) as anyway:
        queries.at_end_of_term(session, EVERYBODY, other, strategy="next_term", valid_to=None)
    assert anyway.value.code == "goes_on_already"


def test_within_the_providers_lock_nothing_of_the_end_is_offered(session: Any, clock: Clock) -> None:
    subscription_id = held(session, "next_term", BOTH)
    clock.advance(days=366)

    assert ways(session, subscription_id) == []


def test_a_strangers_subscription_has_no_ways(session: Any) -> None:
    subscription_id = held(session, "month_end", BOTH, *DAYS)
    with pytest.raises(NotFound):
        queries.list_extensions(session, Scope.customer(new_id()), subscription_id)
