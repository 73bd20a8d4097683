"""Each demand of the ASVS is shown by a test, or says why not, or how a person looks."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.reading import plant

from .table import NAMED, besides, given, marks, table

RANGES = {"9.1.2", "9.2.2", "9.2.3", "10.4.2", "10.4.3", "13.4.2", "13.4.3", "13.4.4"}  # named by their ends only
BESIDES = {"1.2.10", "11.3.1", "11.3.2", "11.3.3"}  # of level 3; and three that the reference writes as 11.3.x


def test_every_demand_that_the_reference_names_has_a_row() -> None:
    rows, _ = given()

    assert len(set(rows) - RANGES - BESIDES) == NAMED
    assert set(rows) >= RANGES | BESIDES
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", one) for one in rows)
    assert [one for one, facts in rows.items() if set(facts) - {"text", "absent", "manual"} or not facts["text"]] == []


def test_a_demand_is_covered_or_absent_or_manual_unless_it_is_on_the_list_that_may_only_shrink() -> None:
    rows = table()

    assert sorted(row.id for row in rows if row.status == "open") == sorted(given()[1])
    assert [row.id for row in rows if row.tests and (row.absent or row.manual)] == []


def test_no_test_shows_what_nobody_demands() -> None:
    rows, _ = given()

    assert {one for one, _ in marks()} - set(rows) - set(besides()) == set()


def test_marks_are_found_on_tests_and_on_modules_and_nowhere_else(tmp_path: Path) -> None:
    module = 'pytestmark = [pytest.mark.slow, pytest.mark.asvs("1.2.1")]\n'
    test = '@pytest.mark.asvs("3.4.1", "3.4.2")\ndef test_it(): ...\ndef test_other(): ...\n'
    plant(tmp_path, "tests/test_a.py", module + test + '@pytest.mark.asvs("9.9.9")\ndef helper(): ...\n')
    plant(tmp_path, "tests/b.py", test)

    assert sorted(marks(tmp_path)) == [
        ("1.2.1", "tests/test_a.py::test_it"), ("1.2.1", "tests/test_a.py::test_other"),
        ("3.4.1", "tests/test_a.py::test_it"), ("3.4.2", "tests/test_a.py::test_it"),
    ]  # fmt: skip
