"""Versions on reads and writes."""

from __future__ import annotations

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id

from .probe import a_program
from .program import Program, a_caller


@pytest.fixture
def program(settings: Settings) -> Program:
    return a_program(settings, a_caller())


def test_a_read_says_its_version_and_is_not_sent_twice(program: Program) -> None:
    path = f"/things/{(thing_id := new_id())}"

    first = program.get(path)
    again = program.get(path, If_None_Match=first.headers["ETag"])
    weakened = program.get(path, If_None_Match=f"W/{first.headers['ETag']}")
    older = program.get(path, If_None_Match=f'"{thing_id}-2"')

    assert first.headers["ETag"] == f'"{thing_id}-3"'
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Authorization"
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert (weakened.status_code, older.status_code) == (304, 200)


def test_a_change_names_the_version_it_has_seen(program: Program) -> None:
    path = f"/things/{(thing_id := new_id())}"

    for header, version in [(f'"{thing_id}-3"', 3), (f'W/"{thing_id}-3"', 3), (f'"x", "{thing_id}-4"', 4), ("*", None)]:
        answer = program.patch(path, {}, If_Match=header)
        assert (answer.status_code, answer.json) == (200, {"expected": version}), header


def test_a_change_without_a_version_is_refused(program: Program) -> None:
    answer = program.patch(f"/things/{new_id()}", {})

    assert (answer.status_code, answer.json["code"]) == (428, "precondition_required")


@pytest.mark.parametrize("header", ['"other-3"', "3", '""', '"-3"', '"{id}-x"', '"{id}-²"'])
def test_a_tag_of_something_else_never_matches(program: Program, header: str) -> None:
    thing_id = new_id()

    answer = program.patch(f"/things/{thing_id}", {}, If_Match=header.replace("{id}", str(thing_id)))

    assert (answer.status_code, answer.json["code"]) == (412, "version_conflict")
