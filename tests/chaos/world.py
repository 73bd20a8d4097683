"""All that the independent check looks at, read by SQL and over HTTP; nothing here knows the product's code."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.parse
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

FINAL = ("completed", "compensated", "resolved")
LABORATORY = ("larder", "purse", "ledger")
PRODUCT = {
    "accounts": ("reservation",), "services": ("order_",), "billing": ("charge",), "notifications": ("delivery",),
    "support": ("reference",),
}  # fmt: skip
FIRST_ORDER = 77120001
Row = dict[str, Any]


@dataclass
class World:
    """Everything there is to be read."""

    runs: list[Row]
    steps: dict[str, list[Row]]
    events: dict[str, list[Row]]
    tables: dict[str, dict[str, list[Row]]]  # of each database: effect, balance, hold, inbox, outbox and so on
    provider: list[Row]
    journal: list[Row]
    by_id: dict[str, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_id = {run["id"]: run for run in self.runs}
        self._effects: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for name in LABORATORY:
            for row in self.of(name, "effect"):
                self._effects[name, row["thing"]][row["name"]] += 1

    def of(self, database: str, table: str) -> list[Row]:
        return self.tables.get(database, {}).get(table, [])

    def effects(self, database: str, thing: str) -> Counter[str]:
        return self._effects[database, thing]


def read(facts: dict[str, Any]) -> World:
    """Read everything that `facts` says where to find."""
    where = facts["databases"]
    tables = {name: _tables(where[name], "effect", "balance", "inbox", "outbox") for name in LABORATORY}
    tables["larder"] |= _tables(where["larder"], "hold")
    tables["purse"] |= _tables(where["purse"], "heard")
    tables |= {name: _tables(where[name], *wanted) for name, wanted in PRODUCT.items() if name in where}
    saga = _tables(where["saga"], "run", "run_step", "run_event")
    ours = [run for run in saga["run"] if run["business_key"].startswith("chaos/")]
    return World(
        runs=ours,
        steps=_by_run(sorted(saga["run_step"], key=lambda row: (row["seq"], row["phase"], row["gen"]))),
        events=_by_run(sorted(saga["run_event"], key=lambda row: row["id"])),
        tables=tables,
        provider=_orders(facts["sandbox"]) if facts.get("sandbox") else [],
        journal=[json.loads(line) for path in facts["journals"] for line in Path(path).read_text().splitlines()],
    )


def _tables(dsn: str, *names: str) -> dict[str, list[Row]]:
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return {name: [_plain(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in names}  # type: ignore[arg-type]


def _plain(row: Row) -> Row:
    return {name: str(value) if isinstance(value, UUID) else _moment(value) for name, value in row.items()}


def _moment(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else value


def _by_run(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["run_id"]].append(row)
    return found


def _orders(sandbox: dict[str, str]) -> list[Row]:
    """Every order that the provider has: it numbers them without a gap, so they are asked for one after another."""
    address = urllib.parse.urlsplit(sandbox["url"])
    line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    pair = base64.b64encode(f"{sandbox['client']}:{sandbox['secret']}".encode()).decode()
    form = {"Authorization": f"Basic {pair}", "Content-Type": "application/x-www-form-urlencoded"}
    line.request("POST", "/oauth2/token", "grant_type=client_credentials", form)
    token = json.load(line.getresponse())["access_token"]
    found: list[Row] = []
    while True:
        order_id = f"PO-{FIRST_ORDER + len(found)}"
        line.request("GET", f"/v1/orders/{order_id}", headers={"Authorization": f"Bearer {token}"})
        answer = line.getresponse()
        order = json.load(answer)
        if answer.status == 404:
            return found
        if answer.status != 200:
            raise RuntimeError(f"the provider answers {answer.status} to {order_id}")
        found.append(order)
