"""What was asked for is called off on its page, as long as it can be taken back."""

from __future__ import annotations

import pytest

from saga import interventions

from .every_run import ADA, EVERYBODY
from .stall import Stall, post
from .test_operations import address, set_run, the_run
from .visitor import Visitor, form_on, summary_of, text_of


@pytest.fixture
def buyer(stall: Stall) -> Visitor:
    return stall.visitor()


def test_what_is_under_way_can_be_cancelled_until_the_provider_is_asked(stall: Stall, buyer: Visitor) -> None:
    page = stall.ordered(buyer)
    at = address(page)
    stall.answer("OK")

    answer = buyer.send(page, f"{at}/cancel")
    twice = buyer.send(page, f"{at}/cancel")
    undoing = text_of(buyer.get(at))
    stall.transport.commands.popleft()  # the step that was given up: what becomes of it no longer counts
    stall.answer("NOOP", "OK")
    ended = buyer.get(at)

    assert (answer.status_code, answer.location) == (twice.status_code, twice.location) == (303, at)
    assert "You have cancelled this. We are taking back what was done." in undoing
    assert "Cancelled" in text_of(ended)
    assert "This was cancelled. Nothing was charged." in text_of(ended)
    assert "Failed" not in text_of(ended)
    assert form_on(ended, f"{at}/cancel") is None


def test_what_the_provider_was_asked_for_shows_no_button_and_says_why(stall: Stall, buyer: Visitor) -> None:
    page = stall.ordered(buyer)
    at = address(page)
    stall.answer("OK", "OK")

    late = buyer.send(page, f"{at}/cancel")

    assert form_on(buyer.get(at), f"{at}/cancel") is None
    assert late.status_code == 409
    assert "It was not cancelled" in summary_of(late)
    assert "It has passed the point of no return: it can only go on." in summary_of(late)


def test_only_who_may_cancel_is_offered_it_and_nobody_cancels_anothers(stall: Stall, buyer: Visitor) -> None:
    page = stall.ordered(buyer)
    path = f"{address(page)}/cancel"

    for other, status in ((stall.visitor("reader"), 403), (stall.stranger(), 404)):
        assert post(other, path, form_on(page, path)).status_code == status
    assert form_on(stall.visitor("reader").get(address(page)), path) is None
    assert "Cancel this" in text_of(page)
    assert form_on(page, path) is not None


def test_what_is_held_by_us_says_so_in_plain_words(stall: Stall, buyer: Visitor) -> None:
    at = address(stall.ordered(buyer))
    set_run(paused=1)

    said = text_of(buyer.get(at))

    assert "We have stopped this for the moment and will go on with it ourselves." in said
    assert "Held back" in said


def test_what_was_held_back_before_the_provider_was_asked_ends_as_never_asked(stall: Stall, buyer: Visitor) -> None:
    page = stall.ordered(buyer)
    at = address(page)
    stall.answer("OK")
    set_run(paused=1)
    stall.answer("OK")

    answer = buyer.send(page, f"{at}/cancel")
    undoing = text_of(buyer.get(at))
    interventions.intervene(EVERYBODY, the_run(), "resume", actor=ADA, reason="It may go on.")
    stall.answer("OK", "OK")
    ended = text_of(buyer.get(at))

    assert answer.status_code == 303, summary_of(answer)
    assert "This was cancelled. Nothing was charged." in ended
    assert "At the provider Was not asked" in ended
    assert "No clear answer" not in undoing + ended
