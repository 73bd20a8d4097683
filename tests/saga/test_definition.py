"""A saga that could not be run safely is refused where it is declared, and says what is wrong with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saga.definition import BadDefinition, Saga, Step, known, pivot, query, step

from . import lab

FIRST = step(lab.first, compensation=lab.undo_first, title="First")
SECOND = step(lab.second, compensation=lab.undo_second, gives=("booked",), title="Second")
TURN = pivot(lab.turn, title="The outside")
LAST = step(lab.last, title="Last")


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((FIRST, FIRST), "stands in it twice"),
        ((SECOND, TURN, pivot(lab.last, title="Last")), "more than one pivot"),
        ((SECOND, LAST, TURN), "lab.last has no compensation and stands behind no pivot"),
        ((SECOND, LAST), "lab.last has no compensation and stands behind no pivot"),
        ((TURN, FIRST), "lab.first stands after the pivot"),
        ((TURN, query(lab.second, gives=("booked",), title="Second")), "lab.second stands after the pivot"),
        ((step(lab.turn, compensation=lab.undo_first, title="Turn"),), "an exchange that would be taken back"),
        ((step(lab.first, compensation=replace(lab.turn, name="lab.back"), title="First"),), "would be taken back"),
        ((TURN, LAST), r"lab.last needs \['booked'\]"),
        ((step(lab.first, compensation=lab.undo_first, gives=("gone",), title="First"),), "does not return 'gone'"),
    ],
)
def test_a_saga_that_cannot_be_run_safely_is_refused(steps: tuple[Step, ...], why: str) -> None:
    before = known()

    with pytest.raises(BadDefinition, match=why):
        Saga("lab-wrong", lab.Plan, steps)

    assert known() == before


def test_a_step_renews_only_what_the_payload_holds_in_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saga.definition._registry", {})
    renewing = replace(SECOND, gives=(), renews=("booked",))

    with pytest.raises(BadDefinition, match="cannot renew 'booked'"):
        Saga("lab-wrong", lab.Plan, (renewing, TURN))
