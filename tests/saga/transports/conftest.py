"""Each test of the contract runs over both transports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from saga import transports
from saga.transports import inline
from tests.conftest import Clock

from .benches import Bench, InlineBench, RqBench


@pytest.fixture(params=["inline", pytest.param("rq")])
def bench(request: pytest.FixtureRequest, transport: inline.Transport, clock: Clock) -> Iterator[Bench]:
    """The laboratory over one transport."""
    if request.param == "rq":
        yield request.getfixturevalue("rq_bench")
        return
    made = InlineBench(clock)
    with transports.using(made.transport):
        yield made


@pytest.fixture
def rq_bench(transport: inline.Transport, clock: Clock, queue: redis.Redis) -> Iterator[RqBench]:
    """The laboratory over RQ."""
    made = RqBench(clock, queue)
    with transports.using(made.transport):
        yield made
    made.stop()
