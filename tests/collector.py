"""A collector of the tests' own: takes spans and metrics as OTLP over HTTP and shows a trace as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """One span as it has come."""

    process: str
    name: str
    trace: str
    id: str
    parent: str
    begun: int  # nanoseconds
    ended: int
    failed: bool
    facts: dict[str, Any]
    links: tuple[str, ...]  # the traces it is linked to
    linked: tuple[str, ...]  # the spans
    kind: int
    state: str  # the trace's
    about: dict[str, Any]  # what is told of the process


@dataclass(frozen=True)
class Point:
    """One value of a metric as it has come: a gauge's, or how many a histogram has counted and their sum."""

    process: str
    name: str
    value: float
    total: float
    facts: dict[str, Any]


class Collector:
    """What has come, and where to send it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.spans: list[Span] = []
        self.points: list[Point] = []
        self.bodies: list[bytes] = []

    def take(self, path: str, body: bytes) -> None:
        self.bodies.append(body)
        if path == "/v1/metrics":
            self.points.extend(_points(ExportMetricsServiceRequest.FromString(body)))
            return
        assert path == "/v1/traces", path
        self.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))

    def latest(self, name: str, **facts: str) -> Point | None:
        """The newest value of a metric with these facts."""
        found = [one for one in self.points if one.name == f"cloudsales.{name}" and facts.items() <= one.facts.items()]
        return found[-1] if found else None

    def trace_of(self, **facts: Any) -> list[Span]:
        """All spans of the trace that holds a span with these facts, in the order they began."""
        wanted = {f"cloudsales.{name}": value for name, value in facts.items()}
        traces = {span.trace for span in self.spans if wanted.items() <= span.facts.items()}
        return sorted((span for span in self.spans if span.trace in traces), key=lambda span: span.begun)


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        about = _facts(resource.resource.attributes)
        for scope in resource.scope_spans:
            for one in scope.spans:
                assert not one.events  # texts of errors stay in the log
                assert not one.status.message
                yield Span(
                    about["service.name"], one.name, one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex(),
                    one.start_time_unix_nano, one.end_time_unix_nano, one.status.code == 2, _facts(one.attributes),
                    tuple(link.trace_id.hex() for link in one.links), tuple(link.span_id.hex() for link in one.links),
                    one.kind, one.trace_state, about,
                )  # fmt: skip


def _points(request: ExportMetricsServiceRequest) -> Iterator[Point]:
    for resource in request.resource_metrics:
        process = _facts(resource.resource.attributes)["service.name"]
        for metric in [one for scope in resource.scope_metrics for one in scope.metrics]:
            for gauge in metric.gauge.data_points:
                value = getattr(gauge, gauge.WhichOneof("value"))
                yield Point(process, metric.name, value, value, _facts(gauge.attributes))
            for one in metric.histogram.data_points:
                yield Point(process, metric.name, one.count, one.sum, _facts(one.attributes))


def _facts(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def collecting(port: int) -> Iterator[Collector]:
    """Run a collector on a port of this machine within the `with`."""
    collector = Collector(port)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Answer) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield collector
        finally:
            server.shutdown()


def roots(spans: list[Span]) -> list[Span]:
    """Spans whose parent has not come."""
    known = {span.id for span in spans}
    return [span for span in spans if span.parent not in known]


def below(spans: list[Span], top: Span) -> list[Span]:
    """A span's children, in the order they began."""
    return [span for span in spans if span.parent == top.id]


def tree(spans: list[Span]) -> str:
    """A trace as a tree: when each span began after the first, how long it took, in which process, and what it was."""
    start = min(span.begun for span in spans)
    lines: list[str] = []

    def show(span: Span, depth: int) -> None:
        at, took = (span.begun - start) / 1e6, (span.ended - span.begun) / 1e6
        statement = " ".join(str(span.facts.get("db.statement", "")).split())[:60]
        what = "  ".join(filter(None, [span.name, str(span.facts.get("cloudsales.outcome", "")), statement]))
        lines.append(f"{at:8.1f} ms {took:7.1f} ms  {span.process:24} {'  ' * depth}{what}{' ✗' * span.failed}")
        for child in below(spans, span):
            show(child, depth + 1)

    for root in roots(spans):
        show(root, 0)
    return "\n".join(lines)
