"""How traces leave a process: what is kept of them, what is taken out of them, and where they go.

Imported only when telemetry is on. The thread that sends begins with a process's first span, because processes are
forked and a thread does not survive that. A collector that is away costs spans, never a request or a step.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from importlib.metadata import version
from multiprocessing.util import Finalize
from pathlib import PurePath
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .config import Settings
from .errors import DomainError, Pending
from .messages import acting, context
from .telemetry import redacted

log = logging.getLogger(__name__)
PREFIX = "cloudsales."
OURS = (PREFIX, "saga.", "messaging.")
# What may leave us. Not the address that was asked for (it may hold a search or a token), not who asked from where,
# not the text of an error (it may name a person): the log has that, redacted, under the same trace id.
KEPT = {"http.method", "http.route", "http.status_code", "db.system", "db.name", "db.statement", "error.type"}
READS = {"GET", "HEAD", "OPTIONS"}
SCOPE = InstrumentationScope("cloudsales")
WAIT, GIVE_UP = 2.0, 3.0  # seconds for one call to the collector, and for the last ones of a process that ends


def context_of(traceparent: str, tracestate: str = "") -> Context:
    """OpenTelemetry's context from a traceparent; an empty one when there is none or it is not valid."""
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent, "tracestate": tracestate}, Context())


def traceparent_of(span: trace.Span) -> str:
    """A span as the W3C header that its children elsewhere are given."""
    here = span.get_span_context()
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"


