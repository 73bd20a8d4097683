"""The model is no better than the faults it finds: each fault that is put into the product must be found."""

from __future__ import annotations

import pytest

from .model.mutants import MUTANTS, NO_ROW_LOCK, Mutant, hunted, raced


@pytest.mark.parametrize("mutant", [*MUTANTS, NO_ROW_LOCK], ids=lambda mutant: mutant.name.partition(":")[0])
def test_each_fault_can_be_put_into_the_product_as_it_is(mutant: Mutant) -> None:
    with mutant.alive():
        pass


@pytest.mark.proof
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.partition(":")[0])
def test_the_model_finds_a_fault(mutant: Mutant) -> None:
    complaint, examples = hunted(mutant)

    assert complaint, f"still alive after {examples} examples: {mutant.name}"


@pytest.mark.proof
def test_two_coordinators_find_that_no_row_is_locked() -> None:
    assert raced(None, rounds=5) == ("", 5)

    complaint, races = raced(NO_ROW_LOCK)

    assert complaint, f"still alive after {races} races"


def test_a_mutant_that_no_longer_fits_its_function_is_no_mutant() -> None:
    with pytest.raises(LookupError, match="stands 0 times"), Mutant("gone", hunted, "no such text", "").alive():
        pass
