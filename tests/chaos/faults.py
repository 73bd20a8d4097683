"""The faults of the kill matrix, K1 to K18: each strikes once when it is called, and notes when and what."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from .crew import Member
from .field import Field, Strike, wait_for
from .servers import IMPATIENT

PATIENCE = 8.0  # seconds until a place that nobody comes to is given up
HOUR = 3600.0
COMMANDS = {
    "larder": ("larder.take", "larder.hand_over", "larder.put_back"), "purse": ("purse.reserve", "purse.release"),
    "ledger": ("ledger.sign",), "services": ("services.draft_order", "services.activate_order"),
    "accounts": ("accounts.reserve_spend", "accounts.confirm_reservation"), "billing": ("billing.charge_order",),
    "notifications": ("notifications.notify",),
}  # fmt: skip
LABORATORY = ("larder", "purse", "ledger")
RELAYING = ("ledger",)  # whose workers publish events


def strike(k: str, what: str, field: Field, began: float, kills: int = 0, ended: float = 0.0) -> None:
    outage = k in ("K12", "K13", "K14", "K17")  # of K14 for the runs whose rows the stopped one holds
    field.strikes.append(Strike(k, what, began, ended or time.time(), kills, outage))


def dies_at(field: Field, k: str, member: Member, place: str, most: int = 2) -> None:
    """Let a member's next process kill itself when it comes to a place for the first or second time."""
    setting = f"{place}:{field.chance.randint(1, most)}"
    field.crew.replace(member, failpoint=setting)
    until = time.monotonic() + PATIENCE
    while not field.crew.died(member):
        if time.monotonic() > until:
            field.missed.append(f"{k} {setting}")
            field.crew.replace(member)
            return
        field.crew.tend()
        time.sleep(0.005)
    strike(k, f"{member.name} at {setting}", field, time.time() - 0.1, kills=1)


@contextmanager
def database_trouble(field: Field) -> Iterator[None]:
    """The databases cannot be relied on within the `with`, nor just after."""
    field.crew.in_trouble = True
    yield
    field.crew.pause(0.5)
    field.crew.in_trouble = False


def someone(field: Field, *kinds: str) -> Member:
    return field.chance.choice(field.crew.of(*kinds))


def k1(field: Field) -> None:
    """The starter dies after the start is committed, before it is sent or acknowledged."""
    dies_at(field, "K1", someone(field, "client"), "start.committed")


def k2(field: Field) -> None:
    """The coordinator dies with replies that it has taken off the stream, before it begins."""
    dies_at(field, "K2", someone(field, "coordinator"), "coordinator.received")


def k3(field: Field) -> None:
    """The coordinator dies inside its transaction."""
    dies_at(field, "K3", someone(field, "coordinator"), "coordinator.before_commit")


def k4(field: Field) -> None:
    """The coordinator dies after its commit, with commands that nobody has sent."""
    dies_at(field, "K4", someone(field, "coordinator"), "coordinator.after_commit")


def k5(field: Field) -> None:
    """The coordinator dies after sending, before it acknowledges the replies."""
    dies_at(field, "K5", someone(field, "coordinator"), "coordinator.sent")


def k6(field: Field) -> None:
    """Whoever sends what is due dies before or after it has, or the relay before it marks what it has published."""
    place = field.chance.choice(("coordinator.woken", "coordinator.woken_sent", "relay.published"))
    kinds = RELAYING if place == "relay.published" else ("coordinator",)
    dies_at(field, "K6", someone(field, *kinds), place, most=1)


def a_domain(field: Field) -> tuple[Member, str]:
    busy = field.chance.random() < 0.7 or not field.orders  # the product's own have few commands
    queue = field.chance.choice([queue for queue in COMMANDS if field.crew.of(queue) and (queue in LABORATORY) == busy])
    return someone(field, queue), field.chance.choice(COMMANDS[queue][:2])


def k7(field: Field) -> None:
    """A worker dies with a job that it has taken off its queue and not begun."""
    dies_at(field, "K7", a_domain(field)[0], "worker.popped", most=1)


def k8(field: Field) -> None:
    """A worker dies after its effect, before it commits."""
    member, command = a_domain(field)
    dies_at(field, "K8", member, f"{command}.before_commit")


def k9(field: Field) -> None:
    """A worker dies after its commit, before it replies."""
    member, command = a_domain(field)
    dies_at(field, "K9", member, f"{command}.after_commit")


def k10(field: Field) -> None:
    """A worker dies after its reply, before its job is ended."""
    dies_at(field, "K10", a_domain(field)[0], "worker.replied", most=1)


def k11(field: Field) -> None:
    """The exchange worker dies before it calls the provider, or between the call and the record of its answer."""
    member = someone(field, "ledger-exchange", *(("services-exchange",) if field.orders else ()))
    name = "services.send_order" if member.kind == "services-exchange" else "ledger.order"
    dies_at(field, "K11", member, f"{name}.{field.chance.choice(('before_call', 'after_call', 'after_call'))}")


