"""What is traced is told without secrets, and a collector that is away slows nothing and breaks nothing."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanKind

from domains.kernel import tracing
from domains.kernel.config import Settings, SettingsError
from domains.kernel.errors import Refused
from domains.kernel.exporting import Chosen, context_of
from domains.kernel.messages import context
from tests.collector import Collector, below, collecting, roots
from tests.servers import free_port

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = TRACE[:-1] + "0"
CANARY = "c4n4ry-S3cr3t-value-0123456789"


@pytest.fixture
def collector(settings: Settings) -> Iterator[Collector]:
    level = logging.getLogger("opentelemetry").level
    with collecting(free_port()) as collector:
        to = replace(settings, telemetry="otlp", telemetry_endpoint=collector.url, telemetry_ratio=0.0)
        tracing.start(to, "worker-billing")
        yield collector
        tracing.stop()
    logging.getLogger("opentelemetry").setLevel(level)


def test_off_nothing_is_recorded_and_the_trace_goes_on_as_it_came(settings: Settings) -> None:
    tracing.start(settings, "web")

    with tracing.span("x", parent=TRACE, run_id=1) as tell:
        tell(outcome="OK")
        assert context().traceparent == ""
    assert tracing.provider() is None


def test_a_step_is_told_as_a_child_of_its_run_with_its_ids(collector: Collector) -> None:
    with tracing.span("billing.charge", kind="consumer", parent=TRACE, run_id="r-1", customer_id="c-1") as tell:
        inner = context().traceparent
        tell(outcome="RETRY", failed=True)
    tracing.stop()

    (span,) = collector.spans
    assert (span.trace, span.parent, span.id) == (TRACE[3:35], TRACE[36:52], inner[36:52])
    assert span.facts == {"cloudsales.run_id": "r-1", "cloudsales.customer_id": "c-1", "cloudsales.outcome": "RETRY"}
    assert (span.process, span.failed, span.about["cloud.region"]) == ("worker-billing", True, "eu")
    assert span.about["service.version"]


@pytest.mark.asvs("16.2.5")
def test_secrets_and_texts_of_errors_stay_here(collector: Collector) -> None:
    with pytest.raises(ValueError), tracing.span("x", run_id="r", note=f"Bearer {CANARY}", password=CANARY):
        raise ValueError(f"olivia@northwind.example {CANARY}")
    tracing.stop()

    (span,) = collector.spans
    assert (span.failed, span.facts["error.type"]) == (True, "ValueError")
    assert span.facts["cloudsales.password"] == span.facts["cloudsales.note"] == "[redacted]"
    assert not any(CANARY.encode() in body or b"olivia" in body for body in collector.bodies)


def test_a_business_no_is_no_failure(collector: Collector) -> None:
    with pytest.raises(Refused), tracing.span("x", run_id="r"):
        raise Refused("No.", code="no")
    tracing.stop()

    assert not collector.spans[0].failed


def test_a_read_that_was_not_chosen_is_told_only_when_it_fails(collector: Collector) -> None:
    for status in (200, 503):
        with tracing.span("GET api", kind="server", parent=TRACE, method="GET") as tell:
            with tracing.span("inside"):
                pass
            tell(status=status, failed=status >= 500)
    with tracing.span("POST api", kind="server", parent="", method="POST"), tracing.span("inside"):
        pass
    tracing.stop()

    assert sorted(span.name for span in collector.spans) == ["GET api", "POST api", "inside"]
    (top,) = [span for span in roots(collector.spans) if span.name == "POST api"]
    assert [span.name for span in below(collector.spans, top)] == ["inside"]


@pytest.mark.parametrize(("name", "kind", "parent", "facts", "decision"), [
    ("GET", SpanKind.SERVER, TRACE, {"http.method": "GET"}, Decision.RECORD_ONLY),  # whatever the outside says
    ("POST", SpanKind.SERVER, UNSAMPLED, {"http.method": "POST"}, Decision.RECORD_AND_SAMPLE),
    ("run", SpanKind.INTERNAL, UNSAMPLED, {"cloudsales.run_id": "r"}, Decision.RECORD_AND_SAMPLE),
    ("SELECT", SpanKind.CLIENT, TRACE, {}, Decision.RECORD_AND_SAMPLE),
    ("SELECT", SpanKind.CLIENT, UNSAMPLED, {}, Decision.DROP),
    ("SELECT", SpanKind.CLIENT, "", {}, Decision.DROP),  # of a timer
])  # fmt: skip
def test_writes_and_runs_are_always_chosen(
    name: str, kind: SpanKind, parent: str, facts: dict[str, str], decision: Decision
) -> None:
    assert Chosen(0.0).should_sample(context_of(parent), 1, name, kind, facts).decision is decision


@pytest.mark.slow
def test_a_collector_that_is_away_slows_nothing(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    level = logging.getLogger("opentelemetry").level
    tracing.start(replace(settings, telemetry="otlp", telemetry_endpoint=away), "web")
    begun = time.monotonic()
    for _ in range(3000):  # more than are kept waiting
        with tracing.span("x", run_id="r"):
            pass
    took = time.monotonic() - begun
    tracing.stop()
    logging.getLogger("opentelemetry").setLevel(level)

    assert took < 3.0
    assert time.monotonic() - begun - took < 4.0
    assert caplog.messages.count("the collector is away: spans are lost") <= 1
    assert "azure" not in {name.partition(".")[0] for name in sys.modules if "monitor" in name}


@pytest.mark.parametrize("given", [{"telemetry": "on"}, {"telemetry_ratio": 1.5}, {"telemetry": "azure"}])
def test_settings_that_trace_nowhere_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="CLOUDSALES_TELEMETRY"):
        Settings(**given).check()  # type: ignore[arg-type]


def test_the_connection_string_is_not_told() -> None:
    assert CANARY not in repr(Settings(telemetry_connection=CANARY))


def test_where_nothing_can_be_sent_work_goes_on_and_it_is_said_once(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.monitor.opentelemetry.exporter", None)  # as where it is not installed
    tracing.start(replace(settings, telemetry="azure", telemetry_connection="nonsense"), "web")

    for _ in range(2):
        with tracing.span("POST api", kind="server", parent="", method="POST") as tell:
            tell(status=202)
    tracing.stop()

    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["no spans are sent"]
