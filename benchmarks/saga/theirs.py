"""The other side: the same four steps as transactions of DBOS datasources, each in the database of its domain.

`python -m benchmarks.saga.theirs start CONCURRENCY NAME` is one process of it: it runs workflows in threads.
"""

from __future__ import annotations

import json
import os
import sys
import time
from threading import Thread
from typing import Any
from uuid import uuid4

from dbos import DBOS, SQLAlchemyDatasource
from sqlalchemy import MetaData

from benchmarks.saga.shape import DOMAINS, effect_of, told

URL = os.environ.get("BENCH_DATABASES", "")  # with {domain}


def address(name: str) -> str:
    return URL.replace("{domain}", f"dbos_{name}")


def transactions() -> list[Any]:
    """The steps: an effect and DBOS's record of it in one transaction, so each happens exactly once."""
    made = []
    for domain in DOMAINS:
        engine = {"pool_size": 8, "max_overflow": 32}
        source = SQLAlchemyDatasource.create(database_url=address(domain), engine_kwargs=engine)
        happen = effect_of(MetaData())

        def effect(thing: str, source: Any = source, happen: Any = happen) -> None:
            from uuid import UUID

            happen(source.sql_session(), UUID(thing), 1)

        made.append(source.transaction(name=f"step_{domain}", isolation_level="READ COMMITTED")(effect))
    return made


def launched(executor: str) -> Any:
    """Start DBOS in this process; gives the workflow."""
    config: Any = {
        "name": "bench-saga", "system_database_url": address("system"), "executor_id": executor,
        "application_version": "1", "sys_db_pool_size": 20, "run_admin_server": False, "log_level": "INFO",
    }  # fmt: skip
    DBOS(config=config)
    steps = transactions()

    @DBOS.workflow()
    def place_order_shaped(thing: str) -> None:
        for one in steps:
            one(thing)

    DBOS.launch()
    return place_order_shaped


def run(workflow: Any, concurrency: int, seconds: float) -> dict[str, Any]:
    """Run workflows in so many threads for so long."""
    begun, waited = time.perf_counter(), list[float]()

    def go_on() -> None:
        while (now := time.perf_counter()) - begun < seconds:
            workflow(str(uuid4()))
            waited.append(time.perf_counter() - now)

    threads = [Thread(target=go_on) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told(waited, begun, time.perf_counter())


def main() -> None:
    """Be one process of the other side."""
    workflow = launched(sys.argv[3])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:  # each line is how many seconds to go on for
        print(json.dumps(run(workflow, int(sys.argv[2]), float(line))), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main()