def k12(field: Field, away: float | None = None) -> None:
    """The queue server is emptied, or killed and started again at once, or only after a while."""
    began = time.time()
    how = "away" if away else field.chance.choice(("flushed", "killed", "killed and flushed", "away"))
    if how == "flushed":
        field.queue.flush()
        strike("K12", how, field, began)
        return
    seconds = away or field.chance.uniform(0.5, 5.0)
    field.queue.kill()
    if how == "away":
        field.crew.pause(seconds)
        how = f"away for {seconds:.1f} s"
    field.queue.start()
    if "flushed" in how:
        field.queue.flush()
    strike("K12", how, field, began, kills=1)


def k13(field: Field, away: float | None = None) -> None:
    """A PostgreSQL server stops at once, the coordinator's or the domains', and starts again now or after a while."""
    cluster, began = field.chance.choice(field.clusters), time.time()
    seconds = away if away is not None else field.chance.choice((0.0, 0.5, 2.0))
    with database_trouble(field):
        cluster.crash()
        field.crew.pause(seconds)
        cluster.start()
        ended = time.time()
    whose = "coordinator" if cluster is field.coordinator_server else "domains"
    strike("K13", f"PostgreSQL of the {whose} away for {seconds:.1f} s", field, began, 1, ended)


def k14(field: Field) -> None:
    """A worker or coordinator sleeps through three re-sends, while others go on, and wakes where it was: a zombie."""
    kinds = ("coordinator", "larder", "purse", "ledger", "ledger-exchange")
    member, began = someone(field, *kinds), time.time()
    os.kill(member.pid, signal.SIGSTOP)
    member.sleeps = True

    def wake() -> None:
        os.kill(member.pid, signal.SIGCONT)
        member.sleeps = False
        strike("K14", f"{member.name} stopped for {time.time() - began:.0f} s", field, began)

    field.crew.later.append((time.monotonic() + 3 * field.resend, wake))


def k15(field: Field) -> None:
    """The line to the database is cut around COMMITs: before the server hears of one, and before its answer comes."""
    side = field.chance.choice(("saga", "domains"))
    member = someone(field, "coordinator") if side == "saga" else someone(field, "larder", "purse", "ledger")
    proxy, began = field.proxies[side], time.time()
    before = proxy.cuts
    with database_trouble(field):
        through = {"url" if side == "domains" else "saga_url": proxy.url()}
        field.crew.replace(member, **through)
        enough = wait_for(field, lambda: proxy.cuts >= before + 2, PATIENCE)
        ended = time.time()
        field.crew.replace(member)
    if enough:
        strike("K15", f"{proxy.cuts - before} COMMITs of {member.name} cut off", field, began, ended=ended)
    else:
        field.missed.append("K15")


def k16(field: Field) -> None:
    """Everybody is replaced, one after another, under load."""
    began = time.time()
    for member in field.crew.of("coordinator", "larder", "purse", "ledger", "ledger-exchange"):
        field.crew.replace(member)
        field.crew.pause(0.1)
    wait_for(field, lambda: not field.crew.leaving, PATIENCE)
    slow = ", ".join(field.crew.leaving.values())
    strike("K16", f"all restarted in turn, slow to leave: {slow or 'nobody'}", field, began)


def k17(field: Field) -> None:
    """Statements time out in the middle of a transaction, because somebody holds what they need."""
    kind, name, table = field.chance.choice((
        ("coordinator", "saga", "run"), ("coordinator", "saga", "run_step"), ("larder", "larder", "inbox"),
        ("purse", "purse", "balance"), ("ledger", "ledger", "effect"),
    ))  # fmt: skip
    # a zombie may sleep on a lock of its own, and nobody would wake it while we wait for ours
    wait_for(field, lambda: not any(one.sleeps for one in field.crew.members), 4 * field.resend)
    member, cluster = someone(field, kind), field.clusters[0 if name == "saga" else 1]
    before, began = cluster.timeouts(), time.time()
    impatient = {"saga_url" if name == "saga" else "url": cluster.url + IMPATIENT}
    with database_trouble(field):
        field.crew.replace(member, **impatient)
        field.crew.pause(0.5)
        with psycopg.connect(cluster.dsn(name)) as connection:
            connection.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')  # type: ignore[arg-type]
            found = wait_for(field, lambda: cluster.timeouts() > before, PATIENCE)
            field.crew.pause(field.chance.uniform(0.0, 0.5))
        ended = time.time()
        field.crew.replace(member)
    if found:
        strike("K17", f"{cluster.timeouts() - before} statements of {member.name} timed out", field, began, ended=ended)
    else:
        field.missed.append(f"K17 {table}")


def k18(field: Field) -> None:
    """A worker's or coordinator's clock is an hour ahead or behind for a while."""
    member = someone(field, "coordinator", "larder", "purse", "ledger", "ledger-exchange")
    shift, began = field.chance.choice((-HOUR, HOUR)), time.time()
    field.crew.replace(member, clock=shift)
    field.crew.pause(field.chance.uniform(2.0, 4.0))
    field.crew.kill(member)
    field.crew.tend()
    strike("K18", f"{member.name} {shift / HOUR:+.0f} h, then killed", field, began, kills=1)


ALL: tuple[Callable[[Field], None], ...] = (
    k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, k12, k13, k14, k15, k16, k17, k18,
)  # fmt: skip
NAMES = tuple(fault.__name__.upper() for fault in ALL)
