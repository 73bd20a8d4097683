"""The contract where things go wrong: states that are new, silence, refusals. Each is of its class at every adapter."""

from __future__ import annotations

import pytest

from domains.kernel.database import new_id
from domains.kernel.errors import DomainError, NotFound
from domains.services.providers import AuthFailure, TemporaryFailure, Throttled, UnknownOutcome
from tests.domains.services.providers.stages import Stage

pytestmark = pytest.mark.slow


def test_a_state_that_nobody_has_heard_of_breaks_no_list(stage: Stage) -> None:
    if stage.set_state is None:
        pytest.skip("it has no states")
    bought = [stage.bought(), stage.bought()]

    stage.set_state(bought[0], "hibernating")

    held = stage.provider.get_subscription(bought[0])
    assert held is not None
    assert held.status == "hibernating"
    assert {one.status for one in stage.provider.list_subscriptions(stage.customer)} == {"hibernating", "active"}


def test_what_it_does_not_know_is_nothing(stage: Stage) -> None:
    unknown = f"{new_id()}/{new_id()}" if "/" in stage.bought() else str(new_id())

    assert stage.provider.get_subscription(unknown) is None
    with pytest.raises(NotFound):
        stage.provider.make_change(new_id(), unknown, stage.change("change_quantity", quantity=2))


@pytest.mark.parametrize(
    ("status", "kind"), [(429, Throttled), (503, TemporaryFailure), (500, UnknownOutcome), (0, UnknownOutcome)]
)
def test_each_trouble_is_of_its_class(stage: Stage, status: int, kind: type[Exception]) -> None:
    subscription_id = stage.bought()
    stage.fault(status)

    with pytest.raises(kind) as raised:
        stage.provider.get_subscription(subscription_id)

    assert type(raised.value) is kind
    assert status != 429 or raised.value.retry_after in (1, 7)  # type: ignore[attr-defined]


def test_with_a_wrong_secret_nothing_is_done_and_a_person_must_look(stage: Stage) -> None:
    with pytest.raises(AuthFailure):
        stage.stranger.place_order(new_id(), stage.order())


def test_every_no_has_a_code_and_words(stage: Stage) -> None:
    with pytest.raises(DomainError) as raised:
        stage.provider.make_change(new_id(), stage.bought(), stage.change("change_quantity", quantity=stage.over))

    assert raised.value.code
    assert str(raised.value.detail)


def test_what_its_capabilities_name_its_policy_offers(stage: Stage) -> None:
    able, policy = stage.provider.capabilities(), stage.provider.get_policy(stage.bought())
    modes = set(policy.end_of_term.modes) if policy.end_of_term is not None else set()

    assert policy.can_suspend == able.makes("suspend")
    assert policy.can_schedule == able.makes("schedule_next_term")
    assert modes == able.end_of_term_modes
    assert bool(policy.deletes_scheduled) == able.makes("schedule_next_term")
