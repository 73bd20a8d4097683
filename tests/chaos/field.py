"""The field of the experiment: servers, crew and provider, set up from nothing and taken down without a trace."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import requests

from domains import NAMES
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.tenancy import Scope, work_as
from installation import SECRETS, new_secret
from saga import flows, tables
from saga.transports.inline import database_named
from tests.sandboxes import SECRET, Sandbox, sandbox_process
from tests.servers import free_port

from . import clients, laboratory, shop
from .crew import Crew, a_coordinator, a_worker
from .proxy import Proxy
from .servers import Cluster, QueueServer

QUEUES = ("larder", "purse", "ledger", "ledger-exchange")
PRODUCT_QUEUES = (*NAMES, "services-exchange")
FAULTS = (
    {"operation": "place_order", "kind": "reject", "code": "credit_blocked", "match": {"customer": "chaos-refusing"}},
    {"operation": "place_order", "kind": "error_after_applying", "match": {"customer": "chaos-doubtful"}},
    {"operation": "place_order", "kind": "timeout_after_applying", "seconds": 0.3,
     "match": {"customer": "chaos-silent"}},
)  # fmt: skip


@dataclass
class Strike:
    """One fault as it came: when it began and ended, and how many processes it has killed."""

    k: str
    what: str
    began: float
    ended: float
    kills: int = 0
    stops: bool = False  # whether nothing could go on while it lasted


@dataclass
class Field:
    """Everything that a fault can get at."""

    settings: Settings
    folder: Path
    crew: Crew
    coordinator_server: Cluster
    domain_server: Cluster
    queue: QueueServer
    proxies: dict[str, Proxy]
    sandbox: Sandbox
    chance: random.Random
    resend: float
    orders: int
    strikes: list[Strike] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)  # faults that found nothing to strike
    begun: float = field(default_factory=time.monotonic)

    @property
    def clusters(self) -> tuple[Cluster, Cluster]:
        return self.coordinator_server, self.domain_server

    def open_runs(self) -> int:
        """How many runs have not ended."""
        with psycopg.connect(self.coordinator_server.dsn("saga")) as connection:
            row = connection.execute("SELECT count(*) FROM run WHERE ended_at IS NULL").fetchone()
        return int(row[0]) if row else 0

    def events_told(self) -> bool:
        """Whether every event of the laboratory is on the bus and was heard."""
        counts = []
        for name, query in (("ledger", "SELECT count(*), count(published_at) FROM outbox"),
                            ("purse", "SELECT count(*), count(*) FROM heard")):  # fmt: skip
            with psycopg.connect(self.domain_server.dsn(name)) as connection:
                counts += connection.execute(query).fetchone() or ()
        return len(set(counts)) == 1

    def facts(self) -> dict[str, Any]:
        """Where the independent check finds everything."""
        domains = {name: self.domain_server.dsn(name) for name in _databases(self.orders)}
        return {
            "databases": {"saga": self.coordinator_server.dsn("saga")} | domains,
            "sandbox": {"url": self.sandbox.url, "client": "tests", "secret": SECRET},
            "journals": sorted(str(path) for path in self.folder.glob("client-*.jsonl")),
            "strikes": [asdict(strike) for strike in self.strikes],
        }  # fmt: skip


@contextmanager
def field_of(
    folder: Path, plan: clients.Plan, *, resend: float, orders: int = 0, call_time: float = 1.0
) -> Iterator[Field]:
    """Set everything up within the `with`: servers, the provider, and two of each process."""
    with ExitStack() as stack:
        coordinator_server, domain_server = Cluster(["saga"]), Cluster(_databases(orders))
        stack.callback(coordinator_server.remove)
        stack.callback(domain_server.remove)
        queue = QueueServer(folder / "queue", free_port())
        stack.callback(queue.kill)
        sandbox = stack.enter_context(sandbox_process(folder))
        settings = _settings(folder, coordinator_server, domain_server, queue, sandbox, call_time)
        bind(settings)
        work_as(Scope.system("chaos"))  # as do the crew and the clients, which are forks of this process
        flows.load()
        made = _made(sandbox, orders, plan)
        crew = Crew(settings, folder)
        stack.callback(crew.end)
        proxies = {"saga": Proxy(free_port(), coordinator_server.socket, folder / "cuts-saga"),
                   "domains": Proxy(free_port(), domain_server.socket, folder / "cuts-domains")}  # fmt: skip
        for proxy in proxies.values():
            proxy.start()
            stack.callback(proxy.stop)
        found = Field(settings, folder, crew, coordinator_server, domain_server, queue, proxies, sandbox,
                      random.Random(plan.seed), resend, orders)  # fmt: skip
        bind(settings)  # closes every connection: the crew are forks of this process
        _engage(found, plan, made)
        yield found


def _databases(orders: int) -> list[str]:
    return [database.name for database in laboratory.DATABASES] + (list(NAMES) if orders else [])


def _settings(
    folder: Path, coordinator_server: Cluster, domain_server: Cluster, queue: QueueServer, sandbox: Sandbox, call: float
) -> Settings:
    return Settings(
        var=str(folder), database_url=domain_server.url, queue_url=queue.url, log_level="WARNING",
        provider_url=sandbox.url, provider_client_id="tests", provider_client_secret=SECRET, provider_timeout=call,
        overrides={"database_url_saga": coordinator_server.url.replace("{domain}", "saga")},
        **{name: new_secret(name) for name in SECRETS if name != "provider_client_secret"},
    )  # fmt: skip


def _made(sandbox: Sandbox, orders: int, plan: clients.Plan) -> list[Any]:
    """The tables, the provider's customers and faults, and the product's orders that will be placed."""
    databases = [tables.db, *laboratory.DATABASES, *(database_named(name) for name in NAMES if orders)]
    for database in databases:
        database.metadata.create_all(database.engine)
    sandbox.control("PUT", "settings", order_seconds=0, change_seconds=0)
    token = requests.post(f"{sandbox.url}/oauth2/token", data={"grant_type": "client_credentials"},
                          auth=("tests", SECRET), timeout=10).json()["access_token"]  # fmt: skip
    for name in (*map(str, range(clients.HAPPY)), "refusing", "doubtful", "silent"):
        body = {"name": f"Chaos {name}", "country": "NL", "region": "eu", "email": "chaos@example.com"}
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.put(f"{sandbox.url}/v1/customers/chaos-{name}", json=body, headers=headers, timeout=10)
        answer.raise_for_status()
    made, faults = shop.orders(orders, plan.seed) if orders else ([], [])
    sandbox.control("PUT", "faults", faults=[*FAULTS, *faults])
    return made


def _engage(found: Field, plan: clients.Plan, orders: list[Any]) -> None:
    """Two coordinators, two workers for each queue of the laboratory, one for each of the product's, the clients."""
    crew = found.crew
    for number in (1, 2):
        crew.add(f"coordinator-{number}", "coordinator", a_coordinator)
        for queue in QUEUES:
            crew.add(f"worker-{queue}-{number}", queue, a_worker(queue))
        crew.add(f"client-{number}", "client", clients.a_client(number, found.folder, plan))
    if orders:
        for queue in PRODUCT_QUEUES:
            crew.add(f"worker-{queue}", queue, a_worker(queue))
        slow = replace(plan, width=2)
        crew.add("client-3", "client", clients.a_client(3, found.folder, slow, partial(shop.wish, orders)))


def settle(found: Field, seconds: float) -> None:
    """Let the clients stop, and the runs end; what has not ended after so many seconds is stuck."""
    crew = found.crew
    leaving = [member for member in crew.members if member.kind == "client"]
    crew.members = [member for member in crew.members if member.kind != "client"]
    for member in leaving:
        crew.leaving[member.pid] = member.name
        os.kill(member.pid, signal.SIGTERM)
    if not wait_for(found, lambda: not crew.leaving and not crew.later, seconds):
        crew.unexpected += [f"{name} does not stop when it is asked to" for name in crew.leaving.values()]
    wait_for(found, lambda: found.open_runs() == 0, seconds)
    wait_for(found, found.events_told, seconds)
    crew.pause(2.0 if found.orders else 0.0)  # for the product's events to be heard as well


def wait_for(found: Field, reached: Callable[[], bool], seconds: float) -> bool:
    """Let the crew work until something is so; False when it takes too long."""
    until = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > until:
            return False
        found.crew.pause(0.02)
    return True
