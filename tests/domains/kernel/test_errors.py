"""A no says what is wrong in a sentence that can be said again in other languages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from domains.kernel.errors import Conflict, DomainError, Invalid, NotFound, NotNow, Pending, Refused, Said


@pytest.mark.parametrize(("kind", "code"), [(Invalid, "invalid"), (NotFound, "not_found"), (Conflict, "conflict"),
                                            (Refused, "refused")])  # fmt: skip
def test_each_no_has_a_code_of_its_own_until_a_better_one_is_given(kind: type[DomainError], code: str) -> None:
    assert (kind("No.").code, kind("No.", code="budget_exceeded").code) == (code, "budget_exceeded")
    assert (kind("No.", field="name").field, kind("No.").field) == ("name", None)
    assert str(kind("No.")) == kind("No.").detail == "No."


def test_a_sentence_is_filled_in_and_remembers_with_what() -> None:
    no = Refused("It ends on %(day)s, at %(at)s, for %(names)s.", day=date(2026, 3, 1), names=("Ann", "Ben"),
                 at=datetime(2026, 3, 1, 9, 5, tzinfo=UTC))  # fmt: skip

    assert no.detail == "It ends on 1 March 2026, at 1 March 2026, 09:05 UTC, for Ann, Ben."
    assert no.detail.text == "It ends on %(day)s, at %(at)s, for %(names)s."
    assert no.detail.values["day"] == no.params["day"] == date(2026, 3, 1)


def test_a_percent_sign_without_a_place_to_fill_is_just_that() -> None:
    assert Refused("At most 100 % of it.", most=100).detail == "At most 100 % of it."
    assert Said("50 %").values == {}


def test_what_is_not_yet_and_what_is_not_now_say_when_to_ask_again() -> None:
    assert (Pending("provider").waiting_for, Pending("provider").retry_after) == ("provider", 2.0)
    assert (NotNow("away").retry_after, NotNow("away", retry_after=30).retry_after) == (None, 30)
    assert not issubclass(NotNow, DomainError) and not issubclass(Pending, DomainError)
