"""An independent check of what all the killing has led to: `python -m tests.chaos.checker var/chaos/facts.json`.

It knows nothing of the product's code. It reads the databases by SQL, the provider over HTTP and the clients' journals,
and has its own idea of what each flow does (FLOWS). Every finding is one of: lost, doubled, stuck, wrong.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.chaos.world import FINAL, LABORATORY, World, read

PIVOT = 2
BEGUN = ("DONE", "UNKNOWN")  # a step that may have had an effect
PLACED = ("completed", "partially_completed")
# Each step of a laboratory flow: the database of its effect, the effect's name, and that of its compensation.
STEPS = (("larder", "take", "put_back"), ("purse", "reserve", "release"), ("ledger", "sign", None),
         ("larder", "hand_over", None))  # fmt: skip
FLOWS = {"errand": STEPS, "delivery": STEPS}
KINDS = ("lost", "doubled", "stuck", "wrong")
Finding = tuple[str, str]


def laboratory_runs(world: World) -> Iterator[dict[str, Any]]:
    return (run for run in world.runs if run["definition"] in FLOWS)


def acknowledged_starts(world: World) -> Iterator[Finding]:
    """Each acknowledged start is there, once, and under the id that the client was told."""
    by_key = Counter(run["business_key"] for run in world.runs)
    keys = {run["id"]: run["business_key"] for run in world.runs}
    for line in world.journal:
        if "acknowledged" not in line:
            continue
        if line["run"] not in keys:
            yield "lost", f"start {line['key']} was acknowledged as run {line['run']}, which is not there"
        elif keys[line["run"]] != f"chaos/{line['key']}":
            yield "wrong", f"start {line['key']} was acknowledged with somebody else's run {line['run']}"
    yield from (("doubled", f"{count} runs were started by {key}") for key, count in by_key.items() if count > 1)


def withdrawals_hold(world: World) -> Iterator[Finding]:
    """A run whose cancellation was accepted is taken back."""
    for line in world.journal:
        run = world.by_id.get(line.get("run", ""))
        if "canceled" in line and run is not None and run["status"] == "completed":
            yield "lost", f"the cancellation of run {run['id']} was accepted, and it is completed"


def everything_ended(world: World) -> Iterator[Finding]:
    """No run goes on, none waits for a person, and no step of an ended run is under way."""
    for run in world.runs:
        if run["status"] not in FINAL:
            yield "stuck", f"run {run['id']} ({run['definition']}) is {run['status']} at step {run['seq']}"
            continue
        if run["next_at"] is not None or run["ended_at"] is None:
            yield "wrong", f"run {run['id']} has ended and has a timer, or no end"
        for step in world.steps[run["id"]]:
            if step["status"] in ("SENT", "BACKOFF", "PENDING"):
                yield "stuck", f"run {run['id']} has ended, and its {step['name']} is {step['status']}"


def steps_fit_the_end(world: World) -> Iterator[Finding]:
    """Completed: every step is done, nothing taken back. Compensated: what may have been done is, newest first."""
    for run in world.runs:
        rows = world.steps[run["id"]]
        forward = {row["seq"]: row for row in rows if row["phase"] == "F"}
        back = {row["seq"]: row for row in rows if row["phase"] == "C"}
        if run["status"] == "completed" and (back or {row["status"] for row in forward.values()} != {"DONE"}):
            yield "wrong", f"run {run['id']} is completed with steps not done or taken back"
        if run["status"] == "compensated":
            if run["pivoted"]:
                yield "wrong", f"run {run['id']} was taken back after its point of no return"
            owed = {seq for seq, row in forward.items() if row["status"] in BEGUN and row["kind"] == "compensatable"}
            if owed != {seq for seq, row in back.items() if row["status"] in ("UNDONE", "NOOP", "SKIPPED")}:
                yield "lost", f"run {run['id']} is compensated, and not all of its steps are"
        later = [back[seq] for seq in sorted(back, reverse=True)]
        for newer, older in itertools.pairwise(later):
            if newer["done_at"] and newer["done_at"] > older["sent_at"] and run["definition"] in FLOWS:
                yield "wrong", f"run {run['id']} was taken back in the wrong order"


def effects_fit_the_end(world: World) -> Iterator[Finding]:
    """Completed: each effect exactly once. Compensated: net zero in each domain. No command has two effects."""
    for run in laboratory_runs(world):
        thing = run["resource_id"]
        for number, (database, name, undone_by) in enumerate(FLOWS[run["definition"]]):
            counts = world.effects(database, thing)
            did, undid = counts[name], counts[undone_by] if undone_by else 0
            if did > 1 or undid > 1:
                yield "doubled", f"{database}.{name} of run {run['id']} has {did} effects, {undid} were taken back"
            if run["status"] == "completed" and (did, undid) != (1, 0):
                kind = "lost" if did == 0 else "doubled" if did > 1 else "wrong"
                yield kind, f"run {run['id']} is completed: {database}.{name} has {did} effects, {undid} taken back"
            if run["status"] == "compensated" and (did != undid or (number >= PIVOT and did)):
                yield "lost", f"run {run['id']} is compensated: {database}.{name} has {did} effects, {undid} taken back"


def no_effect_without_a_run(world: World) -> Iterator[Finding]:
    things = {run["resource_id"] for run in world.runs}
    for name in LABORATORY:
        for thing in {row["thing"] for row in world.of(name, "effect")} - things:
            yield "wrong", f"{name} has effects of {thing}, which no run is about"


def balances_are_sums(world: World) -> Iterator[Finding]:
    """What each place holds is the sum of what was put there."""
    for name in LABORATORY:
        told = sum(row["amount"] for row in world.of(name, "effect"))
        held = sum(row["amount"] for row in world.of(name, "balance"))
        if told != held:
            yield "lost" if held < told else "doubled", f"{name} holds {held}, and its effects add up to {told}"


def no_hold_of_an_ended_run(world: World) -> Iterator[Finding]:
    """A shelf is held by a run that goes on, and by nobody else."""
    open_things = {run["resource_id"] for run in world.runs if run["status"] not in FINAL}
    for row in world.of("larder", "hold"):
        if row["thing"] not in open_things:
            yield "stuck", f"shelf {row['shelf']} is still held by {row['thing']}, whose run has ended"


def inboxes_tell_the_effects(world: World) -> Iterator[Finding]:
    """An inbox says OK as often as there is an effect; nothing is left half done; a tombstone has no effect."""
    for name in LABORATORY:
        said: dict[tuple[str, int, str], str] = {}
        for row in world.of(name, "inbox"):
            said[row["run_id"], row["seq"], row["phase"]] = row["outcome"]
            if row["outcome"] == "STARTED":
                yield "stuck", f"{name} has begun step {row['seq']} of run {row['run_id']} and not ended it"
        for run in laboratory_runs(world):
            for seq, (database, forward, backward) in enumerate(FLOWS[run["definition"]]):
                for phase, effect in (("F", forward), ("C", backward)) if database == name else ():
                    count = world.effects(name, run["resource_id"])[effect] if effect else 0
                    if (said.get((run["id"], seq, phase)) == "OK") != (count == 1):
                        yield "wrong", f"{name}'s inbox does not tell of {effect} of run {run['id']} as it is ({count})"


def events_are_heard_once(world: World) -> Iterator[Finding]:
    """What was published with an effect is on the bus, and was reacted to once."""
    heard = Counter(row["thing"] for row in world.of("purse", "heard"))
    signed = Counter(row["aggregate_id"] for row in world.of("ledger", "outbox"))
    for thing in signed | heard:
        if (signed[thing], heard[thing]) != (1, 1):
            kind = "doubled" if max(signed[thing], heard[thing]) > 1 else "lost"
            yield kind, f"{thing} was told of {signed[thing]} times and heard of {heard[thing]} times"
    for row in world.of("ledger", "outbox"):
        if row["published_at"] is None:
            yield "stuck", f"event {row['position']} of ledger is not published"


def provider_has_what_was_completed(world: World) -> Iterator[Finding]:
    """One order over there for each completed run that asks for one, and none for any other."""
    wanted = {run["resource_id"]: run for run in world.runs if run["definition"] in ("delivery", "place-order")}
    placed = Counter(order["reference"] for order in world.provider if order["status"] in PLACED)
    every = Counter(order["reference"] for order in world.provider)
    for thing, run in wanted.items():
        if run["status"] == "completed" and placed[thing] == 0:
            yield "lost", f"run {run['id']} is completed without an order at the provider"
        if run["status"] == "compensated" and every[thing]:
            yield "wrong", f"run {run['id']} is compensated with {every[thing]} orders at the provider"
    for thing, count in every.items():
        if count > 1:
            yield "doubled", f"{thing} has {count} orders at the provider"
        if thing not in wanted:
            yield "wrong", f"the provider has an order for {thing}, which no run is about"
    ids = {order["reference"]: order["id"] for order in world.provider}
    for row in world.of("ledger", "effect"):
        if row["name"] == "sign" and row["said"] and ids.get(row["thing"]) != row["said"]:
            yield "wrong", f"{row['thing']} was recorded as order {row['said']}, which is another's"


def history_has_no_gap(world: World) -> Iterator[Finding]:
    """What happened to a run is told in order, each thing once, from its start to its end."""
    for run in world.runs:
        rows = world.events[run["id"]]
        revs = [row["rev"] for row in rows]
        if revs != sorted(revs) or set(revs) != set(range(1, run["rev"] + 1)):
            yield "wrong", f"run {run['id']} has a gap in its history, or it is out of order"
        told = Counter((row["rev"], row["kind"], row["seq"], json.dumps(row["data"], sort_keys=True)) for row in rows)
        if any(count > 1 for count in told.values()):
            yield "doubled", f"run {run['id']} tells something twice"
        kinds = Counter(row["kind"] for row in rows)
        if kinds["sent"] != len(world.steps[run["id"]]):
            yield "lost", f"run {run['id']} does not tell of each step it has sent"
        if run["status"] in FINAL and kinds[run["status"]] != 1:
            yield "wrong", f"run {run['id']} tells {kinds[run['status']]} times that it is {run['status']}"
        if kinds["done"] != sum(row["status"] == "DONE" for row in world.steps[run["id"]]):
            yield "wrong", f"run {run['id']} tells of more or fewer steps done than there are"


def clients_saw_no_way_back(world: World) -> Iterator[Finding]:
    """What a client has seen is never taken back: an end is the end, a revision only grows, a pivot stays passed."""
    last: dict[str, dict[str, Any]] = {}
    for line in world.journal:
        if "rev" not in line:
            continue
        before = last.get(line["run"])
        if before and (
            line["rev"] < before["rev"] or before["pivoted"] > line["pivoted"]
            or (before["phase"] == "C" and line["phase"] == "F")
            or (before["status"] in FINAL and line["status"] != before["status"])
        ):  # fmt: skip
            yield "wrong", f"a client saw run {line['run']} go back from {before} to {line}"
        last[line["run"]] = line
    for run_id, line in last.items():
        run = world.by_id.get(run_id)
        if run is None or (line["status"] in FINAL and run["status"] != line["status"]):
            yield "lost", f"a client saw run {run_id} {line['status']}, and now it is {run and run['status']}"


def orders_are_whole(world: World) -> Iterator[Finding]:
    """A real order, in every domain: held, charged, told and known once when completed; nothing left when not."""
    held = {row["id"]: row["state"] for row in world.of("accounts", "reservation")}
    orders = {row["id"]: row["state"] for row in world.of("services", "order_")}
    charged = Counter(row["source_id"] for row in world.of("billing", "charge"))
    told = Counter(row["id"] for row in world.of("notifications", "delivery"))
    known = {row["id"]: row["state"] for row in world.of("support", "reference")}
    for run in world.runs:
        if run["definition"] != "place-order" or run["status"] not in FINAL:
            continue
        thing, payload = run["resource_id"], run["payload"]
        found = (orders.get(thing), held.get(payload["reservation_id"]), charged[thing], told[payload["delivery_id"]])
        if run["status"] == "completed" and found != ("completed", "confirmed", len(payload["lines"]), 1):
            kind = "doubled" if charged[thing] > len(payload["lines"]) else "lost"
            yield kind, f"order {thing} is completed with {found}"
        left = found[0] not in ("rejected", "failed", None) or found[1] not in ("released", None) or found[2:] != (0, 0)
        if run["status"] == "compensated" and left:
            yield "lost", f"order {thing} was taken back and left {found}"
        if found[0] is not None and known.get(thing) != found[0]:
            yield "lost", f"order {thing} is {found[0]}, and support knows it as {known.get(thing)}"


def no_order_without_a_run(world: World) -> Iterator[Finding]:
    """Nothing of a real order is anywhere of which no run is known."""
    runs = [run for run in world.runs if run["definition"] == "place-order"]
    orders, held = {run["resource_id"] for run in runs}, {run["payload"]["reservation_id"] for run in runs}
    for name, table, column, known in (("services", "order_", "id", orders), ("billing", "charge", "source_id", orders),
                                       ("accounts", "reservation", "id", held)):  # fmt: skip
        for thing in {row[column] for row in world.of(name, table)} - known:
            yield "wrong", f"{name} has {table} {thing}, which no run is about"


CHECKS: tuple[Callable[[World], Iterator[Finding]], ...] = (
    acknowledged_starts, withdrawals_hold, everything_ended, steps_fit_the_end, effects_fit_the_end,
    no_effect_without_a_run, balances_are_sums, no_hold_of_an_ended_run, inboxes_tell_the_effects,
    events_are_heard_once, provider_has_what_was_completed, history_has_no_gap, clients_saw_no_way_back,
    orders_are_whole, no_order_without_a_run,
)  # fmt: skip


def findings(world: World) -> list[Finding]:
    """Everything that is not as it must be."""
    return [finding for check in CHECKS for finding in check(world)]


def main() -> int:
    """Print each finding, or that there is none; exit status 1 when there is one."""
    found = findings(read(json.loads(Path(sys.argv[1]).read_text())))
    print("\n".join(f"{kind}: {text}" for kind, text in found) or "nothing is lost, doubled, stuck or wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
