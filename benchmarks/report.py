"""The figures as the person reads them who waits for them."""

from __future__ import annotations

from typing import Any

from benchmarks.arithmetic import BAR_MS, holds

CURVE = "\n  offered/s  reached/s    p50    p95    p99 ms  errors   cores busy: system  generator  others"


def cost_line(kind: str, cost: dict[str, Any]) -> str:
    parts = ", ".join(f"{part} {ms:.2f}" for part, ms in sorted(cost["by_part"].items(), key=lambda one: -one[1])[:3])
    wrong = f"   {cost['errors']} ERRORS" if cost["errors"] else ""
    return f"  {kind:18} {cost['total']:7.2f} ms of CPU   p95 {cost['p95_ms']:6.1f} ms   ({parts}){wrong}"


def writes_line(writes: dict[str, Any]) -> str:
    return (
        f"\n  orders: {writes['completed']} of {writes['orders']} completed at {writes['offered_per_s']}/s;"
        f" preview p95 {writes['preview_p95_ms']:.0f} ms, accepted p95 {writes['accepted_p95_ms']:.0f} ms,"
        f" completed p95 {writes['completed_p95_s']:.1f} s; {writes['cost_ms']:.0f} ms of CPU each"
    )


def curve_line(row: dict[str, Any]) -> str:
    cpu = row["cpu"]
    mark = "" if holds(row) else f"   over {BAR_MS:.0f} ms" if not row["errors"] else "   broken"
    return (
        f"  {row['offered_per_s']:9.0f}  {row['reached_per_s']:9.1f} {row['p50_ms']:6.1f} {row['p95_ms']:6.1f}"
        f" {row['p99_ms']:6.1f}  {row['errors']:9d}   {ours(cpu):18.2f}"
        f" {cpu['load generator']:10.3f} {cpu['others']:7.2f}{mark}"
    )


def text(found: dict[str, Any]) -> str:
    """The sums at the end."""
    costs, cores, mix = found["cost_ms"], found["machine"]["cores"], found["mix_ms"]
    floor, hashed = costs["/healthz"]["total"], 1000 / found["machine"]["hashes_per_cpu_s"]
    busy = sorted(found["cpu"]["load"].items(), key=lambda one: -one[1])
    load, full = found["load"], found["generator"]
    return "\n".join([
        "",
        f"  load: {load['reads_per_s']} reads/s and {load['writes_per_s']} orders/s for {load['seconds']:.0f} s:"
        f" p50 {load['p50_ms']}, p95 {load['p95_ms']}, p99 {load['p99_ms']} ms, {load['errors']} errors",
        f"  cores busy at that load: {', '.join(f'{part} {share:.2f}' for part, share in busy if share >= 0.005)}",
        f"  a read of the mix costs {mix:.2f} ms of CPU = {mix / max(floor, 0.01):.1f} × /healthz"
        f" = {mix / hashed:.0f} digests of 1 KB; {cores} cores of it are {1000 * cores / mix:.0f}/s at the very most",
        f"  the load generator alone: {full['reached_per_s']:.0f} static files/s, p95 {full['p95_ms']} ms,"
        f" {full['cpu']['load generator']:.2f} of a core",
        f"  other work on this machine meanwhile: {found['cpu']['load']['others']:.2f} cores",
    ])  # fmt: skip


def ours(cpu: dict[str, float]) -> float:
    return sum(share for part, share in cpu.items() if part not in ("load generator", "others"))
