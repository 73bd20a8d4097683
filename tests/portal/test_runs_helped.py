"""Runs that operators help from the console: with a reason, on what they have seen, and asked once more."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from domains.kernel.tenancy import Actor
from saga import interventions, tables
from saga.console import list_events
from tests.conftest import Clock

from .every_run import EVERYBODY, EveryRun, an_operator
from .stall import Stall
from .visitor import HTMX, Visitor, form_on, summary_of, text_of

pytestmark = pytest.mark.slow

RITA = Actor("user", "0193a7c4-0000-7000-8000-000000000002", "Rita Moss")


@pytest.fixture
def every(stall: Stall, clock: Clock) -> EveryRun:
    return EveryRun(stall, clock)


@pytest.fixture
def operator(app: Flask) -> Visitor:
    return an_operator(app)


def page_of(visitor: Visitor, every: EveryRun, name: str) -> TestResponse:
    return visitor.get(f"/runs/{every.ids[name]}")


def rows(page: TestResponse) -> list[str]:
    """The ids of the runs that a list shows."""
    body = page.get_data(as_text=True).partition("<tbody>")[2].partition("</tbody>")[0]
    return [part.partition('"')[0] for part in body.split('href="/runs/')[1:]]


def act(visitor: Visitor, page: TestResponse, op: str, **typed: Any) -> TestResponse:
    """Press one of the buttons on a run's page."""
    at = "/".join(page.request.path.split("/")[:3])
    return visitor.send(page, f"{at}/interventions", **{"op": op, "reason": "The provider is back."} | typed)


def test_a_run_is_tried_again_with_a_reason_that_stands_on_its_page(every: EveryRun, operator: Visitor) -> None:
    every.needs_attention()

    answer = act(operator, page_of(operator, every, "needs_attention"), "retry")
    page = text_of(page_of(operator, every, "needs_attention"))

    assert (answer.status_code, answer.location) == (303, f"/runs/{every.ids['needs_attention']}")
    assert every.run("needs_attention").status == "running"
    assert "It is tried again." in page
    assert "Who stepped in Try again now The provider is back. Ada Lind" in page
    assert "Ada Lind : Retried · Order at the provider · The provider is back." in page


@pytest.mark.parametrize(("op", "status"), [("cancel", "compensating"), ("compensate", "compensating")])
def test_what_cannot_be_taken_back_is_asked_once_more(every: EveryRun, operator: Visitor, op: str, status: str) -> None:
    every.running()
    at = f"/runs/{every.ids['running']}"
    asked = operator.get(f"{at}/{op}")

    answer = act(operator, asked, op)

    assert "Before you confirm" in text_of(asked)
    assert "Done so far Check the order" in text_of(asked)
    assert (answer.status_code, every.run("running").status) == (303, status)


def test_a_step_is_skipped_with_what_it_would_have_given(every: EveryRun, operator: Visitor) -> None:
    every.needs_attention()
    asked = operator.get(f"/runs/{every.ids['needs_attention']}/skip")
    outputs = {
        "output-accepted": "[]", "output-rejected": "[]",
        "output-accepted_total": '{"amount": "0.00", "currency": "EUR"}',
    }  # fmt: skip

    without = act(operator, asked, "skip", **outputs | {"output-rejected": ""})
    broken = act(operator, asked, "skip", **outputs | {"output-accepted": "[1"})
    deep = act(operator, asked, "skip", **outputs | {"output-accepted": "[" * 15_000})
    every.stall.transport.commands.clear()
    done = act(operator, asked, "skip", **outputs)
    every.step("NOOP")  # its command can no longer happen

    assert "Say what the step would have given: rejected." in summary_of(without)
    assert "This is no JSON" in summary_of(broken)
    assert "This is no JSON" in summary_of(deep)
    assert broken.get_data(as_text=True).count("[1") == 1  # what was typed is still there
    assert (done.status_code, every.run("needs_attention").outputs["accepted"]) == (303, [])
    page = operator.get(f"/runs/{every.ids['needs_attention']}").get_data(as_text=True)
    assert page.count('Withdrawal <span class="id">services.send_order:withdraw') == 1


def test_without_a_reason_nothing_is_done_and_what_was_typed_stays(every: EveryRun, operator: Visitor) -> None:
    every.running()
    page = page_of(operator, every, "running")
    rev = every.run("running").rev

    small = act(operator, page, "pause", reason=" ")
    large = act(operator, operator.get(f"{page.request.path}/cancel"), "compensate", reason=" ")

    for answer in (small, large):
        assert answer.status_code == 422
        assert "Say why: the reason is kept with the run." in summary_of(answer)
        assert form_on(answer, f"{page.request.path}/interventions") is not None
    assert every.run("running").rev == rev


