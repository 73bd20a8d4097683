"""A run is one trace, whatever gets lost on its way: sends, work and what followed hang together by the step."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from domains.kernel import metering, tracing
from domains.kernel.config import Settings
from domains.kernel.messages import acting
from saga import coordinator, gauges
from saga.transports import inline
from tests.collector import Collector, Span, below, collecting, roots
from tests.conftest import Clock
from tests.servers import free_port

from .watch import a_run, to_the_end

OUTSIDE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
PRODUCER, CONSUMER = 4, 5  # of OTLP's span kinds


@pytest.fixture
def collector(transport: inline.Transport, settings: Settings) -> Iterator[Collector]:
    """Everything that this process tells goes there."""
    level = logging.getLogger("opentelemetry").level
    with collecting(free_port()) as collector:
        to = replace(settings, telemetry="otlp", telemetry_endpoint=collector.url)
        tracing.start(to, "coordinator")
        metering.start(to, "coordinator", gauges.readings)
        yield collector
        metering.stop()
        tracing.stop()
    logging.getLogger("opentelemetry").setLevel(level)


def named(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name == name]


def test_what_is_sent_again_after_a_loss_is_in_the_same_trace_below_the_same_step(
    collector: Collector, transport: inline.Transport, clock: Clock
) -> None:
    with (
        acting(tracestate="shop=7"),
        tracing.span("POST api", kind="server", parent=OUTSIDE, method="POST", customer_id="c"),
    ):
        a_run()
    transport.commands.clear()
    clock.advance(seconds=11)
    coordinator.wake()
    transport.commands.append(dict(transport.commands[0]))  # and it comes twice
    to_the_end()
    tracing.stop()

    spans = collector.spans
    assert len({span.trace for span in spans}) == 1 and [span.name for span in roots(spans)] == ["POST api"]
    (step,) = named(spans, "step lab.first")
    sends = below(spans, step)
    assert [(span.kind, span.facts["saga.send_no"]) for span in sends] == [(PRODUCER, 1), (PRODUCER, 2)]
    assert [len(below(spans, send)) for send in sends] == [0, 2]
    assert {span.state for span in spans} == {"shop=7"}
    work = [span for span in spans if span.kind == CONSUMER]
    assert {span.id for span in work} == {one for span in named(spans, "decide lab") for one in span.linked}


def test_a_compensation_is_linked_to_what_it_takes_back(collector: Collector) -> None:
    a_run(refuse="turn")
    to_the_end()
    tracing.stop()

    (forward,), (back,) = named(collector.spans, "step lab.second"), named(collector.spans, "step lab.undo_second")
    assert (back.linked, back.parent) == ((forward.id,), forward.parent)
    assert (back.facts["saga.phase"], back.facts["saga.outcome"]) == ("C", "UNDONE")
    assert {span.facts["saga.outcome"] for span in named(collector.spans, "step lab.turn")} == {"REFUSED"}


def test_how_long_steps_took_is_told_by_flow_step_and_outcome(collector: Collector, clock: Clock) -> None:
    a_run()
    clock.advance(seconds=7)
    to_the_end()
    metering.stop()

    first = collector.latest("saga.step.duration", flow="lab", step="lab.first", outcome="DONE")
    assert first is not None and (first.value, first.total) == (1, pytest.approx(7, abs=1))
    waits = collector.latest("queue.depth", queue="commands")
    assert waits is not None and waits.value == 0
