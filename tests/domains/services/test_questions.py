"""What a provider asks is data: what of it can be asked is asked, and an answer that is none says how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from domains.kernel.errors import Invalid
from domains.services.models.questions import Question, checked_answers, questions_of

ASKED = (
    Question("domain", "Domain", "domain", required=True), Question("mail", "Mail", "email"),
    Question("count", "Count", "number"), Question("yes", "Agreed", "yes_no", required=True),
    Question("where", "Where", "choice", choices=("EU", "US")), Question("note", "Note"),
)  # fmt: skip
GOOD = {"domain": " Northwind.Example ", "yes": "yes"}


def test_answers_are_sent_trimmed_and_what_is_empty_is_left_out() -> None:
    said = checked_answers(ASKED, GOOD | {"note": "  ", "where": "EU", "count": "-2.5"}, "lines[0].answers")

    assert said == {"domain": "northwind.example", "count": "-2.5", "yes": "yes", "where": "EU"}
    assert checked_answers((), None, "lines[0].answers") is None


@pytest.mark.parametrize(("wrong", "code"), [
    ({"domain": ""}, "answer_missing"), ({"yes": "no"}, "answer_missing"), ({"domain": "no domain"}, "answer_invalid"),
    ({"domain": "-x.example"}, "answer_invalid"), ({"mail": "a@b"}, "answer_invalid"),
    ({"count": "١"}, "answer_invalid"), ({"where": "Mars"}, "answer_invalid"),
    ({"note": "x" * 201}, "answer_invalid"), ({"note": "a\nb"}, "answer_invalid"), ({"other": "x"}, "answer_unknown"),
])  # fmt: skip
def test_what_is_no_answer_is_refused_at_its_field(wrong: dict[str, str], code: str) -> None:
    with pytest.raises(Invalid) as no:
        checked_answers(ASKED, GOOD | wrong, "lines[3].answers")

    assert (no.value.code, no.value.field) == (code, f"lines[3].answers.{next(iter(wrong))}")


@pytest.mark.parametrize("said", [
    None, {}, "x", [None, 1, "x"], [{"key": "A b", "label": "x"}], [{"key": "a"}], [{"key": "a", "label": " "}],
    [{"label": "x"}],
])  # fmt: skip
def test_what_is_no_question_is_left_out_and_breaks_nothing(said: Any) -> None:
    assert questions_of({"questions": said}) == ()


def test_a_question_of_a_kind_to_come_is_asked_as_text_and_the_first_of_a_key_counts() -> None:
    said = [
        {"key": "a", "label": "A", "kind": "hologram", "required": 1}, {"key": "a", "label": "B"},
        {"key": "b", "label": "B", "kind": "choice"}, *({"key": f"c{n}", "label": "C"} for n in range(40)),
    ]  # fmt: skip

    found = questions_of({"questions": said})

    assert found[:2] == (Question("a", "A"), Question("b", "B"))
    assert len(found) <= 20
