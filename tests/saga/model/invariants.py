"""What must hold after every step of the model (`ALWAYS`) and once all is quiet (`AT_REST`), by number.

The numbers are those of the design: effects I1 to I4, atomicity I5 to I10, liveness I11 to I14, state I15 to I21,
isolation I22 and I23, operators I24, transport I26.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from saga.definition import RETRIABLE
from saga.events import FINAL, OUTSTANDING, WITHDRAWN

from .seen import Seen, fold, has_effect, saga_of
from .world import STOCK, gives, world


class Broken(AssertionError):
    """An invariant does not hold. Its text begins with the invariant's number."""


def hold(condition: Any, number: str, text: str) -> None:
    """Complain about an invariant unless its condition is true."""
    if not condition:
        world.broken = True
        raise Broken(f"{number}: {text}")


# ---- effects


def i1_no_effect_twice(seen: Seen) -> None:
    for effects in seen.effects.values():
        done = [(row["seq"], row["phase"]) for row in effects]
        hold(len(done) == len(set(done)), "I1", f"an effect was committed twice: {done}")


def i1_only_what_was_refused_is_asked_under_a_new_id(seen: Seen) -> None:
    """What may be at work under the old one would happen twice."""
    for run_id in seen.runs.keys() - world.purged:
        never = ("REJECTED", "CANCELLED")
        refused = {(row["seq"], row["phase"], row["gen"]) for row in seen.inbox[run_id] if row["outcome"] in never}
        anew = {(row["seq"], row["phase"], row["gen"] - 1) for row in seen.steps[run_id] if row["gen"]} - refused
        anew = {one for one in anew if one[1] != "W"}  # a withdrawal has the number of what it withdraws
        hold(not anew, "I1", f"asked anew, though nobody has said no: {anew}")


def i2_nothing_is_taken_back_that_was_not_done(seen: Seen) -> None:
    for run_id in seen.effects:
        back, done = seen.of(run_id, "C"), seen.of(run_id, "F")
        hold(back.keys() <= done.keys(), "I2", f"{back.keys() - done.keys()} was taken back and never done")


def i3_nothing_is_done_after_it_was_taken_back(seen: Seen) -> None:
    for run_id in seen.runs:
        done, back = seen.of(run_id, "F"), seen.of(run_id, "C")
        late = [seq for seq in back if seq in done and done[seq]["number"] > back[seq]["number"]]
        idle = [row["seq"] for row in seen.inbox[run_id] if row["phase"] == "C" and row["outcome"] == "NOOP"]
        hold(not late and not set(idle) & done.keys(), "I3", f"{late or idle} was done after it was taken back")


def i4_effects_are_what_the_inbox_says(seen: Seen) -> None:
    for run_id in seen.runs.keys() - world.purged:
        names = {(row["seq"], row["phase"]): row["name"] for row in seen.steps[run_id]}
        said = [(row["seq"], row["phase"]) for row in seen.inbox[run_id] if row["outcome"] == "OK"]
        expected = sorted(key for key in said if has_effect(names[key]))
        real = sorted((row["seq"], row["phase"]) for row in seen.effects[run_id])
        hold(real == expected, "I4", f"effects {real}, but the inbox says OK to {expected}")


# ---- atomicity


def i5_completed_means_all_of_it(seen: Seen) -> None:
    for run_id, row in seen.runs.items():
        if row["status"] == "completed":
            steps = enumerate(saga_of(row).steps)
            all_of_it = {seq for seq, step in steps if has_effect(step.name)} - seen.by_hand(run_id, "F")
            hold(all_of_it <= seen.of(run_id, "F").keys(), "I5", f"completed without an effect of {all_of_it}")
            hold(not seen.of(run_id, "C"), "I5", "completed, and something was taken back")


def i6_compensated_means_none_of_it(seen: Seen) -> None:
    for run_id, row in seen.runs.items():
        if row["status"] == "compensated":
            left = seen.of(run_id, "F").keys() - seen.of(run_id, "C").keys() - seen.by_hand(run_id, "C")
            hold(not left, "I6", f"compensated, and {left} has stayed done")


def i7_the_pivot_is_never_taken_back(seen: Seen) -> None:
    for run_id, row in seen.runs.items():
        turning = saga_of(row).pivot_seq
        happened = turning in seen.of(run_id, "F") or world.outside.get((run_id, turning)) == "yes"
        settled = any(order["op"] == "resolve" for order in seen.orders[run_id])  # by a person who took it upon himself
        if row["pivoted"] or (happened and not settled):
            back = [
                step for step in seen.steps[run_id] if step["phase"] == "C" and not step["name"].endswith(WITHDRAWN)
            ]
            hold(not back and not seen.of(run_id, "C"), "I7", "taken back after the point of no return")
            ways = ("running", "needs_attention", "completed", "resolved", *(("compensating",) if settled else ()))
            hold(row["status"] in ways, "I7", f"{row['status']} after the point of no return")


def i8_nothing_comes_before_the_pivot(seen: Seen) -> None:
    for run_id, row in seen.runs.items():
        if not row["pivoted"]:
            early = [seq for seq in seen.of(run_id, "F") if saga_of(row).steps[seq].kind == RETRIABLE]
            hold(not early, "I8", f"{early} was done before the point of no return")


def i9_one_after_the_other_and_back_in_reverse(seen: Seen) -> None:
    for run_id in seen.effects:
        saga, by_hand = saga_of(seen.runs[run_id]), seen.by_hand(run_id, "F")
        on = [saga.group_of(row["seq"])[0] for row in seen.of(run_id, "F").values() if row["seq"] not in by_hand]
        back = list(seen.of(run_id, "C"))
        hold(on == sorted(on), "I9", f"done in the order {on}")
        hold(back == sorted(back, reverse=True), "I9", f"taken back in the order {back}")
        hold(_told_what_was_given(seen, run_id), "I9", "a compensation was not told what its step gave")


