"""Lives lived through: `python -m tests.life.run [seed] [subscriptions]` tells the counts."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

from domains.kernel.tenancy import Scope, work_as

from . import acts, checks, direct, ledger
from .counts import Counts
from .life import Life, Plan, chance
from .town import Account, Sub, a_town

FAULTS = (  # operation, kind, the codes with which we may then be refused
    ("change", "error_after_applying", ()), ("change", "error", ()), ("change", "throttle", ()),
    ("change", "duplicate_answer", ()), ("change", "reject", ("capacity_exceeded",)), ("get_subscription", "error", ()),
    ("get_policy", "throttle", ()), ("place_order", "error_after_applying", ()), ("place_order", "throttle", ()),
    ("place_order", "reject", ("capacity_exceeded",)), ("place_order", "partial", ("capacity_exceeded", "partial")),
    ("find_change", "error", ()),
)  # fmt: skip


def lived(plan: Plan, folder: Path) -> Counts:
    """Live a plan through in an empty folder. Raises `Broken` with the story of whatever is not as it must be."""
    with a_town(folder) as town:
        each = max(plan.subscriptions // plan.customers // plan.in_account, 1)
        town.open(plan.customers, each)
        life = Life(town, plan)
        for _ in range(plan.days):
            _one_day(life)
        while any(sub.settle_on for sub in life.subs.values()):
            life.pass_to(life.next_moment())
            _settle(life, everything=True)
        _check(life, town.accounts)
        return life.counts


def _one_day(life: Life) -> None:
    plan = life.plan
    life.pass_to(life.next_moment())
    _trouble(life)
    buying = plan.subscriptions / (plan.days * 0.7) if life.counts.days < plan.days * 0.7 else 0.0
    wanted = chance(life, buying)
    while wanted > 0:
        lines = min(life.dice.randint(1, 4), wanted)
        acts.order(life, life.dice.choice(life.town.accounts), lines)
        wanted -= lines
    busy = set[str]()
    for _ in range(chance(life, len(life.running) * plan.yearly / 365)):
        sub = _someone(life)
        if sub.there not in busy:
            busy.add(sub.there)
            life.dice.choices([act for act, _ in acts.ACTS], [weight for _, weight in acts.ACTS])[0](life, sub)
    life.town.desk.control("DELETE", "faults")
    life.excused = set()
    for _ in range(chance(life, len(life.running) * plan.yearly / 365 / 12)):
        direct.act_directly(life, life.dice.choice(life.running))
    if life.running and life.dice.random() < len(life.running) / 365 / 30:
        direct.buy_directly(life, life.dice.choice(life.town.accounts))
    _settle(life)
    life.player.settle()
    _check(life, _accounts_due(life))


def _someone(life: Life) -> Sub:
    """Anybody, but rather who has just begun something or must soon decide."""
    chosen = [life.dice.choice(life.running) for _ in range(4)]
    soon = life.today + timedelta(days=40)
    hot = [sub for sub in chosen if sub.held.may_cancel(life.now) or (sub.held.last and sub.held.last < soon)]
    return (hot or chosen)[0]


def _trouble(life: Life) -> None:
    """Now and then the provider has a bad day."""
    if life.dice.random() > 0.08:
        return
    operation, kind, codes = life.dice.choice(FAULTS)
    fault = {"operation": operation, "kind": kind, "count": life.dice.randint(1, 3)}
    life.town.desk.control("PUT", "faults", faults=[fault])
    life.excused = set(codes)
    life.counts.faults[f"{operation}: {kind}"] += 1


def _settle(life: Life, everything: bool = False) -> None:
    due = [sub for sub in life.subs.values() if sub.settle_on and (everything or sub.settle_on <= life.today)]
    for sub in due:
        direct.settle(life, sub)


def _accounts_due(life: Life) -> list[Account]:
    """Each account about four times a year."""
    return [one for one in life.town.accounts if life.dice.random() < 4 / 365]


def _check(life: Life, accounts: list[Account]) -> None:
    if not accounts:
        return
    mine = defaultdict[int, list[Sub]](list)
    for sub in life.subs.values():
        mine[id(sub.account)].append(sub)
    for account in accounts:
        direct.compare(life, account)
        life.player.settle()
        checks.all_of(life, account, mine[id(account)])
        ledger.check(life, mine[id(account)])


if __name__ == "__main__":
    work_as(Scope.system("life"))
    seed, subscriptions = (int(one) for one in [*sys.argv[1:], "1", "300"][:2])
    with tempfile.TemporaryDirectory() as made:
        print("\n".join(lived(Plan(seed, subscriptions), Path(made)).lines()))
