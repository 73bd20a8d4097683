"""Three years of many subscriptions, played through our flows before the real sandbox: all is as the rules say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .life import Plan
from .mutants import MUTANTS, hunted
from .run import lived


@pytest.mark.slow
def test_three_years_of_some_subscriptions_are_as_the_rules_say(tmp_path: Path) -> None:
    counts = lived(Plan(seed=1, subscriptions=60), tmp_path)

    assert counts.days >= 1096
    assert min(counts.terms[how] for how in ("renewed", "bridged", "expired")) > 0
    assert min(counts.done[what] for what in ("increase", "decide_bridge", "suspend", "bought")) > 0
    assert counts.drift["found"] > 0


@pytest.mark.slow
def test_some_months_under_the_coordinator_are_as_the_rules_say(tmp_path: Path) -> None:
    counts = lived(Plan(seed=2, subscriptions=8, days=150, yearly=12.0, whole=True, in_account=4), tmp_path)

    assert counts.done["increase"] > 0


@pytest.mark.slow
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), subscriptions=st.integers(1, 6), days=st.integers(40, 200))
def test_a_few_subscriptions_are_as_the_rules_say_whatever_is_done(
    tmp_path_factory: pytest.TempPathFactory, seed: int, subscriptions: int, days: int
) -> None:
    lived(Plan(seed, subscriptions, days, yearly=20.0, customers=1), tmp_path_factory.mktemp("life"))


@pytest.mark.proof
def test_three_years_of_ten_thousand_subscriptions_are_as_the_rules_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = lived(replace(Plan(), seed=2026, subscriptions=10_000, yearly=1.0), tmp_path)

    with capsys.disabled():
        print("\n" + "\n".join(counts.lines()))
    assert counts.done["bought"] >= 9_000


@pytest.mark.proof
@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_found(name: str) -> None:
    assert hunted(name).life, f"a life does not notice that {name}"