def _told_what_was_given(seen: Seen, run_id: UUID) -> bool:
    rows = [row for row in seen.steps[run_id] if row["phase"] == "F"]
    done, by_hand = {row["seq"] for row in rows if row["status"] == "DONE"}, seen.by_hand(run_id, "F")
    back = {seq: row["told"] for seq, row in seen.of(run_id, "C").items() if seq not in by_hand}
    return all(told == (gives(seq) if seq in done else None) for seq, told in back.items())


def i10_one_command_at_a_time(seen: Seen) -> None:
    for run_id, steps in seen.steps.items():
        group_of = saga_of(seen.runs[run_id]).group_of
        waiting = [(row["seq"], row["phase"]) for row in steps if row["status"] in OUTSTANDING]
        groups = {(group_of(seq), phase) for seq, phase in waiting if phase == "F"}
        back = [seq for seq, phase in waiting if phase == "C"]
        one = len(waiting) == len(set(waiting)) and len(groups) + len(back) <= 1
        hold(one, "I10", f"outstanding at once: {waiting}")


# ---- liveness


def i12_who_has_not_ended_has_a_timer(seen: Seen) -> None:
    for row in seen.runs.values():
        hold(row["status"] in FINAL or row["paused"] or row["next_at"], "I12", "a run waits for nothing")


def i11_all_end(seen: Seen) -> None:
    left = [(seen.runs[run_id]["status"], seen.runs[run_id]["attention"]) for run_id in seen.unfinished()]
    hold(not left, "I11", f"not ended, long after the trouble: {left}")


def i13_who_has_ended_holds_nothing(seen: Seen) -> None:
    for resource in seen.resources:
        holder = seen.runs.get(resource["holder"])
        by_hand = holder and (seen.by_hand(holder["id"], "F") | seen.by_hand(holder["id"], "C"))
        free = holder is None or holder["status"] not in FINAL or by_hand
        hold(free, "I13", "an ended run holds a resource")


def i14_nothing_is_left_to_say(seen: Seen) -> None:
    for run_id, row in seen.runs.items():
        if row["status"] in FINAL:
            waiting = [step["name"] for step in seen.steps[run_id] if step["status"] in OUTSTANDING]
            hold(not waiting and row["next_at"] is None, "I14", f"ended, and {waiting} is outstanding")


# ---- state


def i15_revisions_have_no_gap(seen: Seen) -> None:
    for run_id, row in seen.runs.items():
        known = {event["rev"] for event in seen.events[run_id]}
        hold(known == set(range(1, row["rev"] + 1)), "I15", f"at revision {row['rev']}, with events of {sorted(known)}")


def i17_what_was_noted_is_what_the_row_says(seen: Seen) -> None:
    for run_id, row in seen.runs.items():
        told = fold(saga_of(row), seen.events[run_id])
        hold(told == {name: row[name] for name in told}, "I17", f"noted {told}, but the row says {dict(row)}")


def i24_who_asks_is_known(seen: Seen) -> None:
    for run_id, orders in seen.orders.items():
        for order in orders:
            told = [e for e in seen.events[run_id] if e["rev"] == order["rev"] + 1 and e["kind"] == order["op"]]
            known = told and told[0]["actor"] == order["actor"]["name"]
            hold(known and (order["reason"] or order["op"] == "cancel"), "I24", f"nobody knows who or why: {order}")


# ---- isolation


def i22_one_holds_a_resource(seen: Seen) -> None:
    holders: dict[str, list[UUID]] = {}
    for run_id in seen.unfinished():
        wish = seen.runs[run_id]["payload"]
        taken = wish["hold"] in seen.of(run_id, "F") and wish["hold"] not in seen.of(run_id, "C")
        if wish["hold"] >= 0 and taken and wish["free"] not in seen.of(run_id, "F"):
            holders.setdefault(wish["resource"], []).append(run_id)
    hold(all(len(found) == 1 for found in holders.values()), "I22", f"held by more than one: {holders}")


def i23_the_stock_adds_up(seen: Seen) -> None:
    for resource in seen.resources:
        out = 0
        for run_id, row in seen.runs.items():
            wish = row["payload"]
            if wish["resource"] == resource["name"] and wish["hold"] >= 0:
                out += (wish["hold"] in seen.of(run_id, "F")) - (wish["hold"] in seen.of(run_id, "C"))
        hold(0 <= resource["left"] == STOCK - out, "I23", f"{resource['left']} left, and {out} taken")


ALWAYS = (
    i1_no_effect_twice,
    i1_only_what_was_refused_is_asked_under_a_new_id,
    i2_nothing_is_taken_back_that_was_not_done,
    i3_nothing_is_done_after_it_was_taken_back,
    i4_effects_are_what_the_inbox_says,
    i5_completed_means_all_of_it,
    i6_compensated_means_none_of_it,
    i7_the_pivot_is_never_taken_back,
    i8_nothing_comes_before_the_pivot,
    i9_one_after_the_other_and_back_in_reverse,
    i10_one_command_at_a_time,
    i12_who_has_not_ended_has_a_timer,
    i13_who_has_ended_holds_nothing,
    i14_nothing_is_left_to_say,
    i15_revisions_have_no_gap,
    i17_what_was_noted_is_what_the_row_says,
    i22_one_holds_a_resource,
    i23_the_stock_adds_up,
    i24_who_asks_is_known,
)
AT_REST = (i11_all_end,)
