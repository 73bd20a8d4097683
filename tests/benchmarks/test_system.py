"""The system under measurement: its folder, and whose CPU is whose."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.system import emptied, line_of, part_of


def test_only_a_folder_of_a_measurement_is_emptied(tmp_path: Path) -> None:
    own, data = tmp_path / "bench", tmp_path / "var"
    emptied(own)
    (own / "db").mkdir()
    data.mkdir()
    (data / "demo.json").touch()

    emptied(own)
    with pytest.raises(SystemExit, match="holds something else"):
        emptied(data)

    assert not (own / "db").exists()
    assert (data / "demo.json").exists()


def test_a_process_is_billed_to_the_part_it_descends_from() -> None:
    parents = {40: 30, 30: 20, 20: 1, 1: 0}

    assert list(line_of(40, parents)) == [40, 30, 20, 1]
    assert [part_of(name) for name in ("worker-billing-exchange", "web", "gateway")] == ["workers", "web", "gateway"]
