"""What the benchmark counts from what it measured."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.arithmetic import breaks, cost_ms, due, holds, mixed_cost, percentile, summary, turns
from benchmarks.visits import MIX


def test_a_percentile_is_a_value_that_was_measured_and_is_not_exceeded_by_its_share() -> None:
    values = [float(n) for n in range(100, 0, -1)]

    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert [percentile([7.0, 9.0], share) for share in (0.0, 0.5, 0.51)] == [7, 7, 9]
    assert percentile([], 0.95) == 0


def test_a_request_is_due_at_its_own_time_whatever_became_of_the_others() -> None:
    assert [due(number, 40) for number in (0, 1, 2, 80)] == [0, 0.025, 0.05, 2]


def test_a_round_has_each_kind_as_often_as_its_weight_and_spreads_it() -> None:
    assert turns({"a": 4, "b": 2, "c": 1}) == ["a", "b", "a", "c", "a", "b", "a"]
    assert Counter(turns(MIX)) == MIX
    assert sum(MIX.values()) == 100


def test_what_is_answered_late_lowers_the_rate_that_was_reached() -> None:
    row = summary(100, 8.0, [30.0] * 500, 0)

    assert row == {"offered_per_s": 100, "reached_per_s": 62.5, "p50_ms": 30, "p95_ms": 30, "p99_ms": 30, "errors": 0}


@pytest.mark.parametrize(
    ("reached", "p95", "errors", "held", "broken"),
    [
        (100, 50.0, 0, True, False),
        (99, 50.1, 0, False, False),
        (94, 20.0, 0, False, True),
        (100, 20.0, 1, False, True),
        (100, 501.0, 0, False, True),
    ],
)
def test_a_rate_holds_when_all_are_answered_in_time(
    reached: float, p95: float, errors: int, held: bool, broken: bool
) -> None:
    row = {"offered_per_s": 100, "reached_per_s": reached, "p95_ms": p95, "errors": errors}

    assert (holds(row), breaks(row)) == (held, broken)


def test_a_request_is_billed_what_is_used_beyond_rest() -> None:
    costs = cost_ms({"web": 1.2, "workers": 0.1, "gateway": 0.3}, {"web": 0.1, "workers": 0.2}, 2.0, 100)

    assert costs == {"web": 10, "workers": 0, "gateway": 3}


def test_a_mixed_request_costs_what_its_kinds_cost_by_weight() -> None:
    assert mixed_cost({"a": 3, "b": 1}, {"a": 2.0, "b": 10.0, "c": 99.0}) == 4.0
