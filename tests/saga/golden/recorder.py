"""A pytest plugin that watches the flows' own tests: of each flow one run that went well, with all its replies."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from saga import coordinator, store
from saga.events import Replied

from .replay import READ


class Recorder:
    """What was decided about every run that it has seen."""

    def __init__(self) -> None:
        self.runs: dict[UUID, tuple[Any, dict[str, Any], datetime]] = {}
        self.yeses: dict[UUID, dict[int, Any]] = {}
        self.good: dict[tuple[str, int], tuple[Any, dict[str, Any], dict[int, Any], datetime]] = {}

    def watching(self, decide: Any) -> Any:
        def decided(saga: Any, run: Any, steps: Any, event: Any, **more: Any) -> Any:
            made = decide(saga, run, steps, event, **more)
            self.note(saga, run, steps, event, made, more["now"])
            return made

        return decided

    def note(self, saga: Any, run: Any, steps: Any, event: Any, made: Any, now: datetime) -> None:
        run_id = run["id"]
        if not steps:
            self.runs[run_id] = (saga, {name: run[name] for name in READ}, now)
        elif isinstance(event, Replied) and event.outcome == "OK" and not made.ignored:
            row = next(row for row in steps if row["cmd_id"] == event.cmd_id)
            self.yeses.setdefault(run_id, {})[row["seq"]] = event.reply
        if made.run.get("status") == "completed" and run_id in self.runs:
            saga, started, began = self.runs[run_id]
            self.good.setdefault((saga.name, saga.version), (saga, started, self.yeses.get(run_id, {}), began))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Any:
        """Watch while a test and its fixtures run."""
        with (
            patch.object(coordinator, "decide", self.watching(coordinator.decide)),
            patch.object(store, "decide", self.watching(store.decide)),
        ):
            return (yield)
