"""Every fault of the kill matrix strikes real processes on PostgreSQL, and an independent check finds nothing amiss.

The long version is `make chaos`. The check is shown each kind of damage, so that its silence means something.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from saga import turn
from tests.servers import binaries

from . import checker, experiment, faults
from .clients import Plan
from .field import Field, field_of, settle
from .world import read

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed"),
]
RESEND = 2.0  # seconds: what is lost need not be waited for as long as in life
SEED = 4


@dataclass
class Aftermath:
    """What the experiment has left, with its servers still running."""

    field: Field
    result: dict[str, Any]
    orders: list[dict[str, Any]]  # the provider's, which none of the damages is done to


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """Every fault once, while runs go on."""
    folder = tmp_path_factory.mktemp("chaos")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turn, "RESEND_AFTER", RESEND)
        with field_of(folder, Plan(SEED, 6, deliveries=0.5), resend=RESEND) as field:
            faults.k14(field)  # it sleeps while the others strike
            for fault in (one for one in faults.ALL if one is not faults.k14):
                strikes = len(field.strikes)
                for _ in range(5):  # on a busy machine nobody may come to a place in time
                    fault(field)
                    if len(field.strikes) > strikes:
                        break
            settle(field, 40.0)
            field.crew.end()
            result = experiment.verdict(field, SEED)
            yield Aftermath(field, result, read(field.facts()).provider)


@pytest.mark.asvs("2.3.3")
def test_nothing_is_lost_doubled_or_stuck_whatever_is_killed(aftermath: Aftermath) -> None:
    result, told = aftermath.result, (aftermath.field.folder / "findings.txt").read_text()

    assert {kind: result[kind] for kind in checker.KINDS} == dict.fromkeys(checker.KINDS, 0), told
    assert result["unexpected_ends"] == [], told
    struck = {k for k, row in result["K"].items() if row["strikes"]}
    assert struck == set(faults.NAMES), f"these places were not come to: {result['missed']}"
    assert result["ends"].keys() == {
        f"{flow} {end}" for flow in checker.FLOWS for end in ("completed", "compensated")
    }, result  # fmt: skip


DAMAGES = {
    "an acknowledged run is gone": (
        "saga", "lost", "DELETE FROM run WHERE id = (SELECT id FROM run LIMIT 1)",
    ),
    "a run goes on for ever": (
        "saga", "stuck", "UPDATE run SET status = 'running', next_at = now(), ended_at = NULL WHERE id = {run}",
    ),
    "a step of an ended run is under way": (
        "saga", "stuck", "UPDATE run_step SET status = 'SENT' WHERE run_id = {run} AND seq = 3",
    ),
    "a step was taken back and the run is completed": (
        "saga", "wrong", "UPDATE run_step SET phase = 'C' WHERE run_id = {run} AND seq = 3",
    ),
    "history lacks an entry": (
        "saga", "wrong", "DELETE FROM run_event WHERE run_id = {run} AND kind = 'completed'",
    ),
    "history tells something twice": (
        "saga", "doubled", "INSERT INTO run_event (run_id, rev, at, kind, seq, actor, data) SELECT run_id, rev, at,"
        " kind, seq, actor, data FROM run_event WHERE run_id = {run} AND kind = 'completed'",
    ),
    "a client was told of another end": (
        "saga", "lost", "UPDATE run SET status = 'compensated' WHERE id = {run}",
    ),
    "an effect is missing": (
        "larder", "lost", "DELETE FROM effect WHERE thing = {thing} AND name = 'hand_over'",
    ),
    "an effect is there twice": (
        "purse", "doubled", "INSERT INTO effect SELECT gen_random_uuid(), thing, name, amount, said FROM effect"
        " WHERE thing = {thing} AND name = 'reserve'",
    ),
    "an effect is of nobody": (
        "purse", "wrong", "UPDATE effect SET thing = gen_random_uuid() WHERE thing = {thing}",
    ),
    "what was taken back is there": (
        "larder", "lost", "DELETE FROM effect WHERE name = 'put_back'",
    ),
    "a balance is short": (
        "ledger", "lost", "UPDATE balance SET amount = amount - 1 WHERE place = (SELECT min(place) FROM balance)",
    ),
    "a shelf is still held": (
        "larder", "stuck", "INSERT INTO hold VALUES (-1, {thing})",
    ),
    "an inbox does not tell of an effect": (
        "purse", "wrong", "UPDATE inbox SET outcome = 'REJECTED' WHERE run_id = {run}",
    ),
    "an exchange is half done": (
        "ledger", "stuck", "UPDATE inbox SET outcome = 'STARTED' WHERE run_id = {run}",
    ),
    "an event was heard twice": (
        "purse", "doubled", "INSERT INTO heard SELECT gen_random_uuid(), thing FROM heard WHERE thing = {thing}",
    ),
    "an event was not heard": (
        "purse", "lost", "DELETE FROM heard WHERE thing = {thing}",
    ),
    "an event is not published": (
        "ledger", "stuck", "UPDATE outbox SET published_at = NULL WHERE aggregate_id = {thing}",
    ),
    "another order was recorded": (
        "ledger", "wrong", "UPDATE effect SET said = 'PO-1' WHERE said IS NOT NULL",
    ),
    "an order at the provider has no run": (
        "saga", "wrong", "UPDATE run SET definition = 'errand' WHERE id = {run}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_check_finds_damage(aftermath: Aftermath, damage: str) -> None:
    database, kind, statement = DAMAGES[damage]
    field, facts = aftermath.field, aftermath.field.facts()
    cluster = field.coordinator_server if database == "saga" else field.domain_server
    with psycopg.connect(field.coordinator_server.dsn("saga")) as connection:
        query = "SELECT id, resource_id FROM run WHERE definition = 'delivery' AND status = 'completed' LIMIT 1"
        run_id, thing = connection.execute(query).fetchone() or (None, None)
    cluster.psql(f"DROP DATABASE IF EXISTS damaged", f'CREATE DATABASE damaged TEMPLATE "{database}"')  # noqa: F541
    facts["databases"][database] = cluster.dsn("damaged")
    with psycopg.connect(cluster.dsn("damaged")) as connection:
        changed = connection.execute(statement.format(run=f"'{run_id}'", thing=f"'{thing}'"))  # type: ignore[arg-type]
        assert changed.rowcount > 0

    world = read(facts | {"sandbox": None})
    world.provider += aftermath.orders
    assert kind in {found for found, _ in checker.findings(world)}


def test_the_check_finds_what_only_the_provider_and_the_clients_know(aftermath: Aftermath) -> None:
    world = read(aftermath.field.facts())
    placed = world.provider.pop()
    assert "lost" in {kind for kind, _ in checker.findings(world)}

    world.provider += [placed, placed]
    assert {kind for kind, _ in checker.findings(world)} == {"doubled"}

    world.provider.pop()
    done = next(run for run in world.runs if run["status"] == "completed")
    world.journal.append({"key": "1-0", "run": done["id"], "canceled": 0.0})
    assert {kind for kind, _ in checker.findings(world)} == {"lost"}

    world.journal.pop()
    seen = [line for line in world.journal if "rev" in line]
    world.journal.append(seen[-1] | {"rev": seen[-1]["rev"] - 1})
    assert {kind for kind, _ in checker.findings(world)} == {"wrong"}


def test_the_check_knows_nothing_of_the_products_code() -> None:
    folder, allowed = Path(checker.__file__).parent, {*sys.stdlib_module_names, "psycopg", "tests.chaos.world"}
    for name in ("checker", "world", "recovery"):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert all(one in allowed or one.partition(".")[0] in allowed for one in names), (name, names)
