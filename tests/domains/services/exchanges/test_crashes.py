"""A worker that dies between the call and its record loses nothing and orders nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from uuid import UUID

import pytest

from domains.kernel import config
from domains.kernel.database import new_id
from domains.services.pricing import OrderTerms
from tests.domains.services.exchanges.test_orders import an_order, seen, send
from tests.sandboxes import Sandbox
from topology import as_environment

pytestmark = pytest.mark.slow

WORKER = """
import sys
from uuid import UUID
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.tenancy import Scope, work_as
from domains.services import exchanges
from tests.factories.services import ask
bind(Settings.from_env())
work_as(Scope.system("a worker"))
order_id, operation_id = map(UUID, sys.argv[1:])
ask(exchanges.send_order, order_id=order_id, provider_operation_id=operation_id)
"""


def send_and_die(terms: OrderTerms, operation_id: UUID, place: str) -> int:
    """Send an order in a process that kills itself at a place; gives its exit status."""
    settings = replace(config.current(), failpoint=f"{place}:1")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSALES_")}
    command = [sys.executable, "-c", WORKER, str(terms.order_id), str(operation_id)]
    return subprocess.run(command, env=outside | as_environment(settings), check=False).returncode


@pytest.mark.parametrize(("place", "orders"), [("services.send_order.calling", 0), ("services.send_order.called", 1)])
def test_a_worker_that_dies_while_it_orders_leaves_one_order(sandbox: Sandbox, place: str, orders: int) -> None:
    terms, operation = an_order(), new_id()

    assert send_and_die(terms, operation, place) == -signal.SIGKILL
    assert len(sandbox.orders(terms.order_id)) == orders
    assert seen(terms).state == "at_provider"
    answer = send(terms, operation, asked_before=True)

    assert len(answer.accepted) == 1
    assert len(sandbox.orders(terms.order_id)) == 1
