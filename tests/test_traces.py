"""One order is one trace: from the request through every process that had a part in it, as a collector receives it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from domains.kernel.columns import new_id
from saga.flows import place_order
from tests.collector import Collector, Span, below, collecting, roots, tree
from tests.servers import free_port, running_system

pytestmark = pytest.mark.proof
CANARY = "c4n4ry-0123456789"
OUTSIDE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
PRODUCER, CONSUMER = 4, 5  # of OTLP's span kinds


class Program:
    """An API client of the demo."""

    def __init__(self, demo: dict[str, Any]) -> None:
        client = demo["api_clients"][0]
        self.url, self.http = f"{demo['base_url']}/api/v1", requests.Session()
        form, who = {"grant_type": "client_credentials"}, (client["client_id"], client["client_secret"])
        token = requests.post(f"{demo['base_url']}/oauth2/token", data=form, auth=who, timeout=10).json()
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"

    def get(self, path: str) -> Any:
        return self.http.get(self.url + path, timeout=10).json()

    def order(self, **headers: str) -> str:
        """Order 25 seats and wait until that is done; gives the run's id."""
        account = self.get("/accounts")["items"][0]["id"]
        offer = self.get("/offers?q=intranet&vendor=Adatum")["items"][0]["id"]
        line = {"offer_id": offer, "quantity": 25, "term": "P1Y", "billing_cycle": "monthly"}
        wish = {"account_id": account, "lines": [line], "po_reference": CANARY}
        key = {"Idempotency-Key": str(new_id()), **headers}
        run_id = self.http.post(f"{self.url}/orders?note={CANARY}", json=wish, headers=key, timeout=10).json()["id"]
        until(lambda: self.get(f"/operations/{run_id}")["status"] == "succeeded")
        return str(run_id)


def is_whole(spans: list[Span], names: set[str]) -> bool:
    """Whether a trace has come with all its steps, and with the decision after the last of them."""
    done = {span.name for span in spans if span.facts.get("cloudsales.outcome") == "OK"}
    ended = {span.facts["saga.step"] for span in spans if span.name.startswith("step ")}
    decided = [span for span in spans if span.facts.get("cloudsales.event") == "OK"]
    return len(roots(spans)) == 1 and done >= names and ended >= names and len(decided) >= len(names)


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting(free_port()) as collector:
        yield collector


@pytest.fixture(scope="module")
def program(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The whole system with its demo, its traces sent to the collector; nothing of the reads but what fails."""
    var = tmp_path_factory.mktemp("traced")
    to = {"TELEMETRY": "otlp", "TELEMETRY_ENDPOINT": collector.url, "TELEMETRY_RATIO": "0"}
    with running_system(var, free_port(), **{f"CLOUDSALES_{name}": value for name, value in to.items()}):
        yield Program(json.loads((Path(var) / "demo.json").read_text()))
    # what was recorded last left with the processes as they stopped
    assert {"web", "coordinator", "worker-services"} <= {span.process for span in collector.spans}


def test_an_order_is_one_tree_from_the_request_through_every_step(
    program: Program, collector: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = program.order(traceparent=OUTSIDE, tracestate="shop=7,other=x")
    names = {step.name for step in place_order.place_order.steps}
    until(lambda: is_whole(collector.trace_of(run_id=run_id), names))
    spans = collector.trace_of(run_id=run_id)
    with capsys.disabled():
        sys.stdout.write(f"\n{tree(spans)}\n")

    (request,) = roots(spans)
    (run,) = [span for span in spans if span.name == "run place-order"]
    assert (request.process, request.name, request.facts["http.status_code"]) == ("web", "POST api", 202)
    assert (request.trace, request.parent) == tuple(OUTSIDE.split("-")[1:3])
    steps = {span.facts["saga.step"]: span for span in below(spans, run) if span.name.startswith("step ")}
    assert set(steps) == names
    for step in steps.values():
        is_a_step_with_its_sends_and_work(spans, step, run_id)
    decided = [span for span in below(spans, run) if span.name == "decide place-order"]
    assert len(decided) >= len(steps) and {span.process for span in decided} == {"coordinator"}
    work = {span.id for span in spans if span.kind == CONSUMER}
    assert work <= {one for span in decided for one in span.linked}, "what follows is linked to the work"
    ours = [span for span in spans if "cloudsales.run_id" in span.facts]
    assert {span.facts.get("cloudsales.customer_id") for span in (request, *ours)} == {
        request.facts["cloudsales.customer_id"]
    }
    assert {span.about["cloud.region"] for span in spans} == {"eu"}
    assert {span.state for span in ours} == {"shop=7,other=x"}


def is_a_step_with_its_sends_and_work(spans: list[Span], step: Span, run_id: str) -> None:
    """One step as its trace shows it: it lasts from the first send to the reply, and the work is below its send."""
    name = step.facts["saga.step"]
    sends = below(spans, step)
    assert [span.kind for span in sends] == [PRODUCER] * len(sends) != []
    work = [(send, span) for send in sends for span in below(spans, send)]
    assert {span.name for _, span in work} == {name}
    for sent, done in work:
        queue = done.process.removeprefix("worker-")
        assert sent.facts["messaging.destination.name"] == done.facts["messaging.destination.name"] == queue
        assert sent.facts["messaging.message.id"] == done.facts["messaging.message.id"]
        assert done.linked == (sent.id,) and done.kind == CONSUMER
        assert queue.removesuffix("-exchange") == done.facts["cloudsales.domain"] == name.split(".")[0]
        assert (done.facts["saga.id"], done.facts["saga.type"]) == (run_id, "place-order")
        assert {one.facts["db.name"] for one in below(spans, done) if "db.name" in one.facts} == {
            done.facts["cloudsales.domain"]
        }
        assert step.begun <= done.begun and done.ended <= step.ended + 1_000_000_000


def test_the_coordinator_tells_how_many_runs_are_where_and_how_long_steps_take(
    program: Program, collector: Collector
) -> None:
    program.order()
    until(lambda: collector.latest("saga.step.duration", flow="place-order", step="services.draft_order"))

    names = ("saga.stuck", "saga.overdue", "saga.attention", "saga.unknown")
    until(lambda: all(collector.latest(name) for name in names))
    assert {name: point.value for name in names if name != "saga.overdue" and (point := collector.latest(name))} == {
        "saga.stuck": 0, "saga.attention": 0, "saga.unknown": 0,
    }  # fmt: skip
    until(lambda: collector.latest("queue.depth", queue="replies"))
    assert {point.process for point in collector.points} == {"coordinator"}


def test_reactions_are_linked_and_nothing_personal_leaves(program: Program, collector: Collector) -> None:
    run_id = program.order()
    until(lambda: any(span.name.startswith("react ") and set(span.links) & traces(collector, run_id)
                      for span in list(collector.spans)))  # fmt: skip

    assert not [span for span in collector.spans if CANARY in str(span) or "@" in str(span.facts)]


def traces(collector: Collector, run_id: str) -> set[str]:
    return {span.trace for span in collector.trace_of(run_id=run_id)}


def test_reads_are_left_out_unless_they_are_chosen(program: Program, collector: Collector) -> None:
    program.get("/accounts")
    program.order()

    assert not [span for span in collector.spans if span.name.startswith("GET ")]