class Chosen(Sampler):
    """Which spans are recorded: all of what changes something and of every run, and a part of the reads.

    A read that is not among them is recorded alone, without what is below it, and kept only if it fails. Statements
    that belong to no request and no run (timers, polling) are left out. What the outside says of sampling is not heard.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio, self._bound = ratio, TraceIdRatioBased.get_bound_for_rate(ratio)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Any = None,
        links: Sequence[Link] | None = None,
        trace_state: Any = None,
    ) -> SamplingResult:
        facts = attributes or {}
        if kind is SpanKind.SERVER:
            chosen = facts.get("http.method") not in READS or trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self._bound
            decision = Decision.RECORD_AND_SAMPLE if chosen else Decision.RECORD_ONLY
        else:
            parent = trace.get_current_span(parent_context).get_span_context()
            chosen = parent.trace_flags.sampled or f"{PREFIX}run_id" in facts
            chosen = chosen or any(link.context.trace_flags.sampled for link in links or ())
            decision = Decision.RECORD_AND_SAMPLE if chosen else Decision.DROP
        above = trace.get_current_span(parent_context).get_span_context()
        return SamplingResult(decision, facts, above.trace_state)  # which a span would lose otherwise

    def get_description(self) -> str:
        return f"writes, runs and {self._ratio:.0%} of reads"


def kept(span: ReadableSpan, *, sampled: bool | None = None) -> ReadableSpan:
    """A span as it may leave us: only known attributes, without secrets, and without the texts of errors."""
    given = dict(span.attributes or {})
    name = span.name
    if "db.name" in given:  # a file's path on SQLite, which is nobody's business
        given["db.name"] = PurePath(str(given["db.name"])).stem
        name = f"{name.split(' ', 1)[0]} {given['db.name']}"
    elif "http.method" in given and "http.route" not in given and "/" in name:  # named by an address that nobody knows
        name = name.split(" ", 1)[0]
    attributes = {
        key: redacted(value, key) for key, value in given.items() if key in KEPT or key.startswith(OURS)
    }  # fmt: skip
    here = span.get_span_context()
    if sampled and here is not None:
        here = SpanContext(here.trace_id, here.span_id, here.is_remote, TraceFlags(TraceFlags.SAMPLED))
    return ReadableSpan(
        name, context=here, parent=span.parent, resource=span.resource, attributes=attributes, links=span.links,
        kind=span.kind, instrumentation_scope=span.instrumentation_scope, status=Status(span.status.status_code),
        start_time=span.start_time, end_time=span.end_time,
    )  # fmt: skip


class Outlet(SpanExporter):
    """Hands spans on as they may leave us, and says once when the collector goes away and when it is back."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter, self._away = exporter, False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        # SQLite's switches before every transaction would drown what the transaction does
        told = [kept(span) for span in spans if not span.name.startswith("PRAGMA")]
        result = self._exporter.export(told) if told else SpanExportResult.SUCCESS
        away = result is not SpanExportResult.SUCCESS
        if away != self._away:
            self._away = away
            log.warning("the collector is away: spans are lost" if away else "the collector is back")
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class Sending(SpanProcessor):
    """Sends spans in batches, from a thread of this very process."""

    def __init__(self, make: Callable[[], SpanExporter]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._pid = 0
        self._batch: BatchSpanProcessor | None = None

    def on_end(self, span: ReadableSpan) -> None:
        here = span.get_span_context()
        if here is None or not here.trace_flags.sampled:
            if span.status.status_code is not StatusCode.ERROR:
                return
            span = kept(span, sampled=True)
        batches = self._batches()
        if batches is not None:
            batches.on_end(span)

    def _batches(self) -> Any:
        if self._pid != os.getpid():
            with self._lock:
                if self._pid != os.getpid():
                    self._batch = self._begun()
                    self._pid = os.getpid()
                    Finalize(None, self.shutdown, exitpriority=1)  # at exit; also of the web server's own forks
        return self._batch

    def _begun(self) -> BatchSpanProcessor | None:
        """What sends; None where it cannot be made, for want of its package or of settings that mean something."""
        try:
            return BatchSpanProcessor(Outlet(self._make()), schedule_delay_millis=1000)
        except Exception as error:  # a span ends within a request, which must not fail for it
            remedy = "install the extra azure-monitor, or look at CLOUDSALES_TELEMETRY_CONNECTION"
            log.error("no spans are sent", extra={"why": type(error).__name__, "remedy": remedy})
            return None

    def shutdown(self) -> None:
        """Send what is left, but do not wait long for a collector that does not take it."""
        if self._pid == os.getpid() and self._batch is not None:
            last = threading.Thread(target=self._batch.shutdown, daemon=True)
            last.start()
            last.join(GIVE_UP)


class Traces:
    """This process's spans: where they begin, and the provider that instrumented libraries use too."""

    def __init__(self, settings: Settings, process: str) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # Outlet says it, once
        self.provider = TracerProvider(
            sampler=Chosen(settings.telemetry_ratio), resource=resource(settings, process), shutdown_on_exit=False,
            span_limits=SpanLimits(max_span_attribute_length=2000),
        )  # fmt: skip
        self._sending = Sending(lambda: exporter(settings))
        self.provider.add_span_processor(self._sending)
        # It names SQLAlchemy below 2.1 only; tests/test_traces.py holds that it works with ours.
        SQLAlchemyInstrumentor().instrument(tracer_provider=self.provider, skip_dep_check=True)
        self._tracer = self.provider.get_tracer("cloudsales")

    @contextmanager
    def span(
        self, name: str, *, kind: str, parent: str | None, link: str, facts: dict[str, Any]
    ) -> Iterator[Callable[..., None]]:
        with self._tracer.start_as_current_span(
            name,
            context=None if parent is None else context_of(parent, context().tracestate),
            kind=SpanKind[kind.upper()],
            attributes=_attributes(facts),
            links=_links(link),
            record_exception=False,
            set_status_on_exception=False,
        ) as here:

            def tell(failed: bool = False, **more: Any) -> None:
                here.set_attributes(_attributes(more))
                if failed:
                    here.set_status(Status(StatusCode.ERROR))

            # below a request that was not chosen nothing would be kept: spare it the making
            unchosen = kind == "server" and not here.get_span_context().trace_flags.sampled
            try:
                with (
                    suppress_instrumentation() if unchosen else nullcontext(),
                    acting(traceparent=traceparent_of(here)),
                ):
                    yield tell
            except Exception as error:
                here.set_attribute("error.type", type(error).__name__)
                tell(failed=not isinstance(error, (DomainError, Pending)))  # a no and a wait are answers
                raise

    def past(
        self, name: str, *, itself: str, parent: str, began: datetime, ended: datetime, failed: bool, link: str,
        facts: dict[str, Any],
    ) -> None:  # fmt: skip
        """Record a span that nobody has held: it has the context `itself`, and begins and ends when it is said to."""
        above = trace.get_current_span(context_of(parent, context().tracestate)).get_span_context()
        here = trace.get_current_span(context_of(itself, context().tracestate)).get_span_context()
        self._sending.on_end(ReadableSpan(
            name, context=here, parent=above, resource=self.provider.resource, attributes=_attributes(facts),
            links=_links(link), kind=SpanKind.INTERNAL, instrumentation_scope=SCOPE,
            status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
            start_time=_nanoseconds(began), end_time=_nanoseconds(ended),
        ))  # fmt: skip

    def close(self) -> None:
        SQLAlchemyInstrumentor().uninstrument()
        self.provider.shutdown()


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000


def _links(traceparent: str) -> list[Link]:
    linked = trace.get_current_span(context_of(traceparent)).get_span_context()
    return [Link(linked)] if linked.is_valid else []


def _attributes(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts as attributes: numbers as they are, ids as text, nothing for what is not known."""
    names = {"method": "http.method", "status": "http.status_code"}
    known = {name: value for name, value in facts.items() if value not in (None, "")}
    told = {name if "." in name else names.get(name, PREFIX + name): value for name, value in known.items()}
    return {name: value if isinstance(value, (int, float)) else str(value) for name, value in told.items()}


def resource(settings: Settings, process: str) -> Resource:
    """Who is speaking: the process, its release and its stamp."""
    return Resource.create({
        "service.name": process, "service.namespace": "cloudsales", "service.version": version("cloud-sales-system"),
        "cloud.region": settings.region, "deployment.environment.name": settings.mode,
    })  # fmt: skip


def exporter(settings: Settings) -> SpanExporter:
    """What sends spans where the settings say. Each one's package is imported only when it is chosen."""
    if settings.telemetry == "azure":
        from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter

        connection = settings.telemetry_connection
        return AzureMonitorTraceExporter(  # type: ignore[no-any-return]
            connection_string=connection, disable_offline_storage=True, timeout=WAIT
        )
    if settings.telemetry == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(endpoint=f"{settings.telemetry_endpoint.rstrip('/')}/v1/traces", timeout=WAIT)
    return ConsoleSpanExporter(out=sys.stderr, formatter=lambda span: span.to_json(indent=None) + "\n")