def test_who_was_slower_reads_what_the_quicker_one_did_and_can_decide_anew(every: EveryRun, operator: Visitor) -> None:
    every.running()
    page = page_of(operator, every, "running")
    for op in ("pause", "resume"):  # so that what the slower one wants would still be possible
        interventions.intervene(EVERYBODY, every.ids["running"], op, reason="An outage.", actor=RITA)

    answer = act(operator, page, "pause")
    part = operator.open("POST", f"{page.request.path}/interventions", headers=HTMX, data={
        **(form_on(page, f"{page.request.path}/interventions") or {}), "op": "pause", "reason": "Mine"})  # fmt: skip

    for said in (answer, part):
        assert said.status_code == 409
        assert "Nothing was done: somebody else was quicker" in summary_of(said)
        assert "Pause An outage. Rita Moss" in text_of(said)
    assert 'hx-select="#main"' in page.get_data(as_text=True)  # the title's state changes, too
    assert every.run("running").paused == 0
    assert act(operator, answer, "pause").status_code == 303
    assert every.run("running").paused == 1


def test_what_is_no_longer_possible_is_not_asked_about(every: EveryRun, operator: Visitor) -> None:
    every.completed()
    at = f"/runs/{every.ids['completed']}"

    page = operator.get(f"{at}/cancel")

    assert "Before you confirm" not in text_of(page)
    assert form_on(page, f"{at}/interventions") is None
    assert operator.get(f"{at}/erase").status_code == 404


def test_an_effect_is_left_standing_only_when_two_persons_want_it(
    every: EveryRun, app: Flask, operator: Visitor
) -> None:
    every.compensating()
    every.fail(13)
    at = f"/runs/{every.ids['compensating']}"
    asked = operator.get(f"{at}/skip")
    assert "Two persons must agree" in text_of(asked)
    assert "Two persons must agree" in text_of(operator.get(f"{at}/resolve"))

    act(operator, asked, "skip")
    proposed = operator.get(at)
    act(operator, operator.get(f"{at}/skip"), "skip")
    still = every.run("compensating").proposed
    other = an_operator(app, role="administrator", actor=RITA)
    act(other, other.get(f"{at}/skip"), "skip")

    assert "Another person must confirm this" in text_of(proposed)
    assert still is not None
    assert every.run("compensating").proposed is None
    with tables.db.begin_read() as session:
        assert [one.kind for one in list_events(session, every.ids["compensating"]).items].count("skip") == 3


def test_those_that_a_filter_finds_are_tried_again_at_most_so_many(every: EveryRun, operator: Visitor) -> None:
    every.needs_attention()
    every.running()
    listed = operator.get("/runs", flow="place-order")

    page = operator.send(listed, "/runs/retry?flow=place-order", reason="They are back.")

    said = text_of(page)
    assert "One run is tried again" in said
    assert "What could not be is left as it was." in said
    assert every.run("needs_attention").status == "running"
    assert "It is not in a state in which this can be done." in said


@pytest.mark.parametrize(("typed", "said"), [
    ({"reason": "", "limit": "5"}, "Say why"), ({"reason": "x", "limit": "101"}, "Take 1 to 100 at once."),
    ({"reason": "x", "limit": "many"}, "Type a whole number"),
])  # fmt: skip
def test_a_bulk_retry_that_cannot_be_right_does_nothing(
    every: EveryRun, operator: Visitor, typed: dict[str, str], said: str
) -> None:
    every.needs_attention()
    rev = every.run("needs_attention").rev

    answer = operator.send(operator.get("/runs"), "/runs/retry", **typed)

    assert answer.status_code == 422
    assert said in summary_of(answer)
    assert every.run("needs_attention").rev == rev


def test_what_leads_on_from_a_refused_act_leads_back_to_what_was_read(every: EveryRun, operator: Visitor) -> None:
    every.needs_attention()
    at = f"/runs/{every.ids['needs_attention']}"

    listed = operator.send(operator.get("/runs", age="60"), "/runs/retry?age=60", reason="")
    told = operator.send(operator.get(at), f"{at}/interventions", op="retry", reason="")

    links = re.findall(r'(?:href|action)="([^"]*)"', listed.get_data(as_text=True) + told.get_data(as_text=True))
    for link in {unescape(link) for link in links if link.startswith("/runs")}:
        assert operator.get(link).status_code == 200 or "retry" in link or "interventions" in link, link
    assert form_on(listed, "/runs/retry?age=60") is not None
    assert any(link.startswith(f"{at}?cursor=") for link in links)
