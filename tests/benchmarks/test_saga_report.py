"""What `make bench-saga` makes of its rounds."""

from __future__ import annotations

from typing import Any

from benchmarks.saga.report import line, summary, words


def a_round(side: str, concurrency: int, rate: float, **more: Any) -> dict[str, Any]:
    known = {"side": side, "concurrency": concurrency, "sagas_per_s": rate, "p50_ms": 1.0, "p95_ms": 2.0}
    return known | {"cpu_ms_per_saga": 3.0, "commits_per_saga": 4.0, "cpu_ms_by_part": {"workers": 3.0}} | more


def test_the_ratio_is_of_the_medians_at_the_same_concurrency() -> None:
    ours = [a_round("ours", 32, rate, p95_ms=10 * rate) for rate in (50.0, 90.0, 10.0)]
    theirs = [a_round("dbos", 32, rate) for rate in (10.0, 20.0, 90.0)]

    found = summary([*ours, *theirs, a_round("ours", 1, 7.0, commits_per_saga=9.0), a_round("dbos", 1, 2.0)])

    assert (found["ratio_c32"], found["ratio_c1"], found["ratio_c8"]) == (2.5, 3.5, None)
    assert (found["p95_ms_c32"], found["commits_per_saga"], found["commits_per_saga_c32"]) == (500.0, 9.0, 4.0)
    assert "2.5 × DBOS" in words(found)


def test_without_the_other_side_there_is_no_ratio() -> None:
    found = summary([a_round("ours", 32, 50.0)])

    assert found["ratio_c32"] is None and found["commits_per_saga"] is None


def test_a_round_tells_what_each_part_has_used() -> None:
    assert line(a_round("ours", 8, 12.5)).split()[:3] == ["ours", "8", "12.5"]
    assert "workers 3.0" in line(a_round("ours", 8, 12.5))
