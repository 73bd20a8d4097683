"""Random sagas in a model of everything that can fail: whatever happens, each run ends and its books balance."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .model.machine import Machine

GENTLE = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@pytest.mark.slow
def test_no_order_is_lost_or_doubled_whatever_fails() -> None:
    run_state_machine_as_test(Machine, settings=settings(max_examples=20, stateful_step_count=40, **GENTLE))


@pytest.mark.proof
def test_nor_is_one_in_the_long_run() -> None:
    run_state_machine_as_test(Machine, settings=settings(max_examples=800, stateful_step_count=50, **GENTLE))
