"""How metrics leave a process. Imported only when telemetry is on."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from .config import Settings
from .exporting import GIVE_UP, PREFIX, WAIT, resource
from .metering import Reading

log = logging.getLogger(__name__)
EVERY = 15.0  # seconds between two readings
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86_400)  # seconds
GAUGES = {
    "saga.runs": ("{run}", "runs under way, by flow and status"),
    "saga.stuck": ("{run}", "runs whose timer should have fired a minute ago; must be 0"),
    "saga.attention": ("{run}", "runs that ask for a person"),
    "saga.unknown": ("{run}", "runs of a version that this release does not know; nobody carries them on"),
    "saga.overdue": ("s", "how long the oldest timer that is due has waited"),
    "queue.depth": ("{message}", "messages that wait, by queue"),
}


class Meters:
    """This process's instruments."""

    def __init__(self, settings: Settings, process: str, gauges: Callable[[], Iterable[Reading]]) -> None:
        self._gauges, self._lock, self._read_at, self._readings = gauges, threading.Lock(), 0.0, list[Reading]()
        reader = PeriodicExportingMetricReader(exporter(settings), export_interval_millis=EVERY * 1000)
        who = {"service.instance.id": f"{socket.gethostname()}-{os.getpid()}"}
        about = resource(settings, process).merge(Resource(who))
        self._provider = MeterProvider([reader], resource=about, shutdown_on_exit=False)
        self._meter = self._provider.get_meter("cloudsales")
        for name, (unit, description) in GAUGES.items():
            self._meter.create_observable_gauge(PREFIX + name, [partial(self._observed, name)], unit, description)
        self._durations: dict[str, Any] = {}

    def took(self, name: str, seconds: float, facts: dict[str, Any]) -> None:
        if name not in self._durations:
            self._durations[name] = self._meter.create_histogram(
                PREFIX + name, "s", explicit_bucket_boundaries_advisory=BOUNDS
            )
        self._durations[name].record(seconds, {key: str(value) for key, value in facts.items()})

    def _observed(self, name: str, _options: CallbackOptions) -> list[Observation]:
        with self._lock:
            if time.monotonic() - self._read_at > 1.0:  # all gauges of one round show the same moment
                self._readings, self._read_at = self._taken(), time.monotonic()
            return [Observation(one.value, one.facts) for one in self._readings if one.name == name]

    def _taken(self) -> list[Reading]:
        found = list[Reading]()
        try:
            for one in self._gauges():
                found.append(one)
        except Exception as error:  # what was read until then is told: without its queue the coordinator is not gone
            log.warning("no more readings for now", extra={"why": type(error).__name__})
        return found

    def close(self) -> None:
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(GIVE_UP)


def exporter(settings: Settings) -> MetricExporter:
    """What sends metrics where the settings say. Each one's package is imported only when it is chosen."""
    if settings.telemetry == "azure":
        from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter

        connection = settings.telemetry_connection
        return AzureMonitorMetricExporter(  # type: ignore[no-any-return]
            connection_string=connection, disable_offline_storage=True, timeout=WAIT
        )
    if settings.telemetry == "otlp":
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        return OTLPMetricExporter(endpoint=f"{settings.telemetry_endpoint.rstrip('/')}/v1/metrics", timeout=WAIT)
    return ConsoleMetricExporter(out=sys.stderr, formatter=lambda metrics: metrics.to_json(indent=None) + "\n")
