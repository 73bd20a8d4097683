"""The runs console: found and read by operators; nobody else sees it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import event
from werkzeug.test import TestResponse

from domains.kernel.tenancy import Actor
from portal import anatomy, runs
from saga import coordinator, decide, definition, tables
from saga.console import STATUSES
from saga.events import FINAL
from saga.steering import OPERATIONS
from saga.tables import run
from tests.conftest import Clock

from .every_run import EveryRun, an_operator
from .stall import Stall, post
from .visitor import Visitor, form_on, is_page, text_of

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


# ---- found


def test_a_run_of_a_version_that_is_gone_is_listed_and_shown(
    every: EveryRun, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    every.all()
    monkeypatch.setattr(definition, "_registry", {})

    assert operator.get("/runs").status_code == 200
    for name in every.ids:
        assert is_page(page_of(operator, every, name))


def test_a_list_begins_with_what_has_not_ended_and_counts_every_state(every: EveryRun, operator: Visitor) -> None:
    ids = every.all()
    every.clock.advance(seconds=5)

    page = operator.get("/runs")
    said = text_of(page)

    assert rows(page) == [
        str(ids[name]) for name in ("running", "waiting", "compensating", "paused", "needs_attention")
    ]
    assert "One run needs a person" in said
    assert "5 are under way" in said
    assert "Needs you 1 Paused 1 Undoing 1 Working 2 Done 1 Undone 1 Resolved 1 Overdue 3" in said
    assert "In doubt: the provider may or may not have done it" in said
    assert "undo: Reserve the amount" in said
    assert "held until somebody lets it go on" in said


def test_each_state_leads_to_its_runs(every: EveryRun, operator: Visitor) -> None:
    ids = every.all()

    for status in STATUSES:
        expected = ["running", "waiting"] if status == "running" else [status]
        assert rows(operator.get("/runs", status=status)) == [str(ids[name]) for name in expected]


def test_runs_are_found_by_id_key_process_age_and_customer(every: EveryRun, operator: Visitor) -> None:
    every.completed()
    old = str(every.ids["completed"])
    every.clock.advance(hours=2)
    every.running()
    new = every.run("running")

    assert rows(operator.get("/runs", q=new.id)) == [str(new.id)]
    assert rows(operator.get("/runs", q=new.resource_id)) == [str(new.id)]
    assert rows(operator.get("/runs", q=new.business_key[:12])) == [str(new.id)]
    assert rows(operator.get("/runs", status="", flow="place-order")) == [str(new.id), old]
    assert rows(operator.get("/runs", status="", flow="open-account")) == []
    assert rows(operator.get("/runs", status="", age="3600")) == [old]
    assert rows(operator.get("/runs", status="", customer=every.stall.customer_id)) == [str(new.id), old]
    assert rows(operator.get("/runs", status="overdue")) == []
    every.clock.advance(minutes=3)
    assert rows(operator.get("/runs", status="overdue")) == [str(new.id)]


def test_a_filter_that_finds_nothing_says_so_and_leads_on(operator: Visitor) -> None:
    nothing, none_yet = operator.get("/runs", status="paused"), operator.get("/runs")
    unreadable = operator.get("/runs", status="lost", age="x", q="' OR 1=1 --", customer="%")

    assert "No run is like that" in text_of(nothing)
    assert "Nothing is under way" in text_of(none_yet)
    assert (unreadable.status_code, rows(unreadable)) == (200, [])


@pytest.mark.parametrize("chosen", [{"status": "overdue"}, {"age": "3600"}])
def test_a_long_list_by_time_goes_on_where_it_was(
    every: EveryRun, operator: Visitor, chosen: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "ROWS", 1)
    for name in ("older", "newer"):
        every.order(name)
    every.clock.advance(hours=2)

    first = operator.get("/runs", **chosen)
    link = first.get_data(as_text=True).partition("cursor=")[2].partition('"')[0]
    every.clock.advance(seconds=1)
    second = operator.get("/runs", cursor=link, **chosen)

    assert rows(first) + rows(second) == [str(every.ids["newer"]), str(every.ids["older"])]


def test_a_long_list_costs_no_more_queries_than_a_short_one(every: EveryRun, operator: Visitor) -> None:
    def queries() -> int:
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731 so that it can be taken off again
        event.listen(tables.db.engine, "before_cursor_execute", listener)
        operator.get("/runs", status="")
        event.remove(tables.db.engine, "before_cursor_execute", listener)
        return len(seen)

    every.running()
    short = queries()
    for _ in range(4):
        every.completed()

    assert queries() == short


# ---- read


def test_a_run_in_every_state_has_its_page(every: EveryRun, operator: Visitor) -> None:
    for name, id in every.all().items():
        page = operator.get(f"/runs/{id}")

        assert is_page(page), name
        assert "What has happened" in text_of(page), name
        assert ("hx-trigger" in page.get_data(as_text=True)) == (name not in (
            "completed", "compensated", "resolved", "paused")), name  # fmt: skip


def test_a_page_tells_tries_compensations_and_the_providers_numbers(every: EveryRun, operator: Visitor) -> None:
    every.needs_attention()
    troubled = text_of(page_of(operator, every, "needs_attention"))
    every.compensated()
    undone = text_of(page_of(operator, every, "compensated"))
    every.completed()
    done = text_of(page_of(operator, every, "completed"))

    assert "Try failed, try 12, UnknownOutcome, no answer after 30 s" in troubled
    assert "Asked for a person" in troubled
    assert "sent 14 times" in troubled
    assert f"Request-Id {every.run('needs_attention').payload['provider_operation_id']}" in troubled
    assert "Undo accounts.release_reservation Undone" in undone
    assert "Refused, capacity_exceeded, The provider has no capacity left for this at the moment." in undone
    assert "Subscription id ccps-77119020" in done


def test_the_steps_ask_again_by_themselves_and_bring_the_rev_along(every: EveryRun, operator: Visitor) -> None:
    every.running()
    path = f"/runs/{every.ids['running']}/steps"
    part = operator.part(path).get_data(as_text=True)
    every.step("OK")

    later = operator.part(path).get_data(as_text=True)

    assert f'hx-get="{path}"' in part
    assert 'name="expected_rev" value="2" hx-swap-oob="true"' in part
    assert 'name="expected_rev" value="3" hx-swap-oob="true"' in later
    assert is_page(operator.get(path))


def test_a_long_history_comes_page_by_page_and_is_never_erased(every: EveryRun, operator: Visitor) -> None:
    every.resolved()
    page = page_of(operator, every, "resolved")
    link = page.get_data(as_text=True).partition("cursor=")[2].partition('"')[0]

    older = operator.get(f"/runs/{every.ids['resolved']}?cursor={link}")

    assert "Run resolved" in text_of(page)
    assert "Check the order" in text_of(older)
    assert "try 1," in text_of(older)


def test_the_home_of_an_operator_shows_runs_that_need_a_person(every: EveryRun, operator: Visitor) -> None:
    every.needs_attention()

    assert 'hx-get="/runs/_attention"' in operator.get("/").get_data(as_text=True)
    part = operator.part("/runs/_attention")
    assert "Runs that need a person 1" in text_of(part)
    assert f"/runs/{every.ids['needs_attention']}" in part.get_data(as_text=True)
    assert is_page(operator.get("/runs/_attention"))


def test_runs_that_are_late_are_woken_and_no_longer_counted(every: EveryRun, operator: Visitor) -> None:
    every.running()
    with tables.db.begin() as session:
        session.execute(run.update().values(next_at=every.clock.now - timedelta(minutes=5)))

    before = text_of(operator.get("/runs"))
    coordinator.wake()

    assert "Overdue 1" in before
    assert "Overdue 0" in text_of(operator.get("/runs"))


# ---- by nobody else


def test_whatever_can_happen_to_a_run_has_its_words() -> None:
    source = "".join(path.read_text() for path in Path(decide.__file__).parent.glob("*.py"))
    noted = re.findall(r'\bnote\("(\w+)"(?: if [^,]* else "(\w+)")?', source)
    kinds = {kind for pair in noted for kind in pair if kind} | {*FINAL, *OPERATIONS}

    assert {"locked", "away", "given_up", "woken", "held", "sent", "skipped"} <= kinds
    assert kinds <= anatomy.EVENTS.keys()


@pytest.mark.parametrize(("language", "word"), [("en", "Go on"), ("de", "Fortsetzen"), ("ja", "再開")])
def test_to_let_a_run_go_on_is_not_called_as_the_way_to_the_next_form(app: Flask, language: str, word: str) -> None:
    with app.test_request_context(), force_locale(language):
        assert str(anatomy.OPS["resume"][0]) == word


@pytest.mark.parametrize("role", ["owner", "buyer", "billing", "reader"])
def test_no_customer_sees_or_touches_the_console(every: EveryRun, app: Flask, operator: Visitor, role: str) -> None:
    every.running()
    at = f"/runs/{every.ids['running']}"
    fields = form_on(operator.get(at), f"{at}/interventions")
    own, stranger = every.stall.visitor(role), every.stall.stranger()

    for visitor in (own, stranger, an_operator(app, role="agent")):
        for path in ("/runs", "/runs/_attention", at, f"{at}/steps", f"{at}/cancel"):
            assert visitor.get(path).status_code == 403, path
        for path in (f"{at}/interventions", "/runs/retry"):
            assert post(visitor, path, fields, op="pause", reason="Mine").status_code == 403, path
        assert "/runs" not in visitor.get("/operations").get_data(as_text=True)
    assert every.run("running").rev == 2


def test_whoever_only_reads_runs_is_offered_no_act(every: EveryRun, app: Flask) -> None:
    every.needs_attention()
    reader = an_operator(app, scopes=frozenset({"runs:read", "operations:read"}))
    at = f"/runs/{every.ids['needs_attention']}"

    assert form_on(reader.get(at), f"{at}/interventions") is None
    assert form_on(reader.get("/runs"), "/runs/retry") is None
    assert post(reader, f"{at}/interventions", {}, op="pause", reason="x", expected_rev="1").status_code == 403


def test_who_acts_for_a_customer_sees_that_ones_runs_only(every: EveryRun, app: Flask) -> None:
    every.running()
    known = {"role": "administrator", "preferences": {"home_kind": "operator"}}
    own, other = every.stall.visitor(**known), Visitor(app, every.stall.stranger().caller)
    acting = Visitor(app, an_operator(app, scope=other.caller.scope, customer_id=other.caller.customer_id).caller)  # type: ignore[union-attr]

    assert rows(own.get("/runs")) == [str(every.ids["running"])]
    assert rows(acting.get("/runs")) == []
    assert acting.get(f"/runs/{every.ids['running']}").status_code == 404
